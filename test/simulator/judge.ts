/** Who judges one kind of promise, beside promises.ts. */
import type { Input } from '../../machines/vocabulary.ts'
import type { State } from '../../src/decide.ts'
import type { WrittenTurn } from './memory.ts'
import type { Scene } from './settled.ts'

export interface Judge {
  /** A turn has been written, or could not be. `next`: the state after it. */
  readonly written: (turn: WrittenTurn, next: State) => void
  /** What was known is gone, or older than it should be. */
  readonly forget?: () => void
  /** For a long time nothing has gone wrong any more. */
  readonly checkEnd?: (scene: Scene) => void
}

/** What was heard of one instance in a turn. */
export const heardOf = (inputs: readonly Input[], name: string): readonly Input[] =>
  inputs.filter(input => 'instance' in input && input.instance === name)
