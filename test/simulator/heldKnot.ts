/** A knot as the fake actor holds it, after native/heldKnot.ts; and how it has ended. */
import type { HowItEnded } from '../../native/heldKnot.ts'
import type { Kept } from '../../native/statusLife.ts'
import type { WatchFact } from '../../native/watching.ts'
import type { Process } from './kernel.ts'
import type { World } from './world.ts'

export interface Knot {
  readonly instance: string
  readonly incarnation: number
  readonly pid: number
  readonly process: Process | null
  readonly file: string
  offset: number
  startedAt: number | null
  refused: Kept['refused']
  exited: Kept['exited']
  hasEnded: boolean
  isReady: boolean
  wasReady: boolean
  /** It was ready, has ended, and is about to be started in its place. */
  isAgain: boolean
  /** What was said of it to an earlier life of the supervisor, and still holds. */
  readonly known: readonly WatchFact[]
}

/** Of a child always; of others where the kernel keeps notes. */
export const howItEnded = (world: World, { process, exited }: Knot): HowItEnded => {
  if (process !== null && process.isChild) return { status: process.status, keptBy: 'child' }
  const isNoted = process !== null && world.dice('kernel').happens(0.7)
  if (isNoted) return { status: process.status, keptBy: 'kernel' }
  return { status: null, keptBy: exited === null ? 'nobody' : 'status file' }
}

export const unread = {
  offset: 0,
  startedAt: null,
  refused: null,
  exited: null,
  hasEnded: false,
  isReady: false,
  wasReady: false,
  isAgain: false,
  known: [],
}

export const lifeOf = ({ instance, incarnation }: Knot) => ({ instance, incarnation })
