/**
 * One step of a flat chart: what xstate's own `transition` decides of a machine whose states have
 * no states in them. xstate works out for each event which states are left and entered, for
 * charts of any shape, and copies a snapshot for each action; here that is looked up. A tenth of
 * the time and of the garbage, and most of what a turn decides is this. The chart itself is read
 * from xstate, and a test compares the two in every state of every machine.
 */
import { strict as assert } from 'node:assert'
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate'
import type { Heard } from '../machines/letters.ts'

export interface Action {
  readonly type: string
  readonly params: unknown
}

interface Args {
  readonly context: object
  readonly event: Heard
}

type Assign = (args: Args, params: unknown) => object
type Guard = (args: Args, params: unknown) => boolean

/** As it stands in the chart: a name, a name with parameters, or the thing itself. */
type Named = string | { readonly type: string; readonly params?: unknown }

interface Arrow {
  readonly guard: Named | Guard | undefined
  /** Of the state that is left, of the arrow, of the state that is entered. */
  readonly actions: readonly Named[]
  readonly target: string | null
}

interface State {
  readonly arrows: ReadonlyMap<string, readonly Arrow[]>
  /** Those that wait for no event. */
  readonly always: readonly Arrow[]
}

interface Snapshot {
  readonly value: unknown
  readonly context: object
}

type Step<S extends Snapshot> = (snapshot: S, event: Heard) => S

/** `act` gets what is to be done, in order; it is done by nobody yet. */
export const createStep = <S extends Snapshot>(
  machine: AnyStateMachine,
  act: (action: Action) => void,
): Step<S> => {
  const states = new Map<string, State>()
  const snapshots = new Map<string, S>()
  const { guards, actions } = machine.implementations as unknown as Words

  const passes = ({ guard }: Arrow, args: Args): boolean => {
    if (guard === undefined) return true
    if (typeof guard === 'function') return guard(args, undefined)
    const word = guards[nameOf(guard)]
    assert(typeof word === 'function', `a guard ${nameOf(guard)} is not known`)
    return word(args, paramsOf(guard, args))
  }

  const choose = (arrows: readonly Arrow[] | undefined, args: Args): Arrow | undefined =>
    arrows?.find(arrow => passes(arrow, args))

  const after = (action: Named, args: Args): object => {
    const params = paramsOf(action, args)
    const word = actions[nameOf(action)]
    if (word?.assignment === undefined) {
      act({ type: nameOf(action), params })
      return args.context
    }
    return { ...args.context, ...assigned(word.assignment, args, params) }
  }

  const stateOf = (value: string): State => {
    const known = states.get(value)
    if (known !== undefined) return known
    const read = readState(machine, value)
    states.set(value, read)
    return read
  }

  const snapshotOf = (value: string, context: object): S => {
    let known = snapshots.get(value)
    if (known === undefined) {
      known = machine.resolveState({ value, context } as never) as unknown as S
      snapshots.set(value, known)
    }
    return { ...known, context, children: {} }
  }

  return (snapshot, event) => {
    const { value: from } = snapshot
    assert(typeof from === 'string', 'only flat charts are known here')
    let value = from
    let { context } = snapshot
    let arrow = choose(stateOf(value).arrows.get(event.type), { context, event })
    for (let isFirst = true; isFirst || arrow !== undefined; isFirst = false) {
      for (const action of arrow?.actions ?? []) context = after(action, { context, event })
      value = arrow?.target ?? value
      arrow = choose(stateOf(value).always, { context, event })
    }
    return value === from && context === snapshot.context ? snapshot : snapshotOf(value, context)
  }
}

interface Words {
  readonly guards: Readonly<Record<string, Guard>>
  readonly actions: Readonly<Record<string, { readonly assignment?: Assign | object } | undefined>>
}

const nameOf = (word: Named): string => (typeof word === 'string' ? word : word.type)

const paramsOf = (word: Named, args: Args): unknown => {
  if (typeof word === 'string') return undefined
  return typeof word.params === 'function'
    ? (word.params as (args: Args) => unknown)(args)
    : word.params
}

const assigned = (assignment: Assign | object, args: Args, params: unknown): object =>
  typeof assignment === 'function'
    ? (assignment as Assign)(args, params)
    : Object.fromEntries(
        Object.entries(assignment).map(([key, value]) => [
          key,
          typeof value === 'function' ? (value as Assign)(args, params) : value,
        ]),
      )

// ---------------------------------------------------------------------------
// Reading the chart
// ---------------------------------------------------------------------------

/** By event: its own arrows, and after them those of the whole machine. */
const readState = (machine: AnyStateMachine, value: string): State => {
  const { root } = machine
  const node = root.states[value]
  assert(node !== undefined, `no state is called ${value}`)
  const types = new Set([...node.transitions.keys(), ...root.transitions.keys()])
  const isKnown = ({ always, invoke, after }: AnyStateNode): boolean =>
    invoke.length === 0 && after.length === 0 && (always === node.always || always === undefined)
  assert(
    node.type === 'atomic' && isKnown(node) && isKnown(root) && ![...types].some(isPattern),
    `the state ${value} has more to it than is known here`,
  )
  const read = (all: readonly AnyTransitionDefinition[] = []): readonly Arrow[] =>
    all.map(arrow => readArrow(node, arrow))
  return {
    arrows: new Map(
      [...types].map(type => [
        type,
        read([...(node.transitions.get(type) ?? []), ...(root.transitions.get(type) ?? [])]),
      ]),
    ),
    always: read(node.always),
  }
}

const isPattern = (type: string): boolean => type.includes('*')

/** One from a state to itself leaves and enters it only if it says so. */
const readArrow = (node: AnyStateNode, arrow: AnyTransitionDefinition): Arrow => {
  const { guard, actions, target, source, reenter } = arrow
  const [to] = target ?? []
  const isMove = to !== undefined && (reenter || to !== node || source !== node)
  const all = isMove ? [...node.exit, ...actions, ...to.entry] : actions
  for (const action of all)
    assert(typeof action !== 'function', `a nameless action in ${node.key}: it could not be told`)
  return {
    guard: guard as unknown as Arrow['guard'],
    actions: all as unknown as readonly Named[],
    target: isMove ? to.key : null,
  }
}
