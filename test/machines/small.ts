/**
 * The whole supervisor with one configured instance, and as much of a kernel as it takes: small
 * enough to see every state that the two can be in together, deaths of the supervisor included.
 * The decisions and the recovery are the real ones.
 */
import { decide, emptyState } from '../../src/decide.ts'
import type { State } from '../../src/decide.ts'
import { keepState, restoreState } from '../../src/state.ts'
import type { Effect, Input } from '../../machines/vocabulary.ts'
import { now } from './explore.ts'
import { instanceSubject, sandboxSubject, treeSubject } from './subjects.ts'

/** What the configuration on disk says: the instance, the instance otherwise, nothing, nonsense. */
export type Disk = 'A' | 'B' | 'gone' | 'bad'

export interface Knot {
  readonly incarnation: number
  readonly config: string
  readonly hasApp: boolean
  readonly signal: 'SIGTERM' | 'SIGKILL' | null
  readonly isAlive: boolean
  /** Its end is in the journal. */
  readonly isTold: boolean
}

export interface Small {
  readonly process: 'serves' | 'dead' | 'left'
  readonly state: State
  readonly knots: readonly Knot[]
  readonly timers: readonly string[]
  /** Effects that take time, and are not over: load, launch, exec. */
  readonly pending: readonly string[]
  readonly disk: Disk
  /** By this process, and as it is now. */
  readonly isDiskRead: boolean
  /** What must never have happened. */
  readonly wrong: string | null
}

export const sandbox = 'web'
export const instance = 'web/a.0'
export const stamp = { at: now, mono: now }

export const firstSmall: Small = {
  process: 'dead',
  state: emptyState(),
  knots: [],
  timers: [],
  pending: [],
  disk: 'A',
  isDiskRead: false,
  wrong: null,
}

export const lifeOf = ({ state }: Small) => state.instances.get(instance)?.context.life ?? null

/** As if it were always the same moment and the same life. */
export const reduceSmall = (small: Small, mono = now): Small => {
  const { tree, sandboxes, instances } = keepState(small.state)
  const present = lifeOf(small)?.incarnation
  return {
    ...small,
    state: restoreState({
      tree: { ...tree, context: treeSubject.reduce(tree.context, mono) },
      sandboxes: sandboxes.map(({ value, context }) => ({
        value,
        context: sandboxSubject.reduce(context, mono),
      })),
      instances: instances.map(({ value, context }) => ({
        value,
        context: instanceSubject.reduce(context, mono),
      })),
      specs: [],
    }),
    knots: small.knots.map(knot => ({
      ...knot,
      incarnation: knot.incarnation === present ? 7 : 6,
    })),
    timers: [...new Set(small.timers)].sort(),
    pending: [...new Set(small.pending)].sort(),
  }
}

export const smallKey = ({ state, ...rest }: Small): string =>
  JSON.stringify([rest, keepState(state)])

// ---------------------------------------------------------------------------
// One turn
// ---------------------------------------------------------------------------

const perform = (small: Small, effect: Effect): Small => {
  const { timers, pending, knots } = small
  switch (effect.type) {
    case 'armTimer':
      return { ...small, timers: [...timers, effect.timer] }
    case 'disarmTimer':
      return { ...small, timers: timers.filter(timer => timer !== effect.timer) }
    case 'load':
      return { ...small, pending: [...pending, 'load'] }
    case 'exec':
      return { ...small, pending: [...pending, 'exec'] }
    case 'launch':
      return { ...small, pending: [...pending, 'launch'] }
    case 'exit':
      return leave(small, effect.code)
    case 'signal':
      return {
        ...small,
        knots: knots.map(knot =>
          knot.incarnation === effect.incarnation && knot.signal !== 'SIGKILL'
            ? { ...knot, signal: effect.signal }
            : knot,
        ),
      }
    // What is in no state that is looked at here.
    default:
      return small
  }
}

const leave = (small: Small, code: number): Small => ({
  ...small,
  process: 'left',
  timers: [],
  pending: [],
  wrong:
    code === 0 && small.knots.some(({ isAlive }) => isAlive)
      ? 'it left with code 0 and somebody alive'
      : small.wrong,
})

export const die = (small: Small): Small => ({
  ...small,
  process: 'dead',
  timers: [],
  pending: [],
  isDiskRead: false,
})

const ends = (input: Input) => input.type === 'knot.exited' || input.type === 'knot.refused'

/** Decided and written: what is told twice about one end is wrong. */
const written = (small: Small, inputs: readonly Input[]): [Small, readonly Effect[]] => {
  const { state, effects } = decide(small.state, inputs, 8)
  let { wrong } = small
  const told = inputs.flatMap(input => (ends(input) ? [input as { incarnation: number }] : []))
  const knots = small.knots.map(knot => {
    if (!told.some(({ incarnation }) => incarnation === knot.incarnation)) return knot
    if (knot.isTold) wrong = 'an end was told twice'
    if (knot.isAlive) wrong = 'an end was told of somebody alive'
    return { ...knot, isTold: true }
  })
  if (inputs.every(({ type }) => type === 'config.refused'))
    for (const { type } of effects) if (type === 'signal') wrong = 'nonsense stopped somebody'
  return [{ ...small, state, knots, wrong }, effects]
}

/** The turn in which this is heard, and the same where the supervisor dies before it acts. */
export const hear = (small: Small, ...inputs: readonly Input[]): readonly Small[] => {
  const [after, effects] = written(small, inputs)
  const done = effects.reduce(perform, after)
  // The file of a life goes when its end is written and everything was performed.
  const knots = done.knots.filter(({ isTold }) => !isTold)
  return [{ ...done, knots }, die(after)]
}
