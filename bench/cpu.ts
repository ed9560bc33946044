/** What processes have used of a processor, as the kernel counts it. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))

/** Seconds, of the process and of its children that have ended: 0 of one that is gone. */
export const cpuSeconds = (pid: number): number => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // After the name, which may have blanks: user and system time are the 14th and 15th field.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const ticks = fields.slice(11, 15).map(Number)
    return ticks.reduce((sum, count) => sum + count, 0) / ticksPerSecond
  } catch {
    return 0
  }
}

export const sumOf = (pids: readonly number[]): number =>
  pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0)

export const percent = (seconds: number, of: number): string =>
  `${((100 * seconds) / of).toFixed(2)} %`
