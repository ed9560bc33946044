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
 *     10 its end             ended, and something is left         over: to be removed
 *     11 nothing of it       gone, only its file is left          as 2, 3 and 4
 *                            ended, and not reaped yet            the same, with its status
 *
 * Where a life has ended and another knot of its name lives (7, 8), that is heard of first: else
 * the end would start a third. One that waits for others, as far as we know, and lives is heard of
 * before them: else they would start it.
 *
 * "That very process": same pid and same start time; after a reboot nothing matches.
 */
import { neverLaunched } from '../machines/again.ts'
import type { Found } from '../native/survey.ts'
import { processOf } from '../machines/order.ts'
import type { Refusal } from '../machines/life.ts'
import type { Input } from '../machines/vocabulary.ts'
import type { State } from './decide.ts'

export interface Recovery {
  readonly inputs: readonly Input[]
  /** Living knots to be watched, each with the incarnation under which it was adopted. */
  readonly adopted: readonly (readonly [knot: Found, incarnation: number])[]
  /** Living knots that are one too many. */
  readonly spare: readonly Found[]
  /** What is left of those whose end the journal has; nobody will ask for it. */
  readonly over: readonly Found[]
  /** Zombies that the journal never knew of, and their ends, which are heard with the rest. */
  readonly unheard: readonly (readonly [knot: Found, end: Input])[]
  readonly lost: number
}

interface Stamp {
  readonly at: number
  readonly mono: number
}

/** Turns the number of a refused step into words; it knows the plans. */
export type SayRefusal = (knot: Found) => Refusal

/**
 * What is left of a life is removed when its end is written. So where something is left its end is
 * told in one of the last turns, or nowhere: it was heard while nothing could be written, or in a
 * journal that was lost.
 */
export type IsTold = (knot: Found) => boolean

export const recover = (
  state: State,
  knots: readonly Found[],
  stamp: Stamp,
  sayRefusal: SayRefusal,
  isTold: IsTold,
): Recovery => {
  const inputs: Input[] = []
  const adopted = new Map<Found, number>()
  const named = byInstance(knots)
  let lost = 0

  // Of one that has ended only the end is news, where anything is remembered.
  const isRemembered = state.tree.context.bootId !== null
  const waiting: Knotted[] = []
  const adopt = (knot: Found, incarnation: number): void => {
    adopted.set(knot, incarnation)
    const input = adoption(knot, incarnation, stamp)
    const { value, context } = state.instances.get(knot.instance) ?? {}
    if (value !== 'waiting') inputs.push(input)
    else
      waiting.push({ input, process: processOf(knot.instance), waitsFor: context?.waitsFor ?? [] })
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

  const isOfLife = ({ instance, incarnation }: Found): boolean =>
    state.instances.get(instance)?.context.life?.incarnation === incarnation
  const endOf = (knot: Found): Input => {
    const { instance, incarnation, pid } = knot
    lost += 1
    return ending({ instance, incarnation, ...stamp }, pid === 0 ? null : pid, knot, sayRefusal)
  }
  const over: Found[] = []
  for (const knot of knots) {
    if (isThere(knot) || isOfLife(knot)) continue
    if (isTold(knot)) over.push(knot)
    else inputs.push(endOf(knot))
  }

  const taken = new Set([...adopted.keys()].map(({ instance }) => instance))
  const spare: Found[] = []
  const unheard: (readonly [Found, Input])[] = []
  const zombies = knots.filter(knot => isThere(knot) && !isAlive(knot))
  for (const knot of [...newestFirst(knots.filter(isAlive)), ...newestFirst(zombies)]) {
    if (adopted.has(knot)) continue
    const isTaken = taken.has(knot.instance) || (isRemembered && !isAlive(knot))
    if (!isAlive(knot) && isTold(knot)) over.push(knot)
    else if (!isTaken) adopt(knot, knot.incarnation)
    else if (isAlive(knot)) spare.push(knot)
    else unheard.push([knot, endOf(knot)])
    taken.add(knot.instance)
  }
  return {
    inputs: [...lastFirst(waiting), ...inputs],
    adopted: [...adopted],
    spare,
    over,
    unheard,
    lost,
  }
}

interface Knotted {
  readonly input: Input
  readonly process: string
  readonly waitsFor: readonly string[]
}

/** Nobody comes after one that waits for it. */
const lastFirst = (waiting: readonly Knotted[]): readonly Input[] => {
  const left = [...waiting]
  const sorted: Input[] = []
  while (left.length > 0) {
    const next = left.findIndex(one => !left.some(({ waitsFor }) => waitsFor.includes(one.process)))
    sorted.push(...left.splice(Math.max(0, next), 1).map(({ input }) => input))
  }
  return sorted
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
