/** `lithos knot`: the program that is PID 1 of containers, as lithos_knot. */
import { spawnSync } from 'node:child_process'
import { constants } from 'node:os'
import { knotPath } from '../../native/where.ts'
import type { Description } from './args.ts'
import { runCommand } from './command.ts'

export const description = {
  command: 'lithos knot',
  examples: [['--version', 'only the supervisor calls it for more']],
  summary:
    'Is lithos_knot, the program that the supervisor starts as PID 1 of a container, with a plan ' +
    'on a descriptor. Of no use to anybody else.',
  options: {},
  positionals: [{ name: 'argument', help: 'for the program', kind: 'rest' }],
  stopsAtFirst: true,
} as const satisfies Description

export const run = (argv: readonly string[]): Promise<number> | number =>
  runCommand(description, argv, (_, words) => {
    const { status, signal, error } = spawnSync(knotPath, [...words], {
      argv0: 'lithos_knot',
      stdio: 'inherit',
    })
    if (error !== undefined) {
      process.stderr.write(`lithos knot: ${knotPath} cannot be executed: ${error.message}\n`)
      return 127
    }
    return status ?? 128 + (signal === null ? 0 : constants.signals[signal])
  })
