/** What processes have used of a processor, as the kernel counts it. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { World } from '../src/demo/world.ts'

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))

export interface Used {
  readonly own: number
  /** Of its children that have ended. */
  readonly children: number
}

/** In seconds; nothing of one that is gone. */
export const cpuSeconds = (pid: number): Used => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // After the name, which may have blanks: user and system time are the 14th and 15th field,
    // those of children follow.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const [user = 0, system = 0, childUser = 0, childSystem = 0] = fields.slice(11, 15).map(Number)
    return {
      own: (user + system) / ticksPerSecond,
      children: (childUser + childSystem) / ticksPerSecond,
    }
  } catch {
    return { own: 0, children: 0 }
  }
}

export const percent = (seconds: number, of: number): string =>
  `${((100 * seconds) / of).toFixed(2)} %`

/**
 * Of a supervisor and all that it has started, which are in its slice, to the nanosecond: ticks
 * would miss what is short. NaN where the kernel has no such hierarchy, as with cgroup v2.
 */
export const sliceSeconds = ({ cgroup }: World): number => {
  const file = join('/sys/fs/cgroup/cpuacct', cgroup, 'cpuacct.usage')
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) / 1e9 : NaN
}
