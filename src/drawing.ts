/** The machines as drawings, made of the very definitions that run. */
import { instanceMachine } from '../machines/instance.ts'
import { sandboxMachine } from '../machines/sandbox.ts'
import { treeMachine } from '../machines/tree.ts'

export interface Arrow {
  readonly from: string
  readonly to: string
  readonly event: string
  readonly guard: string | null
  readonly actions: readonly string[]
}

export interface Drawing {
  readonly machine: string
  readonly initial: string
  readonly states: readonly string[]
  /** An arrow to its own state moves nothing but does something. */
  readonly arrows: readonly Arrow[]
}

const machines = { instance: instanceMachine, sandbox: sandboxMachine, tree: treeMachine }

export const machineNames = Object.keys(machines)

export const drawingOf = (name: string): Drawing | null => {
  if (!Object.hasOwn(machines, name)) return null
  const { root } = machines[name as keyof typeof machines]
  const states = Object.keys(root.states)
  const nodes = [null, ...states] as const
  return {
    machine: name,
    initial: String(root.initial.target[0]?.key ?? states[0]),
    states,
    arrows: nodes.flatMap(state => {
      const node = state === null ? root : root.states[state as keyof typeof root.states]
      const always = (node as unknown as Node).always ?? []
      return [...(node as unknown as Node).transitions.values(), always]
        .flat()
        .map(arrow => toArrow(state ?? 'any', arrow))
    }),
  }
}

/** What of xstate's own structures a drawing needs. */
interface Node {
  readonly transitions: ReadonlyMap<string, readonly Transition[]>
  readonly always: readonly Transition[] | undefined
}

interface Transition {
  readonly eventType: string
  readonly target: readonly { readonly key: string }[] | undefined
  readonly guard: unknown
  readonly actions: readonly unknown[]
}

const toArrow = (from: string, { eventType, target, guard, actions }: Transition): Arrow => ({
  from,
  to: target?.[0]?.key ?? from,
  event: eventType === '' ? 'always' : eventType,
  guard: guard === undefined ? null : nameOf(guard),
  actions: actions.map(nameOf),
})

const nameOf = (named: unknown): string =>
  typeof named === 'string' ? named : String((named as { readonly type?: unknown }).type ?? '?')

const label = ({ event, guard }: Arrow): string => (guard === null ? event : `${event} [${guard}]`)

/** Several arrows between the same two states share one line. */
const grouped = ({ arrows }: Drawing): readonly (readonly [string, string, string[]])[] => {
  const groups = new Map<string, readonly [string, string, string[]]>()
  for (const arrow of arrows) {
    if (arrow.from === arrow.to) continue
    const key = `${arrow.from} ${arrow.to}`
    const group = groups.get(key) ?? ([arrow.from, arrow.to, []] as const)
    group[2].push(label(arrow))
    groups.set(key, group)
  }
  return [...groups.values()]
}

export const toMermaid = (drawing: Drawing): string =>
  [
    'stateDiagram-v2',
    `  [*] --> ${drawing.initial}`,
    ...grouped(drawing).map(([from, to, labels]) => `  ${from} --> ${to}: ${labels.join('\\n')}`),
    '',
  ].join('\n')

export const toDot = (drawing: Drawing): string =>
  [
    `digraph ${drawing.machine} {`,
    '  node [shape=box, style=rounded]',
    `  start [shape=point]`,
    `  start -> ${drawing.initial}`,
    ...grouped(drawing).map(
      ([from, to, labels]) => `  ${from} -> ${to} [label=${JSON.stringify(labels.join('\n'))}]`,
    ),
    '}',
    '',
  ].join('\n')
