/**
 * Who performs which effect, in which order; and when the end of a life may be forgotten. The
 * simulator brings other hands and runs the same.
 */
import type { Knots } from '../actors/knots.ts'
import type { Sockets } from '../actors/sockets.ts'
import type { Sweeper } from '../actors/sweeper.ts'
import type { Timers } from '../actors/timers.ts'
import type { Effect, InputOf } from '../machines/vocabulary.ts'
import type { Found } from '../native/survey.ts'
import type { State } from './decide.ts'
import type { Loading } from './loading.ts'
import type { FinishedTurn } from './turn.ts'

export interface Performers {
  readonly knots: Pick<Knots, 'perform'>
  readonly sweeper: Pick<Sweeper, 'perform' | 'spare'>
  readonly timers: Pick<Timers, 'perform'>
  readonly sockets: Pick<Sockets, 'perform'>
  readonly loading: Pick<Loading, 'load'>
  readonly exec: (reason: string) => void
  readonly exit: (code: number) => void
}

export const performEffect = (effect: Effect, turn: number, performers: Performers): void => {
  const { knots, sweeper, timers, sockets, loading, exec, exit } = performers
  switch (effect.type) {
    case 'launch':
      sweeper.spare(effect.instance)
      return knots.perform(effect, turn)
    case 'signal':
    case 'preStop':
    case 'probe':
    case 'stopProbes':
      return knots.perform(effect, turn)
    case 'armTimer':
    case 'disarmTimer':
      return timers.perform(effect)
    case 'openSocket':
    case 'closeSocket':
      return sockets.perform(effect)
    case 'sweep':
      return sweeper.perform(effect)
    case 'load':
      return loading.load(turn, effect.sandbox)
    case 'exec':
      return exec(effect.reason)
    case 'exit':
      return exit(effect.code)
  }
}

/** A zombie and a file are little, but while nothing can be written they become more and more. */
const heldMax = 1_000

/**
 * When an end is in the journal, whoever comes after us need not find it anywhere else. While the
 * journal cannot be written that is not so: then what is left of a life is kept.
 */
export const createForgetting = (
  knots: Pick<Knots, 'forget'>,
  isWritten: () => boolean,
): ((turn: Pick<FinishedTurn, 'heard'>) => void) => {
  const held: InputOf<'knot.exited' | 'knot.refused'>[] = []
  return ({ heard }) => {
    for (const input of heard)
      if (input.type === 'knot.exited' || input.type === 'knot.refused') held.push(input)
    const kept = isWritten() ? 0 : heldMax
    if (held.length <= kept) return
    const over = held.splice(0, held.length - kept)
    for (const { instance, incarnation } of over) knots.forget(instance, incarnation)
  }
}

/** Names of what lives, as far as we know at a start: their left-overs are no left-overs. */
export const aliveIn = (
  state: State,
  found: { readonly knots: readonly Found[]; readonly commands: ReadonlySet<string> },
): ReadonlySet<string> =>
  new Set([
    ...[...state.instances.values()]
      .filter(({ context }) => context.life !== null)
      .map(({ context }) => context.name),
    ...found.knots.filter(({ state }) => state !== 'gone').map(({ instance }) => instance),
    ...found.commands,
  ])
