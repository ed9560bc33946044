/** The frame of every command: what it was asked, and what is said where it was not understood. */
import { parse } from './args.ts'
import type { Description, Options, Values } from './args.ts'
import { describe } from './describing.ts'
import { help, usageBlock } from './help.ts'
import { endQuietly } from './terminal.ts'
import { version } from './version.ts'

export const runCommand = <O extends Options>(
  description: Description<O>,
  argv: readonly string[],
  run: (options: Values<O>, words: readonly string[]) => Promise<number> | number,
): Promise<number> | number => {
  if (describe({ kind: 'command', description })) return 0
  if (description.outlivesReaders !== true) endQuietly(description.command, description.finishes)
  const parsed = parse(description, argv)
  if (parsed.kind === 'run') return run(parsed.options, parsed.words)
  if (parsed.kind === 'usage') {
    const { command } = description
    const hint = parsed.hint === undefined ? '' : `${command}: ${parsed.hint}\n`
    process.stderr.write(`${usageBlock(description)}${command}: ${parsed.message}\n${hint}`)
    return 2
  }
  process.stdout.write(parsed.kind === 'help' ? help(description) : `${version}\n`)
  return 0
}
