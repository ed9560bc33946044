/**
 * Removes what lives have left behind: state directories and control groups. A directory is
 * moved aside at once, so that the next life finds its place free, and deleted a moment later: by
 * a thread, unless it is as we have made it.
 * A group is removed at once if it is empty, or tried again for a while, unless a new life of
 * that name begins (`spare`).
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Effect } from '../machines/vocabulary.ts'
import { groupsOf } from '../native/cgroup.ts'
import type { Layout } from '../native/cgroup.ts'
import { isAlive } from '../native/proc.ts'
import { discard, removeTree } from '../native/remove.ts'

export type SweepProblem =
  | {
      readonly kind: 'state dir'
      readonly path: string
      readonly code: string
      readonly about: string
    }
  | {
      readonly kind: 'cgroup'
      readonly path: string
      readonly code: string
      readonly pids: readonly string[]
    }
  /** In our slice, but not named like one of ours. */
  | { readonly kind: 'wrong group'; readonly path: string }

export interface SweeperOptions {
  /** Holds `SANDBOX/PROCESS.N`. */
  readonly stateDir: string
  readonly layout: Layout
  readonly report: (problem: SweepProblem) => void
}

export interface Sweeper {
  readonly perform: (effect: Extract<Effect, { type: 'sweep' }>) => void
  /** A new life of this name begins: its group is wanted again. */
  readonly spare: (instance: string) => void
  /** What nobody is alive for: `alive` are instances, and commands that a survey has found. */
  readonly sweepDangling: (alive: ReadonlySet<string>) => void
  /** When nothing is left to be done. */
  readonly settled: () => Promise<void>
  readonly close: () => void
}

/** Beside the sandboxes, and no name of one. */
const asidePrefix = '.swept-'

const isSandbox = /^[\p{L}\p{N}_-]+$/u
/** Or a run of `lithos_cmd`. */
const isInstance = /^(?:cmd\.)?[\p{L}\p{N}_-]+\.\d+$/u

/** The next life is being born right now; deleting must not compete with it. */
const quietMs = 20
const quiet = () => new Promise(resolve => setTimeout(resolve, quietMs))

/** A group is busy until the last of its processes has been reaped; in sum five seconds. */
const retryDelaysMs = [2, 5, 10, 20, 50, 100, 200, 500, 1000, 1000, 2000]

export const createSweeper = ({ stateDir, layout, report }: SweeperOptions): Sweeper => {
  let moved = 0
  const removals = new Set<Promise<void>>()
  const retries = new Map<string, NodeJS.Timeout>()
  let onSettled: (() => void)[] = []

  const settle = (): void => {
    if (removals.size > 0 || retries.size > 0) return
    const waiting = onSettled
    onSettled = []
    for (const resolve of waiting) resolve()
  }

  // ---- state directories -----------------------------------------------------------------

  const sweepState = (path: string): void => {
    moved += 1
    const name = `${asidePrefix}${process.pid}-${moved}`
    const code = codeOf(() => renameSync(path, join(stateDir, name)))
    if (code === null) remove(name, path)
    else if (code !== 'ENOENT') report({ kind: 'state dir', path, code, about: basename(path) })
  }

  const remove = (name: string, path: string): void => {
    const removal = quiet()
      .then(() => (discard(join(stateDir, name)) ? null : removeTree(stateDir, name)))
      .then(failed => {
        removals.delete(removal)
        if (failed !== null) report({ kind: 'state dir', path, ...failed })
        settle()
      })
    removals.add(removal)
  }

  // ---- control groups --------------------------------------------------------------------

  const sweepGroup = (dir: string, tries = 0): void => {
    retries.delete(dir)
    const code = removeGroup(dir)
    const delay = retryDelaysMs[tries]
    if (code === null || code === 'ENOENT') settle()
    else if (code === 'EBUSY' && delay !== undefined)
      retries.set(
        dir,
        setTimeout(() => sweepGroup(dir, tries + 1), delay),
      )
    else {
      report({ kind: 'cgroup', path: dir, code, pids: pidsIn(dir) })
      settle()
    }
  }

  const groupDirs = (instance: string): string[] => {
    const { v1, v2 } = groupsOf(layout, instance)
    return [...v1.map(({ dir }) => dir), ...(v2 === null ? [] : [v2])]
  }

  const spare = (instance: string): void => {
    // Each start comes by here, and hardly ever anything is on its way.
    if (retries.size === 0) return
    for (const dir of groupDirs(instance)) {
      clearTimeout(retries.get(dir))
      retries.delete(dir)
    }
    settle()
  }

  // ---- what earlier supervisors have left ------------------------------------------------

  const sweepDanglingStates = (alive: ReadonlySet<string>): void => {
    for (const sandbox of list(stateDir)) {
      if (sandbox.startsWith(asidePrefix)) {
        remove(sandbox, join(stateDir, sandbox))
        continue
      }
      // Whatever else is there is somebody else's: a `state-dir` may be a slip of the pen.
      if (!isSandbox.test(sandbox)) continue
      for (const name of list(join(stateDir, sandbox)))
        if (isInstance.test(name) && !alive.has(`${sandbox}/${name}`) && !isCommandAlive(name))
          sweepState(join(stateDir, sandbox, name))
      // Fails where anything is left in it, and then it is wanted.
      codeOf(() => rmdirSync(join(stateDir, sandbox)))
    }
  }

  const sweepDanglingGroups = (slice: string, alive: ReadonlySet<string>): void => {
    for (const name of list(slice)) {
      const path = join(slice, name)
      const [, sandbox = '', process = ''] = /^([^:]*):([^:]*)\.scope$/.exec(name) ?? []
      if (!isSandbox.test(sandbox) || !isInstance.test(process)) {
        if (path !== ownLeaf) report({ kind: 'wrong group', path })
      } else if (!alive.has(`${sandbox}/${process}`) && !isCommandAlive(process)) sweepGroup(path)
    }
  }

  const ownLeaf = layout.v2 === null ? '' : join(layout.v2.slice, 'tree')

  mkdirSync(stateDir, { recursive: true, mode: 0o755 })
  return {
    perform: ({ instance, cgroup }) => {
      sweepState(join(stateDir, instance))
      if (cgroup) for (const dir of groupDirs(instance)) sweepGroup(dir)
    },
    spare,
    sweepDangling: alive => {
      sweepDanglingStates(alive)
      for (const { slice } of [...layout.v1, ...(layout.v2 === null ? [] : [layout.v2])])
        sweepDanglingGroups(slice, alive)
    },
    settled: () =>
      new Promise(resolve => {
        onSettled.push(resolve)
        settle()
      }),
    close: () => {
      for (const timer of retries.values()) clearTimeout(timer)
      retries.clear()
      settle()
    },
  }
}

/** Directories only: what is not one is nobody's, and stays. */
const list = (dir: string): string[] => {
  try {
    return readdirSync(dir, { withFileTypes: true })
      .filter(entry => entry.isDirectory())
      .map(({ name }) => name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** `cmd.NAME.PID`, where PID is that of a `lithos_cmd`. */
const isCommandAlive = (name: string): boolean => {
  const pid = /^cmd\..*\.(\d+)$/.exec(name)?.[1]
  return pid !== undefined && isAlive(Number(pid))
}

/** Groups inside of it, which the container may have made, go first. */
const removeGroup = (dir: string): string | null => {
  const code = codeOf(() => rmdirSync(dir))
  if (code !== 'EBUSY') return code
  for (const name of list(dir)) removeGroup(join(dir, name))
  // Only v2 has this file; there nothing of a dead container survives it.
  codeOf(() => writeFileSync(join(dir, 'cgroup.kill'), '1', { flag: 'r+' }))
  return codeOf(() => rmdirSync(dir))
}

const pidsIn = (dir: string): string[] => {
  let text = ''
  codeOf(() => (text = readFileSync(join(dir, 'cgroup.procs'), 'utf8')))
  return text.split('\n').filter(Boolean)
}

/** Null if it went well. */
const codeOf = (act: () => void): string | null => {
  try {
    act()
    return null
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    return code
  }
}
