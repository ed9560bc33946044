/**
 * Walks through everything a machine can ever be in: from its first state, each event of an
 * alphabet, again and again, until nothing new is found. Contexts are reduced to what guards and
 * effects read, so that there is an end. `wander` goes on with whole contexts and compares.
 */
import { initialTransition, transition } from 'xstate'
import type { AnyMachineSnapshot, AnyStateMachine, AnyTransitionDefinition } from 'xstate'
import type { Heard } from '../../machines/letters.ts'
import { createStep } from '../../src/step.ts'
import type { Action } from '../../src/step.ts'
import type { Said } from './chart.ts'

export interface Subject<Context> {
  readonly machine: AnyStateMachine
  readonly input: unknown
  /** By name: what is said to a machine that remembers this. */
  readonly alphabet: Readonly<Record<string, (context: Context) => Said>>
  /** The context as if it were always the same moment of the same life. */
  readonly reduce: (context: Context, mono: number) => Context
  /** What of a state is told apart in the table of what is ignored. */
  readonly label: (value: string, context: Context) => string
}

export interface Explored {
  readonly states: ReadonlyMap<string, AnyMachineSnapshot>
  /** From each state, by event: the next state. */
  readonly edges: ReadonlyMap<string, ReadonlyMap<string, string>>
  /** `label, event`, where at least one state of that label has no answer to the event. */
  readonly ignored: readonly string[]
  /** Transitions of the source that no event has taken. */
  readonly untaken: readonly string[]
  /** `state, event`, where our own step decides otherwise than xstate. */
  readonly differing: readonly string[]
}

/** The moment of every event in a reduced world. What is due later is due at `later`. */
export const now = 1_000
export const later = 2_000

const keyOf = ({ value, context }: AnyMachineSnapshot): string => JSON.stringify([value, context])

const reduced = <C>(
  { machine, reduce }: Subject<C>,
  { value, context }: AnyMachineSnapshot,
  mono: number,
): AnyMachineSnapshot =>
  machine.resolveState({ value, context: reduce(context as C, mono) } as never)

const first = <C>({ machine, input }: Subject<C>): AnyMachineSnapshot =>
  initialTransition(machine, input as never)[0]

const stamped = (said: Said, mono: number, turn: number): Heard =>
  ({ at: mono, mono, turn, ...said }) as Heard

export const explore = <C>(subject: Subject<C>): Explored => {
  const { machine, alphabet, label } = subject
  const begin = reduced(subject, first(subject), 0)
  const states = new Map([[keyOf(begin), begin]])
  const edges = new Map<string, ReadonlyMap<string, string>>()
  /** Each key once: there are many more ways than states. */
  const keys = new Map([...states.keys()].map(key => [key, key]))
  const ignored = new Set<string>()
  const untaken = transitionsOf(machine)
  const differing: string[] = []
  const acts: Action[] = []
  const step = createStep<AnyMachineSnapshot>(machine, action => void acts.push(action))
  const reach = (snapshot: AnyMachineSnapshot, mono: number): string => {
    const next = reduced(subject, snapshot, mono)
    const key = keyOf(next)
    const known = keys.get(key)
    if (known !== undefined) return known
    keys.set(key, key)
    states.set(key, next)
    return key
  }
  // A Map also hands out what is added while it is walked through.
  for (const [from, snapshot] of states) {
    reach(snapshot, Infinity)
    const ways = new Map<string, string>()
    edges.set(from, ways)
    for (const [name, say] of Object.entries(alphabet)) {
      const context = snapshot.context as C
      const event = stamped(say(context), now, 8)
      const [after, actions] = transition(machine, snapshot, event)
      const ours = step(snapshot, event)
      if (told(ours, acts.splice(0)) !== told(after, actions))
        differing.push(`${String(snapshot.value)}, ${name}`)
      const chosen = machine.getTransitionData(snapshot as never, event)
      if (chosen.length === 0) ignored.add(`${label(String(snapshot.value), context)}, ${name}`)
      for (const each of [...chosen, ...immediate(chosen, after)]) untaken.delete(each)
      ways.set(name, reach(after, now))
    }
  }
  return { states, edges, ignored: [...ignored].sort(), untaken: [...untaken.values()], differing }
}

/** All of a snapshot that anybody reads, and what is to be done. */
const told = (snapshot: AnyMachineSnapshot, actions: readonly Action[]): string =>
  JSON.stringify([
    snapshot.toJSON(),
    snapshot.can({ type: 'nothing' }),
    actions.map(({ type, params }) => [type, params]),
  ])

/** Every transition in the source, with a name for people. */
const transitionsOf = (machine: AnyStateMachine): Map<AnyTransitionDefinition, string> =>
  new Map(
    [machine.root, ...Object.values(machine.root.states)].flatMap(node =>
      [...node.transitions.values(), node.always ?? []].flatMap(choices =>
        choices.map(
          (choice, i) =>
            [choice, `${node.key}: ${choice.eventType || 'always'}, choice ${i + 1}`] as const,
        ),
      ),
    ),
  )

/** Those without an event: taken if we are not where the event has sent us. */
const immediate = (
  chosen: readonly AnyTransitionDefinition[],
  after: AnyMachineSnapshot,
): readonly AnyTransitionDefinition[] =>
  chosen
    .flatMap(({ target, source }) => [...(target ?? []), ...Object.values(source.states), source])
    .filter(({ key }) => key !== after.value)
    .flatMap(({ always }) => always ?? [])
    .filter(({ target }) => target?.some(({ key }) => key === after.value))

/**
 * A long way with the whole context and a real clock. Where it parts from what was explored, a
 * guard reads something that `reduce` has thrown away: the exploration has not seen everything.
 */
export const wander = <C>(
  subject: Subject<C>,
  { edges }: Explored,
  random: () => number,
  steps: number,
): string | null => {
  const { machine, alphabet } = subject
  const names = Object.keys(alphabet)
  let snapshot = first(subject)
  let mono = 10_000
  for (let turn = 10; turn < 10 + steps; turn++) {
    mono += random() < 0.1 ? 1_500 : random() * 200
    const name = names[Math.floor(random() * names.length)] as string
    const before = keyOf(reduced(subject, snapshot, mono))
    const event = stamped((alphabet[name] as (context: C) => Said)(snapshot.context), mono, turn)
    snapshot = transition(machine, snapshot, event)[0]
    const after = keyOf(reduced(subject, snapshot, mono))
    const expected = edges.get(before)?.get(name)
    if (after !== expected)
      return `step ${turn}, ${name} in ${before}: ${after}, explored was ${expected}`
  }
  return null
}
