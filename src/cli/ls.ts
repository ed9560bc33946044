/** `lithos ls`: every instance, one line each. */
import { stamp } from '../../actors/clock.ts'
import { lookAt } from '../look/rows.ts'
import type { Row } from '../look/rows.ts'
import { refusedIn, sayRefused } from '../status.ts'
import type { Description } from './args.ts'
import { runCommand } from './command.ts'
import { configOption } from './common.ts'
import { instanceFields, usageFields } from './instanceFields.ts'
import { listColumns, listingOptions, render, wants } from './listing.ts'
import { sayNothing, select } from './names.ts'
import { unknownState } from './states.ts'
import { viewPresent } from './present.ts'

/** Filters that all commands about instances have. */
export const filterOptions = {
  state: {
    kind: 'value',
    names: ['-S', '--state'],
    metavar: 'STATES',
    help: 'only those in one of these states, such as backoff,lost',
    wrong: (text: string) => unknownState(text.toLowerCase().split(',')),
  },
  sandbox: {
    kind: 'list',
    names: ['--sandbox'],
    metavar: 'NAME',
    help: 'only those of this sandbox; may be repeated',
  },
} as const

export const namesPositional = {
  name: 'name',
  help: 'sandbox, sandbox/process, sandbox/process.N, or a pattern with * and ?',
  kind: 'rest',
} as const

export const description = {
  command: 'lithos ls',
  examples: [
    ['', 'all instances'],
    ['-S backoff,failed,lost', 'those in trouble'],
    ["-o +image -s -memory 'web/*'", 'a column more, the largest first'],
  ],
  summary:
    'Lists all instances that are wanted or alive: state, pid, uptime, restarts, memory, time of ' +
    'processors, and how the last life of each ended. Reads the journal, so it also works where ' +
    'no supervisor runs, and says so; "lost" is what the journal says to live and the kernel ' +
    'does not know.',
  options: { config: configOption, ...listingOptions(instanceFields), ...filterOptions },
  positionals: [namesPositional],
} as const satisfies Description

export const run = (argv: readonly string[]): Promise<number> | number =>
  runCommand(description, argv, async (options, words) => {
    if (options.listColumns) return print(listColumns(instanceFields))
    const viewed = await viewPresent(description.command, options.config)
    if (viewed === null) return 1
    const { state } = viewed.present
    const { rows } = lookAt(state, {
      mono: stamp().mono,
      withUsage: wants(instanceFields, options, usageFields),
    })
    const all = rows.map(({ name }) => name)
    const { names, problems } = select(words, all)
    for (const problem of [...problems, ...sayNothing(words, options.sandbox, all)])
      complain(problem)
    const isMeant = new Set(names)
    const shown = rows.filter(row => isMeant.has(row.name)).filter(filter(options))
    if (shown.length > 0 || problems.length === 0) print(render(instanceFields, shown, options))
    for (const refused of refusedIn(state)) complain(sayRefused(refused))
    return problems.length === 0 ? 0 : 1
  })

export const filter =
  ({ state, sandbox }: { readonly state: string | null; readonly sandbox: readonly string[] }) =>
  (row: Row): boolean =>
    (state === null || state.toLowerCase().split(',').includes(row.state)) &&
    (sandbox.length === 0 || sandbox.includes(row.sandbox))

const print = (text: string): number => {
  process.stdout.write(text)
  return 0
}

const complain = (message: string): void =>
  void process.stderr.write(`${description.command}: ${message}\n`)
