/** What processes have used of a processor, as the kernel counts it. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

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

// ---------------------------------------------------------------------------
// A group
// ---------------------------------------------------------------------------

export interface Group {
  /** Of all that was started in it, to the nanosecond: ticks would miss what is short. */
  readonly seconds: () => number
  readonly remove: () => void
}

const hierarchy = '/sys/fs/cgroup/cpuacct'

/** Null where the kernel has no such hierarchy of its own, as with cgroup v2. */
export const startInGroup = (name: string, start: () => void): Group | null => {
  const before = /^\d+:cpuacct:(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1]
  if (before === undefined || !existsSync(hierarchy)) {
    start()
    return null
  }
  const dir = join(hierarchy, name)
  const enter = (group: string): void =>
    writeFileSync(join(group, 'cgroup.procs'), String(process.pid))
  mkdirSync(dir)
  enter(dir)
  try {
    start()
  } finally {
    enter(join(hierarchy, before))
  }
  return {
    seconds: () => Number(readFileSync(join(dir, 'cpuacct.usage'), 'utf8')) / 1e9,
    remove: () => rmdirSync(dir),
  }
}
