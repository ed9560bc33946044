/** `lithos_ps`: what runs on this host, from the kernel, and what the journals know besides. */
import { stamp } from '../../actors/clock.ts'
import { bootId } from '../../native/bootId.ts'
import { lockHolder } from '../../native/files.ts'
import { journalsOf, readPresent } from '../history.ts'
import type { Journals } from '../history.ts'
import { isAlive, refusedIn, sayRefused, statusOf } from '../status.ts'
import type { Description } from './args.ts'
import { runCommand } from './command.ts'
import { configOption, jsonOption, lastSettingsOf, quietSettings } from './common.ts'
import { hotFileOf, pidFileOf, unreadable } from './journal/where.ts'
import { findAll } from './ps/found.ts'
import type { PsTree, Remember } from './ps/found.ts'
import { treesJson } from './ps/json.ts'
import { clearScreen, monitorText, samplesOf } from './ps/monitor.ts'
import type { Sample } from './ps/monitor.ts'
import { treeText } from './ps/tree.ts'
import { hasColours } from './terminal.ts'

export const description = {
  command: 'lithos_ps',
  examples: [
    ['', 'the tree of all supervisors, with their containers'],
    ['--monitor', 'a table, every second'],
    ['--json', 'for scripts'],
  ],
  summary:
    'Displays the tree of processes: every supervisor of this host, its sandboxes and their ' +
    'instances, each with the pid of its application, how long it runs, [processes/threads] ' +
    'and memory. What runs is asked of the kernel, so it also works for a supervisor that has ' +
    'died, for another lithos, and without rights; what is wanted and does not run, <failing>, ' +
    'is asked of the journal. On standard error: which sandboxes go on as before because their ' +
    'configuration is wrong. lithos ls is the same as a table.',
  options: {
    config: {
      ...configOption,
      help: 'show the supervisor with this master configuration only, running or not',
    },
    json: jsonOption,
    monitor: {
      kind: 'flag',
      names: ['--monitor'],
      help: 'a table with the use of processors, drawn anew each second until interrupted',
    },
    forceColor: {
      kind: 'flag',
      names: ['--force-color'],
      help: 'colours, wherever the output goes',
    },
    noColor: { kind: 'flag', names: ['--no-color'], help: 'plain text, on a terminal, too' },
  },
  positionals: [],
} as const satisfies Description

export const run = (argv: readonly string[]): Promise<number> | number =>
  runCommand(description, argv, async options => {
    const only = options.config
    const settings = only === null ? null : lastSettingsOf(description.command, only)
    if (only !== null && settings === null) return 1
    const given = settings === null ? null : journalsOf(settings.places)
    const problem = given === null ? null : unreadable(hotFileOf(given))
    if (problem !== null) {
      say(problem.text)
      if (problem.code !== 'EACCES') return 1
      say('only what the kernel knows is shown')
    }
    const wanted =
      only === null || given === null
        ? null
        : { config: only, supervisor: lockHolder(pidFileOf(given)) }
    const look = (): Promise<readonly PsTree[]> =>
      findAll(wanted, config => remember(given ?? journalsAt(config)))
    if (options.monitor) return monitor(look)
    const trees = await look()
    if (options.json) process.stdout.write(treesJson(trees))
    else {
      const isColoured = options.forceColor || hasColours(options.noColor)
      process.stdout.write(treeText(trees, { isColoured, now: stamp().at }))
    }
    if (options.json) return 0
    for (const { pid, config, refused } of trees) {
      if (pid === null) say(`no supervisor runs with ${config}`)
      for (const each of refused) process.stderr.write(`${sayRefused(each)}\n`)
    }
    return 0
  })

/** Of a supervisor that was found: what cannot be read is not shown. */
const journalsAt = (config: string): Journals | null => {
  const settings = quietSettings(config)
  return settings === null ? null : journalsOf(settings.places)
}

const remember = async (journals: Journals | null): ReturnType<Remember> => {
  if (journals === null || unreadable(hotFileOf(journals)) !== null) return null
  const present = await readPresent(journals.hotDirectory)
  if (present === null) return null
  const { state } = present
  const isThisBoot = state.tree.context.bootId === bootId()
  return {
    supervisor: lockHolder(pidFileOf(journals)),
    statuses: statusOf(state, stamp(), (pid, birth) => isThisBoot && isAlive(pid, birth)),
    refused: refusedIn(state),
  }
}

const refreshMs = 1_000

/** Until it is interrupted. */
const monitor = async (look: () => Promise<readonly PsTree[]>): Promise<number> => {
  let before: ReadonlyMap<string, Sample> = new Map()
  let last = stamp().mono
  for (;;) {
    const samples = samplesOf(await look())
    const now = stamp().mono
    process.stdout.write(clearScreen + monitorText(samples, before, now - last))
    before = new Map(samples.map(sample => [sample.name, sample]))
    last = now
    await new Promise(resolve => setTimeout(resolve, refreshMs))
  }
}

const say = (text: string): void => void process.stderr.write(`${description.command}: ${text}\n`)
