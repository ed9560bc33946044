/**
 * The one place where machines are asked. Pure: a state and what was heard in, a state and the
 * effects that are wanted out. Nothing has happened yet. Replay is the same function: it compares
 * the effects instead of performing them.
 *
 * A turn is decided input by input. Letters that machines write to each other on the way are
 * delivered before the next input is looked at.
 */
import { strict as assert } from 'node:assert'
import { createActor, initialTransition } from 'xstate'
import type { SnapshotFrom } from 'xstate'
import { instanceMachine } from '../machines/instance.ts'
import type { Heard, Letter, Post } from '../machines/letters.ts'
import { sandboxMachine } from '../machines/sandbox.ts'
import { treeMachine } from '../machines/tree.ts'
import type { Effect, Input, InputOf } from '../machines/vocabulary.ts'
import { newInstance, newSandbox } from './newborn.ts'
import {
  claimAll,
  closesFor,
  concernsSockets,
  isOfSocket,
  takeSocket,
  withOpens,
} from './sockets.ts'
import type { OpenSocket, OpenSockets } from './sockets.ts'

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
}

/**
 * To be raised when a released machine decides otherwise than before for the same inputs, or when
 * the shape of the state changes: what an older version has decided is then not called wrong.
 */
export const rulesVersion = 2

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
})

export const sandboxOf = (instance: string): string => instance.slice(0, instance.indexOf('/'))

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
  if (desk.isConfigNew) forgetSpecs(desk)
  return arrangeSockets(desk, heard)
}

const closeDesk = ({ tree, sandboxes, instances, specs, sockets }: Desk): State => ({
  tree,
  sandboxes,
  instances,
  specs,
  sockets,
})

/** Whose input this is follows from what it names. */
const take = (desk: Desk, input: Input): void => {
  const event = { ...input, turn: desk.turn }
  if ('specs' in input && input.specs !== undefined)
    for (const [hash, spec] of Object.entries(input.specs)) desk.specs.set(hash, spec)
  if (input.type === 'spec.loaded' && input.spec !== undefined)
    desk.specs.set(input.wanted.spec, input.spec)

  if (input.type === 'config.listed') desk.isConfigNew = true
  if (input.type === 'tree.started') desk.sockets.clear()
  if (input.type === 'tree.started' && isOtherBoot(desk, input.bootId)) forgetBoot(desk)
  if ('instance' in input && input.instance !== undefined) {
    if (input.type === 'knot.adopted') meet(desk, input, event)
    if (input.type === 'spec.loaded') askSandbox(desk, sandboxOf(input.instance), event)
    askInstance(desk, input.instance, event)
  } else if (isOfSocket(input)) {
    takeSocket(desk.sockets, input)
  } else if (input.type !== 'config.reload' && 'sandbox' in input) {
    desk.isConfigNew = true
    // What was still being read when everything was told to stop starts nothing any more.
    askSandbox(desk, input.sandbox, event, !isEnding(desk))
  } else {
    askTree(desk, event)
  }
}

const isEnding = ({ tree: { value } }: Desk): boolean =>
  value === 'stopping' || value === 'abandoning' || value === 'stopped'

const isOtherBoot = ({ tree }: Desk, bootId: string): boolean =>
  tree.context.bootId !== null && tree.context.bootId !== bootId

/** Pids and monotonic instants mean nothing after a reboot: everything begins clean. */
const forgetBoot = (desk: Desk): void => {
  desk.instances.clear()
  desk.sandboxes.clear()
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
  for (const name of desk.asked) {
    const { value, context } = desk.instances.get(name) ?? {}
    if (value !== 'stopped' || context?.life !== null || context.want !== null) continue
    desk.instances.delete(name)
    askSandbox(desk, sandboxOf(name), { type: 'ended', instance: name, ...stamp })
  }
  desk.asked.clear()
  for (const [name, { value }] of desk.sandboxes) if (value === 'gone') desk.sandboxes.delete(name)
  if (desk.tree.value === 'stopping' || desk.tree.value === 'abandoning') {
    const lives = [...desk.instances.values()].flatMap(({ context }) => context.life ?? [])
    const longestKillMs = Math.max(0, ...lives.map(({ killMs }) => killMs))
    askTree(desk, { type: 'census', alive: lives.length, longestKillMs, ...stamp })
    deliver(desk, stamp)
  }
}

const deliver = (desk: Desk, stamp: { at: number; mono: number; turn: number }): void => {
  for (let post = desk.posts.shift(); post !== undefined; post = desk.posts.shift()) {
    const [all, ask] =
      post.to === 'sandboxes'
        ? ([desk.sandboxes, askSandbox] as const)
        : ([desk.instances, askInstance] as const)
    for (const name of post.names ?? [...all.keys()]) {
      if (post.letter.type === 'want' && !desk.instances.has(name))
        desk.instances.set(name, newInstance(name))
      ask(desk, name, { ...post.letter, ...stamp })
    }
  }
}

const letter = ({ at, mono, turn }: Heard, content: Letter): Heard => ({
  ...content,
  at,
  mono,
  turn,
})

/** The specifications that no sandbox wants any more. */
const forgetSpecs = (desk: Desk): void => {
  const wanted = new Set(
    [...desk.sandboxes.values()].flatMap(({ context }) =>
      Object.values(context.wanted).map(({ spec }) => spec),
    ),
  )
  for (const hash of desk.specs.keys()) if (!wanted.has(hash)) desk.specs.delete(hash)
}

/**
 * Sockets are wanted by instances, open or not, and have no machine of their own. A sandbox that
 * lives and has not been read yet may still want what was found.
 */
const arrangeSockets = (desk: Desk, heard: readonly Input[]): readonly Effect[] => {
  if (!concernsSockets(heard, desk.effects, desk.sockets)) return desk.effects
  const phase = desk.tree.value
  const isRead =
    desk.isConfigNew && [...desk.sandboxes.values()].every(({ value }) => value !== 'empty')
  const instances = [...desk.instances.values()].map(({ context }) => context)
  const isQuiet = phase === 'recovering' || phase === 'restarting'
  // What is started may be found to want other sockets than it was decided with: that is heard
  // first, together with how the launch went.
  const isLaunching = desk.effects.some(({ type }) => type === 'launch')
  if (!isQuiet && (isRead || phase !== 'serving')) claimAll(desk.sockets)
  return [
    ...withOpens(desk.effects, desk.sockets, instances),
    ...(isQuiet || isLaunching ? [] : closesFor(desk.sockets, instances)),
  ]
}

// ---------------------------------------------------------------------------
// Asking
// ---------------------------------------------------------------------------

type Action = { readonly type: string; readonly params: unknown }

/**
 * What xstate's own `transition` does, without the throw-away actor it builds for every call: six
 * times as fast, and a thousand instances start in one turn. A test compares the two.
 */
const actions: Action[] = []
/** Never started: it only lends us what an actor is made of. */
const nobody = createActor(treeMachine)
const scope = {
  self: nobody,
  system: nobody.system,
  actionExecutor: (action: Action) => void actions.push(action),
} as never

const askTree = (desk: Desk, event: Heard): void => {
  desk.tree = treeMachine.transition(desk.tree, event, scope)
  collect(desk)
}

const askSandbox = (desk: Desk, name: string, event: Heard, isNew = false): void => {
  const snapshot = desk.sandboxes.get(name) ?? (isNew ? newSandbox(name) : undefined)
  if (snapshot === undefined) return
  desk.sandboxes.set(name, sandboxMachine.transition(snapshot, event, scope))
  collect(desk)
}

const askInstance = (desk: Desk, name: string, event: Heard): void => {
  const snapshot = desk.instances.get(name)
  if (snapshot === undefined) return
  desk.instances.set(name, instanceMachine.transition(snapshot, event, scope))
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
