/** A knot as somebody holds it who watches it, and how it has ended. */
import * as pidfd from './pidfd.ts'
import type { Pidfd } from './pidfd.ts'
import type { Kept } from './statusLife.ts'
import type { WatchFact } from './watching.ts'

/** What was attempted, and on what: `mounting tmpfs`, `/tmp`. */
export interface StepName {
  readonly step: string
  readonly about: string
}

export interface HeldKnot {
  readonly instance: string
  readonly incarnation: number
  readonly pid: number
  readonly birth: number
  /** Null: it was gone when it was found. */
  readonly pidfd: Pidfd | null
  readonly tag: number
  /** Its status file. Named after its life; but a knot may be adopted under another number. */
  readonly file: string
  /** Only until the application is started: it holds the plan. */
  about: ((step: number) => StepName) | null
  offset: number
  startedAt: Kept['startedAt']
  refused: Kept['refused']
  exited: Kept['exited']
  hasEnded: boolean
  isReady: boolean
  /** At some time, in this life. */
  wasReady: boolean
  /** It was ready, has ended, and is about to be started in its place. */
  isAgain: boolean
  /** What was said of it to an earlier supervisor, and still holds. */
  readonly known: readonly WatchFact[]
}

type Ended = Pick<HeldKnot, 'pidfd' | 'pid' | 'birth' | 'exited' | 'startedAt'>

/** `mono`: now. */
export const endingOf = (knot: Ended, mono: number) => {
  const { exited } = knot
  const startedAt = exited?.started || knot.startedAt
  return {
    ...howItEnded(knot),
    ...(exited !== null && exited.started !== 0 && { app: exited.status }),
    ...(exited?.oom && { oom: exited.oom }),
    ...(startedAt !== null && { uptimeMs: Math.max(0, (exited?.mono ?? mono) - startedAt) }),
  }
}

export interface HowItEnded {
  /** The wait status of the knot; null where nobody has kept it. */
  readonly status: number | null
  readonly keptBy: string
}

export const howItEnded = (knot: Omit<Ended, 'startedAt'>): HowItEnded => {
  const { pidfd: held, pid, birth, exited } = knot
  const end = held === null ? null : pidfd.endOf(held, pid, birth)
  return end ?? { status: null, keptBy: exited === null ? 'nobody' : 'status file' }
}
