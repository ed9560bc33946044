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
 *
 * "That very process": same pid and same start time; after a reboot nothing matches.
 */
import type { Input } from '../machines/vocabulary.ts'
import type { State } from './decide.ts'

/** A knot as the survey of status files and /proc found it. Instants are CLOCK_MONOTONIC ms. */
export interface Found {
  readonly instance: string
  /** null: no status file of ours names it. */
  readonly incarnation: number | null
  readonly pid: number | null
  readonly birth: number | null
  readonly isAlive: boolean
  readonly isForeign: boolean
  readonly config: string
  readonly bornAt: number
  readonly appPid: number | null
  readonly end:
    | { readonly kind: 'exited'; readonly app: number; readonly uptimeMs: number }
    | {
        readonly kind: 'refused'
        readonly step: string
        readonly about: string
        readonly code: string
      }
    | null
}

export interface Recovery {
  readonly inputs: readonly Input[]
  /** Living knots that are one too many. */
  readonly spare: readonly Found[]
  readonly adopted: readonly Found[]
  readonly lost: number
}

export const recover = (
  state: State,
  found: readonly Found[],
  stamp: { readonly at: number; readonly mono: number },
): Recovery => {
  const inputs: Input[] = []
  const adopted: Found[] = []
  const taken = new Set<string>()
  let lost = 0

  const adopt = (knot: Found, incarnation: number): void => {
    taken.add(knot.instance)
    adopted.push(knot)
    inputs.push({
      type: 'knot.adopted',
      instance: knot.instance,
      incarnation,
      pid: knot.pid ?? 0,
      birth: knot.birth ?? 0,
      config: knot.config,
      bornAt: knot.bornAt,
      ...(knot.appPid === null ? {} : { appPid: knot.appPid }),
      ...(knot.isForeign ? { foreign: true } : {}),
      ...stamp,
    })
  }

  for (const [instance, { context }] of state.instances) {
    const { life } = context
    if (life === null) continue
    const { incarnation, pid, birth } = life
    const mine = found.filter(knot => knot.instance === instance)
    const living = mine.find(
      knot =>
        knot.isAlive &&
        (pid === null
          ? knot.incarnation === incarnation
          : knot.pid === pid && knot.birth === birth),
    )
    if (living !== undefined) {
      if (pid === null && living.pid !== null && living.birth !== null)
        inputs.push({
          type: 'knot.launched',
          instance,
          incarnation,
          pid: living.pid,
          birth: living.birth,
          ...stamp,
        })
      adopt(living, incarnation)
      continue
    }
    const end = mine.find(knot => !knot.isAlive && knot.incarnation === incarnation)?.end ?? null
    inputs.push(ending(instance, incarnation, pid, end, stamp))
    lost += 1
  }

  const rest = found.filter(knot => knot.isAlive && !adopted.includes(knot))
  const spare: Found[] = []
  for (const knot of newestFirst(rest)) {
    if (taken.has(knot.instance)) spare.push(knot)
    else adopt(knot, knot.incarnation ?? 0)
  }
  return { inputs, spare, adopted, lost }
}

const ending = (
  instance: string,
  incarnation: number,
  pid: number | null,
  end: Found['end'],
  stamp: { readonly at: number; readonly mono: number },
): Input => {
  if (end?.kind === 'refused')
    return {
      type: 'knot.refused',
      instance,
      incarnation,
      step: end.step,
      about: end.about,
      code: end.code,
      ...stamp,
    }
  if (end?.kind === 'exited')
    return {
      type: 'knot.exited',
      instance,
      incarnation,
      pid: pid ?? 0,
      status: null,
      app: end.app,
      uptimeMs: end.uptimeMs,
      keptBy: 'status file',
      ...stamp,
    }
  return pid === null
    ? {
        type: 'knot.refused',
        instance,
        incarnation,
        step: 'launching the container',
        about: 'the supervisor died before it was launched',
        code: 'ECANCELED',
        ...stamp,
      }
    : {
        type: 'knot.exited',
        instance,
        incarnation,
        pid,
        status: null,
        keptBy: 'nobody',
        ...stamp,
      }
}

const newestFirst = (knots: readonly Found[]): readonly Found[] =>
  [...knots].sort((a, b) => b.bornAt - a.bornAt)
