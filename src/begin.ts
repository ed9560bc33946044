/**
 * The first inputs of a life: that we are here, what is alive, and that this is all. They are heard
 * like all others, so recovery is start-up. What is done to the world goes through `Hands`, which
 * the simulator brings, too.
 */
import type { Effect, Hear } from '../machines/vocabulary.ts'
import type { Found } from '../native/survey.ts'
import { emptyState } from './decide.ts'
import type { State } from './decide.ts'
import type { HowItEnded } from '../native/heldKnot.ts'
import { recover } from './recover.ts'
import type { IsTold, SayRefusal } from './recover.ts'

type ArmTimer = Extract<Effect, { readonly type: 'armTimer' }>

export interface Hands {
  readonly hear: Hear
  /** Numbers up to this one were given away. */
  readonly skipTo: (seq: number) => void
  readonly arm: (timer: ArmTimer) => void
  /** Watch a knot that lives, or has ended unseen. */
  readonly adopt: (knot: Found) => void
  /** What is left of a knot is kept until it is forgotten. Returns how it ended. */
  readonly keep: (knot: Found) => HowItEnded
  /** The end of this life is written down, or nobody will ever ask for it. */
  readonly forget: (instance: string, incarnation: number) => void
  /** End a knot that is one too many. */
  readonly dismiss: (knot: Found) => void
}

export interface Beginning {
  /** What the journal remembers. */
  readonly state: State
  /** Whether it has told of the end of this life. */
  readonly isTold: IsTold
  /** How the journal was found. */
  readonly condition: string
  readonly bootId: string
  readonly found: readonly Found[]
  /** Listening sockets of an earlier life. */
  readonly sockets?: readonly { readonly key: string; readonly from: string }[]
  readonly pid: number
  readonly version: string
  /** Why this image was started. */
  readonly reason: string
  /** Why the last good master configuration is used instead of the present one. */
  readonly master?: string | null
  /** Starts a second at most. */
  readonly startRate?: number | null
  readonly stamp: () => { readonly at: number; readonly mono: number }
  readonly sayRefusal: (state: State) => SayRefusal
}

export const begin = (beginning: Beginning, hands: Hands): void => {
  const { bootId, found, pid, version, reason, condition, master, startRate, stamp } = beginning
  // What an earlier boot has left is no life; the first turn forgets it.
  const isThisBoot = beginning.state.tree.context.bootId === bootId
  const state = isThisBoot ? beginning.state : emptyState()
  // What lived when the power went has not ended: it is over, with everything.
  const isTold: IsTold = knot =>
    beginning.isTold(knot) || (!isThisBoot && isLife(beginning.state, knot))
  const recovery = recover(state, found, stamp(), beginning.sayRefusal(state), isTold)
  const { adopted, spare, over, unheard, lost } = recovery
  hands.skipTo(lastNumber(found))
  hands.hear({
    type: 'tree.started',
    pid,
    bootId,
    version,
    reason,
    journal: condition,
    ...(master != null && { master }),
    ...(startRate != null && { startRate }),
    ...stamp(),
  })
  for (const { key, from } of beginning.sockets ?? [])
    hands.hear({ type: 'socket.recovered', key, from, ...stamp() })
  // First of all, so that what they have said meanwhile is heard before a deadline is found over.
  for (const [knot, incarnation] of adopted) hands.adopt({ ...knot, incarnation })
  // Those of the supervisor itself end with its life.
  for (const { context } of state.instances.values())
    if (context.timer !== null)
      hands.arm({ type: 'armTimer', instance: context.name, ...context.timer })
  for (const input of recovery.inputs) hands.hear(input)
  for (const [knot, end] of unheard)
    hands.hear(end.type === 'knot.exited' ? { ...end, ...hands.keep(knot) } : end)
  for (const knot of over) {
    hands.keep(knot)
    hands.forget(knot.instance, knot.incarnation)
  }
  for (const knot of spare) hands.dismiss(knot)
  hands.hear({ type: 'tree.surveyed', adopted: adopted.length, lost, ...stamp() })
}

const isLife = ({ instances }: State, { instance, incarnation }: Found): boolean =>
  instances.get(instance)?.context.life?.incarnation === incarnation

/** No turn has a higher one: what calls itself so is none of ours. */
const numberMax = 2 ** 50

/** A life is named by the turn that launched it, which may be in no file. */
const lastNumber = (found: readonly Found[]): number =>
  found.reduce(
    (last, { incarnation }) => (incarnation > numberMax ? last : Math.max(last, incarnation)),
    0,
  )
