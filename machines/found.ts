/**
 * A knot that is found alive, by a supervisor that has just begun. What is remembered of this life
 * stays true. One of which nothing is remembered, for its journal is lost or older than it is, and
 * which is just what is wanted, is asked what the configuration asks of it. Pure.
 */
import type { Heard } from './letters.ts'
import type { Life, Memory } from './life.ts'
import { isUnready } from './questions.ts'
import type { Policy, Wanted } from './vocabulary.ts'

/** The documented default of `kill-timeout`, for a knot whose configuration nobody remembers. */
const unknownKillMs = 5_000

/** A knot of the original lithos has no number, and looks at nothing. */
const ofOriginal = 0

export const adopt = (
  { life: former, want, notBefore }: Memory,
  event: Heard & { type: 'knot.adopted' },
): Pick<Memory, 'notBefore' | 'life'> => {
  const known = former?.incarnation === event.incarnation ? former : null
  const life: Life = {
    incarnation: event.incarnation,
    // Of a knot that has just ended the kernel keeps no arguments.
    config: event.config === '' && known !== null ? known.config : event.config,
    spec: known?.spec ?? null,
    killMs: known?.killMs ?? unknownKillMs,
    ...(known?.sockets !== undefined && { sockets: known.sockets }),
    ...(known?.policy !== undefined && { policy: known.policy }),
    ...(known?.isReady !== undefined && { isReady: known.isReady }),
    ...(known?.isAccepted !== undefined && { isAccepted: known.isAccepted }),
    ...(known?.unready !== undefined && { unready: known.unready }),
    ...(known?.notice !== undefined && { notice: known.notice }),
    pid: event.pid,
    birth: event.birth,
    appPid: event.appPid ?? known?.appPid ?? null,
    launchedAt: event.bornAt,
    since: known?.since ?? event.at - (event.mono - event.bornAt),
  }
  return {
    notBefore: Math.max(notBefore, event.bornAt + (want?.restartMs ?? 0)),
    life: acquainted(life, want),
  }
}

/**
 * It may have been launched when less was asked for, and can then never say that it is ready: its
 * time is over some day, and nobody waits for it any more, but it is not ended for that.
 */
export const acquainted = (life: Life, want: Wanted | null): Life => {
  const policy = want?.policy
  const isUnknown = life.spec === null && life.policy === undefined
  const isAsked = life.incarnation !== ofOriginal && life.config === want?.config
  return policy === undefined || !isUnknown || !isAsked
    ? life
    : { ...life, policy: withoutConsequence(policy) }
}

const withoutConsequence = ({ ready, ...policy }: Policy): Policy =>
  ready === undefined ? policy : { ...policy, ready: { ...ready, onTimeout: 'accept' } }

/** It was up before anybody could say what is asked of it. */
export const isFound = ({ life }: Memory, event: Heard): boolean =>
  event.type === 'want' && life !== null && acquainted(life, event.wanted) !== life

export const isFoundUnready = (memory: Memory, event: Heard): boolean =>
  isFound(memory, event) &&
  event.type === 'want' &&
  event.wanted.policy?.ready !== undefined &&
  memory.life?.isReady !== true

/** Nobody has said yet that what was found is ready, and somebody wants to know. */
export const isAdoptedUnready = (memory: Memory, event: Heard): boolean =>
  event.type === 'knot.adopted' && isUnready({ ...memory, ...adopt(memory, event) })
