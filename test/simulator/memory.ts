/**
 * What the supervisor should know after a death: the state after the last turn that was written
 * whole. A start that remembers anything else has forgotten, or has believed too much, unless a
 * fault has taken the journal away.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Recovered } from '../../journal/recoverHot.ts'
import type { Effect, Input } from '../../machines/vocabulary.ts'
import { decide } from '../../src/decide.ts'
import type { State } from '../../src/decide.ts'
import { inputsOf } from '../../src/history.ts'
import { replay } from '../../src/replay.ts'
import { keepState } from '../../src/state.ts'
import { breakPromise } from './world.ts'
import type { World } from './world.ts'

export interface WrittenTurn {
  readonly seq: number
  readonly inputs: readonly Input[]
  readonly effects: readonly Effect[]
  readonly before: State
  /** Null while it is being written: then only a start can tell. */
  isInFile: boolean | null
  /** When it was taken: a death may come before anybody has seen it. */
  readonly time: number
  readonly mono: number
}

export interface Memory {
  /** The journal is about to be asked to take this turn. */
  readonly begins: (turn: WrittenTurn) => void
  readonly performs: (seq: number, effect: Effect, state: State) => void
  readonly settles: (seq: number, state: State) => void
  /** A start has read the journal. */
  readonly compare: (recovered: Recovered, state: State) => void
  /** The journal was tampered with: from now until the next start it may lack anything. */
  readonly suspect: () => void
  readonly last: () => WrittenTurn | null
  readonly turns: () => number
}

export interface MemoryOptions {
  readonly onHeard: (turn: WrittenTurn) => void
  readonly onWritten: (turn: WrittenTurn, state: State) => void
  readonly onAmnesia: (state: State) => void
  /** Just now nothing can be written. */
  readonly isFull: () => boolean
}

export const createMemory = (world: World, options: MemoryOptions): Memory => {
  const { onHeard, onWritten, onAmnesia, isFull } = options
  let last: WrittenTurn | null = null
  /** After the last turn; null while nobody has seen it. */
  let reached: State | null = null
  let isSuspect = false
  /** Something was forgotten, and no turn was written since that would say what there is now. */
  let isForgetful = false
  let turns = 0

  const settle = (state: State): void => {
    if (last === null || reached !== null) return
    reached = state
    isForgetful = false
    turns += 1
    onWritten(last, state)
  }

  /** The last turn was written and then we died, or we died in writing it. */
  const expected = (seq: number): State | null => {
    if (last === null) return null
    if (reached === null && seq >= last.seq)
      settle(decide(last.before, last.inputs, last.seq).state)
    return reached ?? last.before
  }

  return {
    last: () => last,
    turns: () => turns,
    begins: turn => {
      onHeard(turn)
      last = turn
      reached = null
    },
    /** No effect of a turn before the turn is written. */
    performs: (seq, effect, state) => {
      if (last?.seq !== seq || !last.effects.includes(effect))
        breakPromise(world, 'append first', `${effect.type} of turn ${seq} is not written yet`)
      else settle(state)
    },
    settles: (seq, state) => {
      if (last?.seq === seq) settle(state)
    },
    suspect: () => {
      isSuspect = true
    },
    /** What is remembered is what was written: replay of the journal is the state that lived. */
    compare: (recovered, state) => {
      const wanted = expected(recovered.seq)
      const { kind, detail } = recovered.condition
      if (wanted !== null && !isSameState(wanted, state)) {
        if (!isSuspect)
          breakPromise(world, 'memory', `after ${last?.seq} another state: ${kind}, ${detail}`)
        isForgetful = true
      } else if (kind === 'setAside' && !isSuspect) breakPromise(world, 'memory', detail)
      if (isForgetful) onAmnesia(state)
      if (world.dice('replay').happens(0.1)) replaysAsDecided(world, recovered)
      isSuspect = isFull()
      last = null
      reached = null
    },
  }
}

/** Replay decides what was decided: every start looks at the state, some at the effects, too. */
const replaysAsDecided = (world: World, { state, version, turns }: Recovered): void => {
  if (version === null) return
  let now = replay.initial(state, version)
  for (const { seq, inputs, effects } of turns) {
    const [next, decided] = replay.apply(now, inputsOf({ inputs }), seq)
    if (!isSame(decided, effects))
      breakPromise(world, 'replay', `turn ${seq} decides otherwise when it is replayed`)
    now = next
  }
}

const isSameState = (a: State, b: State): boolean => isSame(keepState(a), keepState(b))

const isSame = (a: unknown, b: unknown): boolean => {
  const [textA, textB] = [JSON.stringify(a), JSON.stringify(b)]
  return textA === textB || isDeepStrictEqual(JSON.parse(textA), JSON.parse(textB))
}
