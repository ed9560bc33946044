/** `lithos knot`: the program that is PID 1 of containers, as lithos_knot. */
import { spawnSync } from 'node:child_process'
import { constants } from 'node:os'
import { knotPath } from '../../native/where.ts'

export const run = (argv: readonly string[]): number => {
  const { status, signal, error } = spawnSync(knotPath, argv, {
    argv0: 'lithos_knot',
    stdio: 'inherit',
  })
  if (error !== undefined) {
    process.stderr.write(`lithos knot: ${knotPath} cannot be executed: ${error.message}\n`)
    return 127
  }
  return status ?? 128 + (signal === null ? 0 : constants.signals[signal])
}
