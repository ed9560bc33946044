/**
 * What an instance remembers: its present life, how the last one ended, what is wanted. Pure
 * arithmetic of contexts; when to do it is drawn in instance.ts.
 */
import type { Heard } from './letters.ts'
import type { OutOfMemory, Timer, Wanted } from './vocabulary.ts'

/** One life: from the decision to launch until the knot is gone. */
export interface Life {
  readonly incarnation: number
  readonly config: string
  readonly spec: string | null
  readonly killMs: number
  /** Keys of the shared sockets it was given, where it was given any. */
  readonly sockets?: readonly string[]
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
// Questions
// ---------------------------------------------------------------------------

export const isThisLife = ({ life }: Memory, event: Heard): boolean =>
  'incarnation' in event && life !== null && event.incarnation === life.incarnation

/** Wanted no more, or not like this. */
export const isOver = ({ want, life }: Memory): boolean =>
  life !== null && (want === null || want.config !== life.config)

/** Adopted under our name, and not the one we knew. */
export const isOtherProcess = ({ life }: Memory, event: Heard): boolean =>
  event.type === 'knot.adopted' && (event.pid !== life?.pid || event.birth !== life.birth)

// ---------------------------------------------------------------------------
// What an event adds
// ---------------------------------------------------------------------------

export const begin = (memory: Memory, event: Heard): Partial<Memory> => {
  const { want } = memory
  if (want === null) return {}
  return {
    notBefore: event.mono + want.restartMs,
    asked: null,
    life: {
      incarnation: event.turn,
      config: want.config,
      spec: want.spec,
      killMs: want.killMs,
      ...socketsOf(want),
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
      return { want: event.wanted }
    case 'unwant':
      return { want: null }
    case 'spec.loaded':
      return {
        want: event.wanted,
        life: life && {
          ...life,
          spec: event.wanted.spec,
          killMs: event.wanted.killMs,
          ...socketsOf(event.wanted),
        },
      }
    case 'knot.launched':
      return {
        ...pause(memory, event),
        life: life && { ...life, pid: event.pid, birth: event.birth },
      }
    case 'app.started':
      return { ...pause(memory, event), life: life && { ...life, appPid: event.pid } }
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

/** The start is when it happened, not when it was decided. */
const pause = ({ want, notBefore }: Memory, { mono }: Heard): Partial<Memory> => ({
  notBefore: want === null ? notBefore : mono + want.restartMs,
})

/** A knot that lives: what we knew of this life stays true, what only the kernel knows is new. */
const adopt = (memory: Memory, event: Heard & { type: 'knot.adopted' }): Partial<Memory> => {
  const known = memory.life?.incarnation === event.incarnation ? memory.life : null
  return {
    notBefore: Math.max(memory.notBefore, event.bornAt + (memory.want?.restartMs ?? 0)),
    life: {
      incarnation: event.incarnation,
      // Of a knot that has just ended the kernel keeps no arguments.
      config: event.config === '' && known !== null ? known.config : event.config,
      spec: known?.spec ?? null,
      killMs: known?.killMs ?? unknownKillMs,
      ...(known?.sockets !== undefined && { sockets: known.sockets }),
      pid: event.pid,
      birth: event.birth,
      appPid: event.appPid ?? known?.appPid ?? null,
      launchedAt: event.bornAt,
      since: known?.since ?? event.at - (event.mono - event.bornAt),
    },
  }
}

/** Each start has those with `reusePort` for itself: nobody has to remember them. */
const socketsOf = ({ sockets = [] }: Wanted): Pick<Life, 'sockets'> => {
  const shared = sockets.filter(({ reusePort }) => !reusePort).map(({ key }) => key)
  return shared.length === 0 ? {} : { sockets: shared }
}

/** The documented default of `kill-timeout`, for a knot whose configuration nobody remembers. */
const unknownKillMs = 5_000

/** What cannot be started fails within a millisecond: `restart-timeout: 0` would be a storm. */
const refusedPauseMs = 100

/** The earliest start after this end. */
export const nextStart = ({ notBefore }: Memory, event: Heard): number =>
  event.type === 'knot.refused' ? Math.max(notBefore, event.mono + refusedPauseMs) : notBefore

const end = (
  memory: Memory,
  event: Heard & { type: 'knot.exited' | 'knot.refused' },
  how: Pick<Ending, 'status' | 'app' | 'refusal' | 'oom'>,
): Partial<Memory> => {
  const uptimeMs = 'uptimeMs' in event ? event.uptimeMs : undefined
  return {
    life: null,
    asked: null,
    notBefore: nextStart(memory, event),
    restarts: memory.restarts + (memory.want === null ? 0 : 1),
    last: {
      ...how,
      at: event.at,
      incarnation: event.incarnation,
      uptimeMs: uptimeMs ?? event.mono - (memory.life?.launchedAt ?? event.mono),
      asked: memory.asked,
    },
  }
}

export const reason = (memory: Memory, event: Heard): string => {
  if (event.type === 'instance.restart') return `a restart was asked for by ${event.by}`
  if (event.type === 'timer.elapsed') return 'it did not start in time'
  if (event.type === 'abandon') return 'the time for an orderly stop was over'
  return memory.want === null ? 'it is no longer wanted' : 'its configuration has changed'
}
