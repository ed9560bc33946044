/**
 * The heart. One turn of the supervisor:
 *
 *     heard ──► decide ──► append ──► perform
 *
 * `decide` is pure. Until the turn is written nobody has seen its result, so a crash at any point
 * leaves either the line before this turn or this turn: never half of one. `perform` only starts
 * work; what comes of it is heard in a later turn.
 *
 * Those who only look (logs, archive, followers) subscribe to the finished turns.
 */
import { Subject } from 'rxjs'
import type { Observable } from 'rxjs'
import type { Effect, Hear, Input, Perform } from '../machines/vocabulary.ts'
import { decide } from './decide.ts'
import type { State } from './decide.ts'
import { inTurns } from './inTurns.ts'

export interface FinishedTurn {
  readonly seq: number
  readonly heard: readonly Input[]
  readonly effects: readonly Effect[]
  readonly state: State
}

/** The hot journal, as a turn sees it. `append` returns when the kernel has the line. */
export interface TurnLog {
  readonly nextSeq: () => number
  readonly append: (inputs: readonly Input[], effects: readonly Effect[]) => void
}

export interface Bus {
  readonly hear: Hear
  readonly finished: Observable<FinishedTurn>
  readonly state: () => State
}

/** `awake` is called whenever something is heard, before it is decided. */
export const openBus = (
  start: State,
  log: TurnLog,
  perform: Perform,
  awake: () => void = () => {},
): Bus => {
  const heard = new Subject<Input>()
  const finished = new Subject<FinishedTurn>()
  let state = start

  const turn = (inputs: readonly Input[]): FinishedTurn => {
    const seq = log.nextSeq()
    const decision = decide(state, inputs, seq)
    log.append(inputs, decision.effects)
    state = decision.state
    for (const effect of decision.effects) perform(effect, seq)
    return { seq, heard: inputs, effects: decision.effects, state }
  }

  heard.pipe(inTurns(turn)).subscribe(finished)
  const hear: Hear = input => {
    awake()
    heard.next(input)
  }
  return { hear, finished, state: () => state }
}
