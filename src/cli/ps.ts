/** `lithos_ps`: what runs, from the journal, checked against the kernel. */
import { resolve } from 'node:path'
import { stamp } from '../../actors/clock.ts'
import { lockHolder } from '../../native/files.ts'
import { readPresent } from '../history.ts'
import { isAlive, refusedIn, sayRefused, statusOf } from '../status.ts'
import type { Refused, Status } from '../status.ts'
import { table } from '../table.ts'
import type { Column } from '../table.ts'
import { sayTime } from '../time.ts'
import { sayUptime } from '../wait.ts'
import type { Description } from './args.ts'
import { runCommand } from './command.ts'
import { configOption, defaultMaster, jsonOption } from './common.ts'
import { findJournals, pidFileOf } from './journal/where.ts'

export const description = {
  command: 'lithos_ps',
  example: '--json',
  summary:
    'Shows every instance: its state, the pid of its application, how long it runs, how often ' +
    'it was restarted and how its last life ended. Reads the journal, so it also works where ' +
    'no supervisor runs; what the journal says to live and the kernel does not know is "lost". ' +
    'Says on standard error which sandboxes go on as before because their configuration is wrong.',
  options: {
    config: configOption,
    json: jsonOption,
    noHeader: { kind: 'flag', names: ['-H', '--hide-header'], help: 'no line of headers' },
  },
  positionals: [],
} as const satisfies Description

const columns: readonly Column<Status>[] = [
  { name: 'name', cell: ({ name }) => name },
  { name: 'state', cell: ({ state }) => state },
  {
    name: 'pid',
    cell: ({ pid }) => (pid === null || pid === 0 ? '' : String(pid)),
    isNumber: true,
  },
  {
    name: 'uptime',
    cell: ({ uptimeMs }) => (uptimeMs === null ? '' : sayUptime(uptimeMs)),
    isNumber: true,
  },
  { name: 'restarts', cell: ({ restarts }) => String(restarts), isNumber: true },
  {
    name: 'last exit',
    cell: ({ last, lastAt }) => (last === null ? '' : `${last}, ${sayTime(lastAt ?? 0)}`),
  },
]

export const run = (argv: readonly string[]): Promise<number> | number =>
  runCommand(description, argv, async options => {
    const where = findJournals(description.command, options.config)
    if (where === null) return 1
    const present = await readPresent(where.hotDirectory)
    const tree = present?.state.tree.context.pid ?? null
    // It holds the lock for as long as it lives, whatever it is called and whoever has its pid.
    const isRunning = tree !== null && lockHolder(pidFileOf(where)) === tree
    const rows = present === null ? [] : statusOf(present.state, stamp(), isAlive)
    const refused = present === null ? [] : refusedIn(present.state)
    if (options.json) {
      const config = resolve(options.config ?? defaultMaster)
      process.stdout.write(toJson(config, isRunning ? tree : null, rows, refused))
      return 0
    }
    if (!isRunning)
      process.stderr.write(`${description.command}: no supervisor runs, this is what it left\n`)
    process.stdout.write(table(columns, rows, !options.noHeader))
    for (const each of refused) process.stderr.write(`${sayRefused(each)}\n`)
    return 0
  })

/** The keys of the original, and ours beside them. */
const toJson = (
  config: string,
  pid: number | null,
  rows: readonly Status[],
  refused: readonly Refused[],
): string =>
  JSON.stringify({
    trees: [
      {
        children: rows.map(row => ({
          app_pid: row.pid,
          last_exit: row.last,
          last_exit_at: row.lastAt === null ? null : sayTime(row.lastAt),
          name: row.name,
          ok: row.state === 'running',
          pid: row.knotPid,
          restarts: row.restarts,
          state: row.state,
          uptime: row.uptimeMs === null ? null : Math.floor(row.uptimeMs / 1000),
          wanted: row.wanted,
        })),
        config,
        pid,
        refused: refused.map(({ sandbox, since, reasons }) => ({
          sandbox,
          since: since === null ? null : sayTime(since),
          reasons,
        })),
      },
    ],
  })
