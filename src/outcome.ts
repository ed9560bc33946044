/**
 * What became of a reload, for whoever asked for it. Pure: what ran before, and the states since.
 *
 *     ran before   runs now                        verdict
 *     yes          the same life                   kept
 *     yes          another life                    restarted
 *     no           yes                             started
 *     yes          not wanted and gone             stopped
 *     any          wanted, and not up: backoff     failed, with the reason
 *     any          to be replaced when others are up, and one of those has failed: failed
 *     any          to wait for others, and one of those has failed: failed
 *
 * Anything else is on its way: it is being started or stopped, or waits for its turn after a stop
 * that we asked for, or after a launch that a death of the supervisor has prevented.
 */
import type { Ending } from '../machines/life.ts'
import type { Input } from '../machines/vocabulary.ts'
import { sandboxOf } from '../machines/order.ts'
import type { InstanceSnapshot, State } from './decide.ts'
import { isHeld, isItsOwn, isLent, plightOf, troubleOf, turnComes, whyHeld } from './plight.ts'
import { sayEnding } from './status.ts'

export type Verdict = 'kept' | 'restarted' | 'started' | 'stopped' | 'failed' | 'pending'

export interface Fate {
  readonly instance: string
  readonly verdict: Verdict
  readonly state: string
  readonly pid: number | null
  readonly incarnation: number | null
  /** Why it does not run, or has not been settled. */
  readonly reason: string | null
}

/** Incarnations by instance: all that lived, with or without being wanted. */
export type Before = ReadonlyMap<string, number>

/** `scope`: a sandbox, an instance, or null for all. */
export const livesIn = (state: State, scope: string | null): Before =>
  new Map(
    [...state.instances]
      .filter(([name]) => isIn(scope, name))
      .flatMap(([name, { context }]) =>
        context.life === null ? [] : [[name, context.life.incarnation] as const],
      ),
  )

export const isIn = (scope: string | null, instance: string): boolean =>
  scope === null || scope === instance || scope === sandboxOf(instance)

/** With what its neighbours have to do with it. */
export const fateIn = (state: State, instance: string, before: Before): Fate | null => {
  const now = state.instances.get(instance)
  const fate = fateOf(instance, before, now)
  if (fate === null || now === undefined) return fate
  if (isHeld(state, instance)) {
    const why = whyHeld(state, instance)
    return { ...fate, verdict: why === null ? 'pending' : 'failed', reason: why ?? turnComes }
  }
  const { want, last } = now.context
  const isReplaced = isLent(state, instance) || want?.policy?.rolling !== undefined
  if (isReplaced && troubleOf(now) !== null)
    return { ...fate, verdict: 'failed', reason: last === null ? fate.reason : sayWhy(last) }
  if (isLent(state, instance))
    return { ...fate, verdict: 'pending', reason: 'it stands in for those that are replaced' }
  const plight = plightOf(state, instance, null)
  if (now.value === 'waiting')
    return {
      ...fate,
      verdict: plight?.includes('failed') === true ? 'failed' : 'pending',
      reason: plight,
    }
  return fate.verdict === 'kept' || plight === null
    ? fate
    : { ...fate, reason: withPlight(fate, plight) }
}

const withPlight = ({ reason, verdict }: Fate, plight: string): string =>
  reason === null || verdict === 'pending' ? plight : `${reason}; ${plight}`

export const fateOf = (
  instance: string,
  before: Before,
  now: InstanceSnapshot | undefined,
): Fate | null => {
  const was = before.get(instance)
  if (now === undefined)
    return was === undefined
      ? null
      : {
          instance,
          verdict: 'stopped',
          ...{ state: 'gone', pid: null, incarnation: null, reason: null },
        }
  const { life, want, last } = now.context
  const state = String(now.value)
  const fate = {
    instance,
    state,
    pid: life?.appPid ?? null,
    incarnation: life?.incarnation ?? null,
  }
  if (want !== null && state === 'running' && life?.config === want.config)
    return {
      ...fate,
      verdict:
        was === life.incarnation ? 'kept' : was === undefined ? 'started' : ('restarted' as const),
      reason: null,
    }
  if (
    want !== null &&
    (state === 'backoff' || state === 'failed') &&
    last !== null &&
    isItsOwn(last)
  )
    return { ...fate, verdict: 'failed', reason: sayWhy(last) }
  return { ...fate, verdict: 'pending', reason: sayPending(state, want !== null) }
}

const sayWhy = (last: Ending): string =>
  last.isItsFault === true && last.asked !== null ? last.asked : sayEnding(last)

const sayPending = (state: string, isWanted: boolean): string =>
  state === 'starting'
    ? 'it is being started'
    : state === 'killing'
      ? 'it did not end in time and is being killed'
      : isWanted && state === 'backoff'
        ? 'its restart-timeout is not over'
        : 'it is being stopped'

/** All whose fate has to do with a reload: those that lived before, and those there are now. */
export const fatesIn = (state: State, scope: string | null, before: Before): readonly Fate[] =>
  [...new Set([...before.keys(), ...state.instances.keys()])]
    .filter(name => isIn(scope, name))
    .flatMap(name => fateIn(state, name, before) ?? [])

/** What the reading of a sandbox came to. */
export type Reading =
  | { readonly sandbox: string; readonly result: 'taken'; readonly warnings: readonly string[] }
  | { readonly sandbox: string; readonly result: 'refused'; readonly reasons: readonly string[] }
  | { readonly sandbox: string; readonly result: 'removed' }

export const readingOf = (input: Input): Reading | null => {
  switch (input.type) {
    case 'config.loaded':
      return { sandbox: input.sandbox, result: 'taken', warnings: input.warnings ?? [] }
    case 'config.refused':
      return { sandbox: input.sandbox, result: 'refused', reasons: input.reasons }
    case 'config.absent':
    case 'config.remove':
      return { sandbox: input.sandbox, result: 'removed' }
    default:
      return null
  }
}
