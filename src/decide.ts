/**
 * The one place where machines are asked. Pure: a state and what was heard in, a state and the
 * effects that are wanted out. Nothing has happened yet. Replay is the same function: it compares
 * the effects instead of performing them.
 *
 * A turn is decided input by input. Letters that machines write to each other on the way are
 * delivered before the next input is looked at.
 */
import { strict as assert } from 'node:assert'
import { initialTransition } from 'xstate'
import type { SnapshotFrom } from 'xstate'
import { instanceMachine } from '../machines/instance.ts'
import type { Delivery, Heard, Letter, Post } from '../machines/letters.ts'
import { hasOrder, sandboxOf } from '../machines/order.ts'
import { sandboxMachine } from '../machines/sandbox.ts'
import { treeMachine } from '../machines/tree.ts'
import type { Effect, Input, InputOf } from '../machines/vocabulary.ts'
import { newInstance, newSandbox } from './newborn.ts'
import { arrangeSockets } from './arranging.ts'
import { isOfSocket, takeSocket } from './sockets.ts'
import type { OpenSocket, OpenSockets } from './sockets.ts'
import * as standings from './standings.ts'
import { createStep } from './step.ts'
import type { Action } from './step.ts'
import { isOfCommand, takeCommand } from './commands.ts'
import type { RunningCommand, RunningCommands } from './commands.ts'

export type TreeSnapshot = SnapshotFrom<typeof treeMachine>
export type SandboxSnapshot = SnapshotFrom<typeof sandboxMachine>
export type InstanceSnapshot = SnapshotFrom<typeof instanceMachine>

export interface State {
  readonly tree: TreeSnapshot
  readonly sandboxes: ReadonlyMap<string, SandboxSnapshot>
  readonly instances: ReadonlyMap<string, InstanceSnapshot>
  /** Launch specifications by content hash: all that some sandbox wants now. */
  readonly specs: ReadonlyMap<string, unknown>
  /** Shared sockets that listen, by key. */
  readonly sockets: OpenSockets
  /** Commands of `lithos_cmd` that run, as far as we were told. By name. */
  readonly commands: RunningCommands
}

/**
 * To be raised when a released machine decides otherwise than before for the same inputs, or when
 * the shape of the state changes: what an older version has decided is then not called wrong.
 */
export const rulesVersion = 4

export interface Decision {
  readonly state: State
  readonly effects: readonly Effect[]
}

export const emptyState = (): State => ({
  tree: initialTransition(treeMachine)[0],
  sandboxes: new Map(),
  instances: new Map(),
  specs: new Map(),
  sockets: new Map(),
  commands: new Map(),
})

export const decide = (state: State, heard: readonly Input[], turn: number): Decision => {
  const desk = openDesk(state, turn)
  const effects = takeTurn(desk, heard)
  return { state: closeDesk(desk), effects }
}

/** The state that many turns lead to. Quicker: what is in between is not kept. */
export const decideAll = (
  state: State,
  turns: Iterable<{ readonly seq: number; readonly inputs: readonly Input[] }>,
): State => {
  const desk = openDesk(state, 0)
  for (const { seq, inputs } of turns) {
    Object.assign(desk, { turn: seq, isConfigNew: false })
    takeTurn(desk, inputs)
    desk.effects.length = 0
  }
  return closeDesk(desk)
}

// ---------------------------------------------------------------------------
// The desk: what one turn works on
// ---------------------------------------------------------------------------

interface Desk {
  turn: number
  tree: TreeSnapshot
  readonly sandboxes: Map<string, SandboxSnapshot>
  readonly instances: Map<string, InstanceSnapshot>
  readonly specs: Map<string, unknown>
  readonly sockets: Map<string, OpenSocket>
  readonly commands: Map<string, RunningCommand>
  readonly posts: Post[]
  readonly effects: Effect[]
  /** Instances asked since the last settling: the only ones that can have ended. */
  readonly asked: Set<string>
  isConfigNew: boolean
}

const openDesk = (state: State, turn: number): Desk => ({
  turn,
  tree: state.tree,
  sandboxes: new Map(state.sandboxes),
  instances: new Map(state.instances),
  specs: new Map(state.specs),
  sockets: new Map(state.sockets),
  commands: new Map(state.commands),
  posts: [],
  effects: [],
  asked: new Set(),
  isConfigNew: false,
})

const takeTurn = (desk: Desk, heard: readonly Input[]): readonly Effect[] => {
  for (const input of heard) {
    take(desk, input)
    settle(desk, input)
  }
  if (desk.isConfigNew)
    for (const hash of standings.unwantedSpecs(desk.specs, desk.sandboxes)) desk.specs.delete(hash)
  return arrangeSockets(desk, heard)
}

const closeDesk = (desk: Desk): State => {
  const { tree, sandboxes, instances, specs, sockets, commands } = desk
  return { tree, sandboxes, instances, specs, sockets, commands }
}

/** Whose input this is follows from what it names. */
const take = (desk: Desk, input: Input): void => {
  const event = { ...input, turn: desk.turn }
  if ('specs' in input && input.specs !== undefined)
    for (const [hash, spec] of Object.entries(input.specs)) desk.specs.set(hash, spec)
  if (input.type === 'spec.loaded' && input.spec !== undefined)
    desk.specs.set(input.wanted.spec, input.spec)

  if (input.type === 'config.listed') desk.isConfigNew = true
  if (input.type === 'tree.started') desk.sockets.clear()
  if (input.type === 'tree.started' && standings.isOtherBoot(desk.tree, input.bootId))
    forgetBoot(desk)
  if ('instance' in input && input.instance !== undefined) {
    if (input.type === 'knot.adopted') meet(desk, input, event)
    if (input.type === 'spec.loaded') askSandbox(desk, sandboxOf(input.instance), event)
    askInstance(desk, input.instance, event)
  } else if (isOfSocket(input)) {
    takeSocket(desk.sockets, input)
  } else if (isOfCommand(input)) {
    desk.effects.push(...takeCommand(desk.commands, input))
  } else if (input.type !== 'config.reload' && 'sandbox' in input) {
    desk.isConfigNew = true
    if (event.type === 'config.loaded') beginOrder(desk, event)
    // What was still being read when everything was told to stop starts nothing any more.
    askSandbox(desk, input.sandbox, event, !standings.isEnding(desk.tree))
  } else {
    askTree(desk, event)
  }
}

/** Pids and monotonic instants mean nothing after a reboot: everything begins clean. */
const forgetBoot = (desk: Desk): void => {
  for (const map of [desk.instances, desk.sandboxes, desk.commands]) map.clear()
  desk.isConfigNew = true
}

/** A living instance that its sandbox has not heard of: it must know whom to judge. */
const meet = (desk: Desk, adopted: InputOf<'knot.adopted'>, event: Heard): void => {
  const { instance, config } = adopted
  const sandbox = sandboxOf(instance)
  askSandbox(desk, sandbox, letter(event, { type: 'found', instance, config }), true)
  if (!desk.instances.has(instance)) desk.instances.set(instance, newInstance(instance))
}

/** Deliver all letters, then see who has ended and who is left. */
const settle = (desk: Desk, { at, mono }: Input): void => {
  const stamp = { at, mono, turn: desk.turn }
  deliver(desk, stamp)
  while (desk.asked.size > 0) {
    const asked = [...desk.asked]
    desk.asked.clear()
    for (const name of asked) {
      const { value, context } = desk.instances.get(name) ?? {}
      if (value === 'stopped' && context?.life === null && context.want === null) {
        desk.instances.delete(name)
        askSandbox(desk, sandboxOf(name), { type: 'ended', instance: name, ...stamp })
      } else if (value !== undefined && !isWrittenTo(desk, name)) sayStanding(desk, name, stamp)
    }
    // What a sandbox says then may end others.
    deliver(desk, stamp)
  }
  for (const [name, { value }] of desk.sandboxes) if (value === 'gone') desk.sandboxes.delete(name)
  if (desk.tree.value === 'stopping' || desk.tree.value === 'abandoning') {
    askTree(desk, { type: 'census', ...standings.census(desk.instances, desk.sandboxes), ...stamp })
    deliver(desk, stamp)
  }
}

/** What it says before it has heard that is out of date. */
const isWrittenTo = ({ posts }: Desk, name: string): boolean =>
  posts.some(({ to, names }) => to === 'instances' && (names ?? [name]).includes(name))

/** Where an order is kept, the sandbox has to know who is up. */
const sayStanding = (desk: Desk, name: string, stamp: Delivery): void => {
  const order = desk.sandboxes.get(sandboxOf(name))?.context.order
  const instance = desk.instances.get(name)
  if (order === undefined || instance === undefined) return
  const standing = standings.standingOf(instance)
  if (order.standing[name] !== standing)
    askSandbox(desk, sandboxOf(name), { type: 'stands', instance: name, standing, ...stamp })
}

/** An order that was not kept so far begins with who is up now: those who change nothing, too. */
const beginOrder = (desk: Desk, event: Heard & InputOf<'config.loaded'>): void => {
  const { sandbox, wanted } = event
  if (desk.sandboxes.get(sandbox)?.context.order !== undefined || !hasOrder(wanted)) return
  const told = desk.sandboxes.get(sandbox)?.context.wanted ?? {}
  const standing = standings.muster(sandbox, desk.instances, { told, wanted })
  if (Object.keys(standing).length === 0) return
  askSandbox(desk, sandbox, letter(event, { type: 'muster', standing }))
}

const deliver = (desk: Desk, stamp: Delivery): void => {
  for (let post = desk.posts.shift(); post !== undefined; post = desk.posts.shift()) {
    const isToSandboxes = post.to === 'sandboxes'
    const all = isToSandboxes ? desk.sandboxes : desk.instances
    const ask = isToSandboxes ? askSandbox : askInstance
    for (const name of post.names ?? [...all.keys()]) {
      if (post.letter.type === 'want' && !desk.instances.has(name))
        desk.instances.set(name, newInstance(name))
      ask(desk, name, { ...withSlot(desk, name, post.letter, stamp), ...stamp })
    }
  }
}

/** Starts that a configuration asks for are spread, where that is wished for. */
const withSlot = (desk: Desk, name: string, content: Letter, stamp: Delivery): Letter => {
  if (!standings.isSpread(desk.tree, desk.instances.get(name), content)) return content
  const notBefore = Math.max(stamp.mono, desk.tree.context.nextStart ?? 0)
  askTree(desk, { type: 'claim', ...stamp })
  return { ...content, notBefore }
}

const letter = ({ at, mono, turn }: Delivery, said: Letter): Heard => ({ ...said, at, mono, turn })

// ---------------------------------------------------------------------------
// Asking
// ---------------------------------------------------------------------------

const actions: Action[] = []
const act = (action: Action): void => void actions.push(action)
const stepTree = createStep<TreeSnapshot>(treeMachine, act)
const stepSandbox = createStep<SandboxSnapshot>(sandboxMachine, act)
const stepInstance = createStep<InstanceSnapshot>(instanceMachine, act)

const askTree = (desk: Desk, event: Heard): void => {
  desk.tree = stepTree(desk.tree, event)
  collect(desk)
}

const askSandbox = (desk: Desk, name: string, event: Heard, isNew = false): void => {
  const snapshot = desk.sandboxes.get(name) ?? (isNew ? newSandbox(name) : undefined)
  if (snapshot === undefined) return
  desk.sandboxes.set(name, stepSandbox(snapshot, event))
  collect(desk)
}

const askInstance = (desk: Desk, name: string, event: Heard): void => {
  const snapshot = desk.instances.get(name)
  if (snapshot === undefined) return
  desk.instances.set(name, stepInstance(snapshot, event))
  desk.asked.add(name)
  collect(desk)
}

/** xstate's own timers and spawns would be invisible to the journal, so they are a bug here. */
const collect = (desk: Desk): void => {
  for (const { type, params } of actions) {
    assert(!type.startsWith('xstate.'), `a machine used the built-in ${type}`)
    if (type === 'post') desk.posts.push(...(params as { posts: readonly Post[] }).posts)
    else if (params !== null) {
      const name = type === 'sweepUp' ? 'sweep' : type
      desk.effects.push({ type: name, ...(params as object) } as Effect)
    }
  }
  actions.length = 0
}
