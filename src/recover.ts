/**
 * What the journal last said × what the kernel says now: one decision each, and one fact that
 * records it. Pure; the facts are heard like all others, so recovery is start-up.
 *
 *     journal says           kernel says                          heard
 *     1  a life, pid known   that very process lives              knot.adopted
 *     2  a life              gone, status file has its end        knot.exited, kept by the file
 *     3  a life              gone, status file has a refusal      knot.refused
 *     4  a life, pid known   gone, nothing kept                   knot.exited, status unknown
 *     5  a life, no pid      a knot of this incarnation lives     knot.launched, then adopted
 *     6  a life, no pid      none                                 knot.refused
 *     7  nothing             a knot of ours lives                 knot.adopted (judged by config)
 *     8  anything            a knot of the original lithos lives  knot.adopted, foreign
 *     9  a life adopted      a second knot of the same name       spare: stopped by the caller
 *     10 this boot, not it   ended, and not reaped yet            over: its end is written already
 *
 * Where a life has ended and another knot of its name lives (7, 8), that is heard of first: else
 * the end would start a third.
 *
 * "That very process": same pid and same start time; after a reboot nothing matches.
 */
import type { Found } from '../native/survey.ts'
import type { Refusal } from '../machines/life.ts'
import type { Input } from '../machines/vocabulary.ts'
import type { State } from './decide.ts'
import { neverLaunched } from './outcome.ts'

export interface Recovery {
  readonly inputs: readonly Input[]
  /** Living knots to be watched, each with the incarnation under which it was adopted. */
  readonly adopted: readonly (readonly [knot: Found, incarnation: number])[]
  /** Living knots that are one too many. */
  readonly spare: readonly Found[]
  /** Zombies whose end the journal has; nobody will ask for them. */
  readonly over: readonly Found[]
  readonly lost: number
}

interface Stamp {
  readonly at: number
  readonly mono: number
}

/** Turns the number of a refused step into words; it knows the plans. */
export type SayRefusal = (knot: Found) => Refusal

export const recover = (
  state: State,
  knots: readonly Found[],
  stamp: Stamp,
  sayRefusal: SayRefusal,
): Recovery => {
  const inputs: Input[] = []
  const adopted = new Map<Found, number>()
  const named = byInstance(knots)
  let lost = 0

  const adopt = (knot: Found, incarnation: number): void => {
    adopted.set(knot, incarnation)
    inputs.push(adoption(knot, incarnation, stamp))
  }

  for (const [instance, { context }] of state.instances) {
    const { life } = context
    if (life === null) continue
    const { incarnation, pid, birth } = life
    const mine = named.get(instance) ?? []
    const living = mine.find(knot =>
      pid === null
        ? isThere(knot) && knot.incarnation === incarnation
        : isThere(knot) && knot.pid === pid && knot.birth === birth,
    )
    if (living !== undefined) {
      const { pid, birth } = living
      if (life.pid === null)
        inputs.push({ type: 'knot.launched', instance, incarnation, pid, birth, ...stamp })
      adopt(living, incarnation)
      continue
    }
    const other = newestFirst(mine.filter(isAlive))[0]
    if (other !== undefined) adopt(other, other.incarnation)
    // Of the original, both: the end of this one would be taken for that of the other.
    if (other?.incarnation === incarnation) continue
    const kept = mine.find(knot => !isThere(knot) && knot.incarnation === incarnation)
    inputs.push(ending({ instance, incarnation, ...stamp }, pid, kept, sayRefusal))
    lost += 1
  }

  const taken = new Set([...adopted.keys()].map(({ instance }) => instance))
  const spare: Found[] = []
  const over: Found[] = []
  const isRemembered = state.tree.context.bootId !== null
  for (const knot of newestFirst(knots.filter(isThere))) {
    if (adopted.has(knot)) continue
    if (isRemembered && !isAlive(knot)) {
      over.push(knot)
      continue
    }
    if (taken.has(knot.instance)) spare.push(knot)
    else adopt(knot, knot.incarnation)
    taken.add(knot.instance)
  }
  return { inputs, adopted: [...adopted], spare, over, lost }
}

/** A zombie counts: whoever watches it will be told how it ended. */
const isThere = ({ state, pidfd }: Found): boolean => state !== 'gone' && pidfd !== null

const isAlive = (knot: Found): boolean => isThere(knot) && knot.state === 'alive'

const byInstance = (knots: readonly Found[]): ReadonlyMap<string, readonly Found[]> => {
  const named = new Map<string, Found[]>()
  for (const knot of knots) named.set(knot.instance, [...(named.get(knot.instance) ?? []), knot])
  return named
}

const adoption = (knot: Found, incarnation: number, stamp: Stamp): Input => ({
  type: 'knot.adopted',
  instance: knot.instance,
  incarnation,
  pid: knot.pid,
  birth: knot.birth,
  config: knot.config ?? '',
  bornAt: knot.bornAt,
  ...(knot.appPid === null ? {} : { appPid: knot.appPid }),
  ...(knot.foreign ? { foreign: true } : {}),
  ...stamp,
})

const ending = (
  life: Stamp & { readonly instance: string; readonly incarnation: number },
  pid: number | null,
  kept: Found | undefined,
  sayRefusal: SayRefusal,
): Input => {
  if (kept?.kept.refused != null) return { type: 'knot.refused', ...life, ...sayRefusal(kept) }
  const exited = kept?.kept.exited
  if (exited != null)
    return {
      type: 'knot.exited',
      ...life,
      pid: pid ?? kept?.pid ?? 0,
      status: null,
      // One that was stopped before it was started never had an application.
      ...(exited.started !== 0 && { app: exited.status }),
      uptimeMs: exited.started === 0 ? 0 : exited.mono - exited.started,
      keptBy: 'status file',
      ...(exited.oom && { oom: exited.oom }),
    }
  if (pid !== null) return { type: 'knot.exited', ...life, pid, status: null, keptBy: 'nobody' }
  return {
    type: 'knot.refused',
    ...life,
    step: 'launching the container',
    about: 'the supervisor ended before it was launched',
    code: neverLaunched,
  }
}

const newestFirst = (knots: readonly Found[]): readonly Found[] =>
  [...knots].sort((a, b) => b.bornAt - a.bornAt)
