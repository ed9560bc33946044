/** `lithos machines`: the state machines as drawings, from the definitions that run. */
import { drawingOf, machineNames, toDot, toMermaid } from '../drawing.ts'
import type { Drawing } from '../drawing.ts'
import type { Description } from './args.ts'
import { runCommand } from './command.ts'

const formats: Readonly<Record<string, (drawing: Drawing) => string>> = {
  mermaid: toMermaid,
  dot: toDot,
  json: drawing => `${JSON.stringify(drawing)}\n`,
}

export const description = {
  command: 'lithos machines',
  examples: [
    ['', 'which machines there are'],
    ['instance --format mermaid', 'one of them, to be drawn'],
  ],
  summary:
    'Draws the state machines of the supervisor from the very definitions that it runs: ' +
    `${machineNames.join(', ')}; all of them where none is named.`,
  options: {
    format: {
      kind: 'value',
      names: ['--format'],
      metavar: 'FORMAT',
      help: `${Object.keys(formats).join(', ')}; default: mermaid`,
      wrong: (text: string) =>
        Object.hasOwn(formats, text) ? null : `expected ${Object.keys(formats).join(' or ')}`,
    },
  },
  positionals: [{ name: 'name', help: machineNames.join(', '), kind: 'optional' }],
} as const satisfies Description

export const run = (argv: readonly string[]): Promise<number> | number =>
  runCommand(description, argv, (options, [name]) => {
    const drawings = (name === undefined ? machineNames : [name]).map(drawingOf)
    const known = drawings.filter(drawing => drawing !== null)
    if (known.length < drawings.length) {
      process.stderr.write(
        `${description.command}: no machine is called ${JSON.stringify(name)}, ` +
          `there are ${machineNames.join(', ')}\n`,
      )
      return 1
    }
    const format = options.format ?? 'mermaid'
    process.stdout.write(known.map(drawing => formats[format]!(drawing)).join('\n'))
    return 0
  })
