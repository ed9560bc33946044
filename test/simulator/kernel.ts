/**
 * The processes and the status files of the simulated host. A process that has ended is a zombie
 * for as long as its parent lives and has not asked; those of a dead parent are taken by init at
 * once. A pid is free again when nothing is left of its process; its birth is never the same.
 */
import type { Policy } from '../../machines/policy.ts'
import type { StatusLine } from '../../native/statusFile.ts'
import type { SpecStopStep } from '../../src/spec.ts'
import { after, count, monoOf, note, strikes } from './world.ts'
import type { World } from './world.ts'

/** What the plan of a knot says beyond its application. */
export interface Orders {
  readonly policy: Policy | null
  readonly stop: readonly SpecStopStep[] | null
  /** It starts its application again, so long after the last start. Null: it does not. */
  readonly inPlaceMs: number | null
  /** Of a version that never gets ready. */
  readonly isBad: boolean
}

export const noOrders: Orders = { policy: null, stop: null, inPlaceMs: null, isBad: false }

/** What its application has done, as the truth has it. */
export interface Application {
  /** How often it was started. */
  starts: number
  /** Not while it waits for another start in its place. */
  isRunning: boolean
  isReady: boolean
  isUnwell: boolean
  /** Whether it has ever said so, in this life. */
  wasReady: boolean
  wasUnwell: boolean
  preStop: 'none' | 'runs' | 'over'
  preStopStatus: number
  /** Signals of a stop, and when they came, CLOCK_MONOTONIC. */
  readonly signals: { readonly signal: string; readonly mono: number }[]
  /** What another SIGTERM does; nothing, but for a planted mistake. */
  stopAgain: (() => void) | null
}

/** An object of this kind stands for a pidfd, by its `id`. */
export interface Process {
  readonly id: number
  /** The instance it is a knot of; null: a stranger. */
  readonly instance: string | null
  /** That of its status file; 0 where it has none. */
  readonly incarnation: number
  readonly file: string | null
  /** What it holds open of that: also when the name is gone, or is another file's. */
  readonly lines: StatusLine[]
  readonly pid: number
  /** Clock ticks of 10 ms since boot. */
  readonly birth: number
  readonly bornAt: number
  readonly config: string
  readonly spec: string | null
  /** Of the knot itself. */
  readonly killMs: number
  /** What its plan asks of it. */
  readonly orders: Orders
  isChild: boolean
  state: 'alive' | 'zombie' | 'reaped'
  /** The wait status it has ended with. */
  status: number | null
  startedAt: number | null
  /** What it has written of the end of its application. */
  exited: Extract<StatusLine, { readonly said: 'exited' }> | null
  refused: boolean
  /** Nobody of us has launched it, and nobody has adopted it; or it was found one too many. */
  isSpare: boolean
  /** When it was told to stop for the first time, as far as it hears. */
  stoppingSince: number | null
  isHung: boolean
  isStuck: boolean
  isDeaf: boolean
  readonly app: Application
}

/** Null: there is none, or none yet. */
export const appPidOf = ({ pid, app }: Process): number | null =>
  app.isRunning ? pid + 10_000 * app.starts : null

export interface Watcher {
  readonly changed: (file: string) => void
  readonly ended: (process: Process) => void
}

export type Birth = Pick<
  Process,
  | 'instance'
  | 'incarnation'
  | 'file'
  | 'lines'
  | 'config'
  | 'spec'
  | 'killMs'
  | 'orders'
  | 'isChild'
  | 'isSpare'
>

export interface Kernel {
  readonly files: Map<string, StatusLine[]>
  /** What was in files that somebody has removed: names may be given again. */
  readonly lostFiles: Set<readonly StatusLine[]>
  /** All that were ever born, knots and strangers. */
  readonly processes: Process[]
  readonly byPid: Map<number, Process>
  watcher: Watcher | null
  readonly bear: (birth: Birth) => Process
  readonly write: (process: Process, line: StatusLine) => void
  readonly end: (process: Process, status: number) => void
  /** Its parent has asked how it ended. */
  readonly reap: (process: Process) => void
  /** The supervisor is no more: init takes its children. */
  readonly orphan: () => void
  /** Everything ends without a word. */
  readonly powerOff: (keepsFiles: boolean) => void
  readonly living: (instance: string) => readonly Process[]
  /** The last one of this name that had this pid. */
  readonly latest: (instance: string, pid: number, state: 'any' | 'ended') => Process | undefined
}

const strange: Birth = {
  instance: null,
  incarnation: 0,
  file: null,
  lines: [],
  config: '',
  spec: null,
  killMs: 0,
  orders: noOrders,
  isChild: false,
  isSpare: false,
}

export const createKernel = (world: World): Kernel => {
  const processes: Process[] = []
  const byPid = new Map<number, Process>()
  const files = new Map<string, StatusLine[]>()
  /** Pids that are free again, with the birth of their last process. */
  let free: (readonly [pid: number, birth: number])[] = []
  let lastPid = 100

  const bear = (birth: Birth): Process => {
    const mono = monoOf(world)
    const used = free.length > 0 && strikes(world, 'reuse', 0.5) ? free.shift() : undefined
    const process: Process = {
      ...birth,
      id: processes.length + 1,
      pid: used?.[0] ?? (lastPid += 1),
      birth: Math.max(Math.floor(mono / 10), (used?.[1] ?? -1) + 1),
      bornAt: mono,
      state: 'alive',
      status: null,
      startedAt: null,
      exited: null,
      refused: false,
      stoppingSince: null,
      isHung: false,
      isStuck: false,
      isDeaf: false,
      app: {
        ...{ starts: 0, isRunning: false, isReady: false, isUnwell: false },
        ...{ wasReady: false, wasUnwell: false },
        ...{ preStop: 'none', preStopStatus: 0, signals: [], stopAgain: null },
      },
    }
    processes.push(process)
    byPid.set(process.pid, process)
    return process
  }

  const reap = (process: Process): void => {
    if (process.state !== 'zombie') return
    process.state = 'reaped'
    byPid.delete(process.pid)
    free.push([process.pid, process.birth])
    if (process.instance === null || !strikes(world, 'reuse', 0.9)) return
    count(world, 'reuse')
    const stranger = bear(strange)
    note(world, () => `a stranger gets pid ${stranger.pid}`)
    after(world, world.dice('reuse').wait(5_000), () => end(stranger, 0))
  }

  const end = (process: Process, status: number): void => {
    if (process.state !== 'alive') return
    process.state = 'zombie'
    process.status = status
    note(world, () => `${process.instance ?? 'stranger'} ${process.pid} ends with ${status}`)
    if (!process.isChild) reap(process)
    kernel.watcher?.ended(process)
  }

  const kernel: Kernel = {
    files,
    lostFiles: new Set(),
    processes,
    byPid,
    watcher: null,
    bear,
    write: (process, line) => {
      if (process.state !== 'alive') return
      if (line.said === 'exited') process.exited = line
      if (line.said === 'refused') process.refused = true
      if (process.file === null) return
      process.lines.push(line)
      if (files.get(process.file) === process.lines) kernel.watcher?.changed(process.file)
    },
    end,
    reap,
    orphan: () => {
      kernel.watcher = null
      for (const process of byPid.values()) {
        process.isChild = false
        reap(process)
      }
    },
    powerOff: keepsFiles => {
      kernel.watcher = null
      for (const process of byPid.values()) {
        process.state = 'reaped'
        process.status ??= 9
      }
      byPid.clear()
      free = []
      lastPid = 100
      if (!keepsFiles) files.clear()
    },
    latest: (instance, pid, state) =>
      processes.findLast(
        process =>
          process.instance === instance &&
          process.pid === pid &&
          (state === 'any' || process.state !== 'alive'),
      ),
    living: instance =>
      [...byPid.values()].filter(
        process => process.instance === instance && process.state === 'alive',
      ),
  }
  return kernel
}
