/** Replay of a history, for `verify`: the same inputs must give the recorded effects and states. */
import type { Replay } from '../journal/verify.ts'
import type { Input } from '../machines/vocabulary.ts'
import { decide, rulesVersion } from './decide.ts'
import type { State } from './decide.ts'
import { stateOf } from './history.ts'
import { keepState } from './state.ts'

export const replay: Replay<State> = {
  version: rulesVersion,
  initial: stateOf,
  apply: (state, inputs, seq) => {
    const decision = decide(state, inputs as readonly Input[], seq)
    return [decision.state, decision.effects]
  },
  stateOf: keepState,
}
