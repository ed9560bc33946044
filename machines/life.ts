/**
 * What an instance remembers: its present life, how the last one ended, what is wanted. Pure
 * arithmetic of contexts; when to do it is drawn in instance.ts.
 */
import { pacedAfter, troubleAfter, uptimeAt } from './again.ts'
import type { Trouble } from './again.ts'
import { acquainted, adopt } from './found.ts'
import type { Heard } from './letters.ts'
import { noticeOf } from './notice.ts'
import type { Notice } from './notice.ts'
import { isForgiven } from './questions.ts'
import type { OutOfMemory, Policy, Timer, Wanted } from './vocabulary.ts'

/** One life: from the decision to launch until the knot is gone. */
export interface Life {
  readonly incarnation: number
  readonly config: string
  readonly spec: string | null
  readonly killMs: number
  /** Keys of the shared sockets it was given, where it was given any. */
  readonly sockets?: readonly string[]
  /** What was asked for beyond starting and stopping, when it was launched. */
  readonly policy?: Policy
  /** Absent: nobody has said, which is as good as ready unless `policy` wants to know. */
  readonly isReady?: boolean
  /** Its time was over, and that was to be enough: that it is not ready counts no more. */
  readonly isAccepted?: boolean
  /** Why it is not, where that was said. */
  readonly unready?: string
  /** What it has said of itself. */
  readonly notice?: Notice
  readonly pid: number | null
  /** Start time of the knot in clock ticks since boot: with the pid it names one process. */
  readonly birth: number | null
  readonly appPid: number | null
  /** The launch, in CLOCK_MONOTONIC and on the wall clock. */
  readonly launchedAt: number
  readonly since: number
}

export interface Refusal {
  readonly step: string
  readonly about: string
  readonly code: string
}

/** How the last life ended, or why the last attempt failed. */
export interface Ending {
  readonly at: number
  readonly incarnation: number
  readonly uptimeMs: number
  /** Wait statuses, of the knot and of the application; null where nobody knows. */
  readonly status: number | null
  readonly app: number | null
  readonly refusal: Refusal | null
  /** Absent: nobody was killed for lack of memory, that is known of. */
  readonly oom?: OutOfMemory
  /** Why we ended it; null where it ended by itself. */
  readonly asked: string | null
  /** We ended it because it did not do what it should, with that configuration. */
  readonly isItsFault?: boolean
  readonly config?: string
}

export interface Memory {
  readonly name: string
  readonly want: Wanted | null
  readonly life: Life | null
  /** Lives that ended while one was wanted. */
  readonly restarts: number
  /** No start before this instant of CLOCK_MONOTONIC. */
  readonly notBefore: number
  readonly timer: { readonly timer: Timer; readonly due: number } | null
  readonly last: Ending | null
  /** Why the present life is being stopped. */
  readonly asked: string | null
  /** It is stopped because it did not do what it should: that counts as a failure. */
  readonly isToBlame?: boolean | undefined
  readonly trouble?: Trouble | undefined
  /** Processes that have to be up before the next start. */
  readonly waitsFor?: readonly string[] | undefined
}

export const newMemory = (name: string): Memory => ({
  name,
  want: null,
  life: null,
  restarts: 0,
  notBefore: 0,
  timer: null,
  last: null,
  asked: null,
})

// ---------------------------------------------------------------------------
// What an event adds
// ---------------------------------------------------------------------------

export const begin = (memory: Memory, event: Heard): Partial<Memory> => {
  const { want } = memory
  if (want === null) return {}
  return {
    notBefore: event.mono + want.restartMs,
    asked: null,
    ...(memory.isToBlame !== undefined && { isToBlame: undefined }),
    life: {
      incarnation: event.turn,
      config: want.config,
      spec: want.spec,
      killMs: want.killMs,
      ...socketsOf(want),
      ...(want.policy !== undefined && { policy: want.policy }),
      pid: null,
      birth: null,
      appPid: null,
      launchedAt: event.mono,
      since: event.at,
    },
  }
}

export const remember = (memory: Memory, event: Heard): Partial<Memory> => {
  const { life } = memory
  switch (event.type) {
    case 'want':
      return {
        want: event.wanted,
        ...(life !== null && { life: acquainted(life, event.wanted) }),
        ...(isForgiven(memory, event) && forgive(memory)),
        ...waitsFor(memory, event.waitsFor),
        ...(event.notBefore !== undefined && {
          notBefore: Math.max(memory.notBefore, event.notBefore),
        }),
      }
    case 'hold':
      return waitsFor(memory, event.waitsFor)
    case 'unwant':
      return { want: null }
    case 'spec.loaded':
      return {
        // What was to end while it was being read is wanted no more for it.
        want: memory.want && event.wanted,
        ...(isForgiven(memory, event) && forgive(memory)),
        life: life && launchedWith(life, event.wanted),
      }
    case 'knot.launched':
      return {
        ...pause(memory, event),
        life: life && { ...life, pid: event.pid, birth: event.birth },
      }
    case 'app.started':
      return { ...pause(memory, event), life: life && { ...life, appPid: event.pid } }
    case 'app.ready':
    case 'app.unready':
      return { life: life && readiness(life, event) }
    case 'app.notified':
      return { life: life && { ...life, notice: { ...life.notice, ...noticeOf(event) } } }
    case 'knot.adopted':
      return adopt(memory, event)
    case 'knot.refused':
      return end(memory, event, {
        status: null,
        app: null,
        refusal: { step: event.step, about: event.about, code: event.code },
      })
    case 'knot.exited':
      return end(memory, event, {
        status: event.status,
        app: event.app ?? null,
        refusal: null,
        ...(event.oom !== undefined && { oom: event.oom }),
      })
    default:
      return {}
  }
}

/** What was read in place of what was decided: of that nothing is left. */
const launchedWith = ({ policy: _, sockets: __, ...life }: Life, wanted: Wanted): Life => ({
  ...life,
  spec: wanted.spec,
  killMs: wanted.killMs,
  ...socketsOf(wanted),
  ...(wanted.policy !== undefined && { policy: wanted.policy }),
})

/** Nobody, as ever, is no field. */
const waitsFor = (memory: Memory, names: readonly string[] = []): Partial<Memory> =>
  names.length > 0
    ? { waitsFor: names }
    : memory.waitsFor === undefined
      ? {}
      : { waitsFor: undefined }

/** The start is when it happened, not when it was decided. */
const pause = ({ want, notBefore }: Memory, { mono }: Heard): Partial<Memory> => ({
  notBefore: want === null ? notBefore : mono + want.restartMs,
})

/** Why not is kept for who asks, and for the end of it. */
const readiness = (
  { unready: _, isAccepted, ...life }: Life,
  event: Heard & { type: 'app.ready' | 'app.unready' },
): Life => {
  if (event.type === 'app.ready') return { ...life, isReady: true }
  const kept = isAccepted === true ? { isReady: true, isAccepted } : { isReady: false }
  return { ...life, ...kept, unready: event.reason }
}

/** Each start has those with `reusePort` for itself: nobody has to remember them. */
const socketsOf = ({ sockets = [] }: Wanted): Pick<Life, 'sockets'> => {
  const shared = sockets.filter(({ reusePort }) => !reusePort).map(({ key }) => key)
  return shared.length === 0 ? {} : { sockets: shared }
}

const end = (
  memory: Memory,
  event: Heard & { type: 'knot.exited' | 'knot.refused' },
  how: Pick<Ending, 'status' | 'app' | 'refusal' | 'oom'>,
): Partial<Memory> => {
  const trouble = troubleAfter(memory, event)
  return {
    life: null,
    asked: null,
    ...(trouble !== memory.trouble && { trouble }),
    ...(memory.isToBlame !== undefined && { isToBlame: undefined }),
    notBefore: pacedAfter(memory, event),
    restarts: memory.restarts + (memory.want === null ? 0 : 1),
    last: {
      ...how,
      at: event.at,
      incarnation: event.incarnation,
      uptimeMs: uptimeAt(memory, event),
      asked: memory.asked,
      ...(memory.isToBlame === true && { isItsFault: true, config: memory.life?.config ?? '' }),
    },
  }
}

/** Why it is stopped, and whether that is its own fault. */
export const blame = (memory: Memory, event: Heard): Partial<Memory> => ({
  asked: reason(memory, event),
  // Who is not asked to count is told nothing.
  ...(memory.want?.policy !== undefined &&
    (event.type === 'app.unhealthy' || event.type === 'timer.elapsed') && { isToBlame: true }),
})

export const accept = ({ life }: Memory): Partial<Memory> => ({
  life: life && { ...life, isReady: true, isAccepted: true },
})

/** Of one that was started again in its place. */
export const newApplication = ({ life }: Memory): Partial<Memory> => {
  const { isAccepted: _, ...former } = life ?? {}
  return { life: life && { ...(former as Life), isReady: false } }
}

/** What was asked for is news: an operator, or another configuration. */
export const forgive = (memory: Memory): Partial<Memory> =>
  memory.trouble === undefined ? {} : { trouble: undefined }

const whyUnready = ({ life }: Memory): string =>
  `it was not ready in time${life?.unready === undefined ? '' : `: ${life.unready}`}`

const reason = (memory: Memory, event: Heard): string => {
  if (event.type === 'instance.restart') return `a restart was asked for by ${event.by}`
  if (event.type === 'app.unhealthy') return `it was not well: ${event.reason}`
  if (event.type === 'timer.elapsed')
    return event.timer === 'ready' ? whyUnready(memory) : 'it did not start in time'
  if (event.type === 'abandon') return 'the time for an orderly stop was over'
  return memory.want === null ? 'it is no longer wanted' : 'its configuration has changed'
}
