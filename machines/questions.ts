/** What the chart of an instance asks of its memory and of what was heard. Pure. */
import type { Heard } from './letters.ts'
import type { Memory } from './life.ts'
import type { Timer } from './vocabulary.ts'

export const isThisLife = ({ life }: Memory, event: Heard): boolean =>
  'incarnation' in event && life !== null && event.incarnation === life.incarnation

/** Wanted no more, or not like this. */
export const isOver = ({ want, life }: Memory): boolean =>
  life !== null && (want === null || want.config !== life.config)

/** Adopted under our name, and not the one we knew. */
export const isOtherProcess = ({ life }: Memory, event: Heard): boolean =>
  event.type === 'knot.adopted' && (event.pid !== life?.pid || event.birth !== life.birth)

/** The letter says it, the context will only know it after this event. */
export const changes = ({ life }: Memory, event: Heard): boolean =>
  event.type === 'want' && life?.pid != null ? event.wanted.config !== life.config : false

export const isTimer = (event: Heard, timer: Timer): boolean =>
  event.type === 'timer.elapsed' && event.timer === timer

/** Something has to be up before it is started. */
export const isHeld = ({ waitsFor }: Memory, event: Heard): boolean =>
  (event.type === 'want' || event.type === 'hold' ? event.waitsFor : waitsFor)?.length
    ? true
    : false

/** When it may start, as whoever spreads the starts has said. */
export const slotOf = (event: Heard): number => (event.type === 'want' ? (event.notBefore ?? 0) : 0)

/** Another configuration: what the former one has done does not count. */
export const isForgiven = ({ want, trouble }: Memory, event: Heard): boolean =>
  event.type === 'want' &&
  trouble !== undefined &&
  (event.wanted.config !== want?.config || event.wanted.spec !== want.spec)

export const hasPreStop = ({ life }: Memory): boolean => life?.policy?.preStop !== undefined

/** Nobody has said yet that it is ready, and somebody wants to know. */
export const isUnready = ({ life }: Memory): boolean =>
  life?.policy?.ready !== undefined && life.isReady !== true

/**
 * It runs, and has said that it is not ready, or not any more. Who was launched with more questions
 * than are asked now may say so for ever, and is asked nothing; who is to be another is believed.
 */
export const isUnreadyNow = ({ life, want }: Memory): boolean =>
  life?.isReady === false &&
  (life.policy === undefined ? life.config !== want?.config : life.policy.ready !== undefined)

/** Started again in its place: who was ready before is another one. */
export const isNewApplication = ({ life }: Memory, event: Heard): boolean => {
  const pid =
    event.type === 'app.started'
      ? event.pid
      : event.type === 'knot.adopted'
        ? event.appPid
        : undefined
  const isAnother = pid !== undefined && life?.appPid != null && pid !== life.appPid
  return isAnother && life.policy?.ready !== undefined
}

/** How much longer it asks for, in milliseconds. */
export const extensionOf = (event: Heard): number =>
  event.type === 'app.notified' ? (event.extendMs ?? 0) : 0
