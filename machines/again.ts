/**
 * How soon what has ended is started again: the curve of `backoff`, and when `intensity` gives up.
 * Pure arithmetic of one end; when to ask is drawn in instance.ts. All instants are those of
 * CLOCK_MONOTONIC: a clock that is set can neither hurry nor hold up anybody.
 */
import type { Heard } from './letters.ts'
import type { Memory } from './life.ts'
import { isUnready } from './questions.ts'

/** Absent in a memory: it ended by itself never, or not lately. */
export interface Trouble {
  /** Ends in a row that were its own fault. */
  readonly failures: number
  /** When the last of them were, as many as `intensity` has to know of. */
  readonly ends: readonly number[]
  /** No start before this instant. */
  readonly until: number
  /** Given up at this time, milliseconds since 1970, and only tried now and then since. */
  readonly failedAt?: number
}

/** What cannot be started fails within a millisecond: `restart-timeout: 0` would be a storm. */
const refusedPauseMs = 100

/** The code of a refusal by nobody: the supervisor died with the launch before it. */
export const neverLaunched = 'ECANCELED'

/** The earliest start as it is remembered. */
export const startAt = ({ notBefore, trouble }: Memory): number =>
  Math.max(notBefore, trouble?.until ?? 0)

/** As `restart-timeout` alone has it, after this end. */
export const pacedAfter = ({ notBefore }: Memory, event: Heard): number =>
  event.type === 'knot.refused' ? Math.max(notBefore, event.mono + refusedPauseMs) : notBefore

/** The earliest start after this end. */
export const nextStart = (memory: Memory, event: Heard): number =>
  Math.max(pacedAfter(memory, event), troubleAfter(memory, event)?.until ?? 0)

/** Whether this end was one too many, or the end of a trial that did not help. */
export const isGivenUp = (memory: Memory, event: Heard): boolean =>
  troubleAfter(memory, event)?.failedAt !== undefined

/** What there is to remember after this end; nothing where nobody asked to count. */
export const troubleAfter = (memory: Memory, event: Heard): Trouble | undefined => {
  const { want, trouble } = memory
  const { backoff, intensity } = want?.policy ?? {}
  if (backoff === undefined && intensity === undefined) return undefined
  if (!isItsFault(memory, event)) return trouble
  const uptimeMs = uptimeAt(memory, event)
  const isLong = uptimeMs >= (backoff?.resetAfterMs ?? Infinity) && !isUnready(memory)
  const failures = isLong ? 1 : (trouble?.failures ?? 0) + 1
  const ends = [...(isLong ? [] : (trouble?.ends ?? [])), event.mono]
    .filter(end => end > event.mono - (intensity?.periodMs ?? 0))
    .slice(-(intensity?.restarts ?? 0) - 1)
  const isTooOften = intensity !== undefined && ends.length > intensity.restarts
  const isTrial = trouble?.failedAt !== undefined && uptimeMs < (intensity?.periodMs ?? 0)
  const failedAt = isTrial ? trouble.failedAt : isTooOften ? event.at : undefined
  return {
    failures,
    ends: failedAt === undefined ? ends : [],
    until: event.mono + pauseMs(memory, failures),
    ...(failedAt !== undefined && { failedAt }),
  }
}

const isItsFault = ({ want, asked, isToBlame }: Memory, event: Heard): boolean =>
  want !== null &&
  (asked === null || isToBlame === true) &&
  !(event.type === 'knot.refused' && event.code === neverLaunched)

export const uptimeAt = ({ life }: Memory, event: Heard): number =>
  ('uptimeMs' in event ? event.uptimeMs : undefined) ??
  event.mono - (life?.launchedAt ?? event.mono)

/** Never longer than the curve, and shorter by up to `jitter` of it. */
const pauseMs = ({ name, want, life }: Memory, failures: number): number => {
  const { backoff } = want?.policy ?? {}
  if (backoff === undefined) return 0
  const { initialMs, factor, maxMs, jitter } = backoff
  const pause = Math.min(maxMs, initialMs * factor ** (failures - 1))
  return Math.round(pause * (1 - jitter * drawn(`${name} ${life?.incarnation ?? 0}`)))
}

/** From 0 to 1, and always the same for the same text: a machine has no chance. FNV-1a, mixed. */
const drawn = (text: string): number => {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d)
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b)
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32
}
