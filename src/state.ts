/**
 * The state of all machines as plain JSON, for checkpoints, and back. The shape is a file format:
 * fields are added as optional, nothing is renamed.
 */
import { instanceMachine } from '../machines/instance.ts'
import { newMemory } from '../machines/life.ts'
import type { Memory } from '../machines/life.ts'
import { newSandboxMemory, sandboxMachine } from '../machines/sandbox.ts'
import type { SandboxMemory } from '../machines/sandbox.ts'
import { treeMachine } from '../machines/tree.ts'
import type { TreeMemory } from '../machines/tree.ts'
import type { InstanceSnapshot, SandboxSnapshot, State, TreeSnapshot } from './decide.ts'
import type { OpenSocket } from './sockets.ts'
import type { RunningCommand } from './commands.ts'

interface Kept<Value, Context> {
  readonly value: Value
  readonly context: Context
}

/** Lists, not objects: a name must never be able to be `__proto__`. */
export interface KeptState {
  readonly tree: Kept<TreeSnapshot['value'], TreeMemory>
  readonly sandboxes: ReadonlyArray<Kept<SandboxSnapshot['value'], SandboxMemory>>
  readonly instances: ReadonlyArray<Kept<InstanceSnapshot['value'], Memory>>
  readonly specs: ReadonlyArray<readonly [hash: string, spec: unknown]>
  readonly sockets?: readonly OpenSocket[]
  readonly commands?: readonly RunningCommand[]
}

export const keepState = (state: State): KeptState => {
  const { tree, sandboxes, instances, specs, sockets, commands } = state
  return {
    tree: { value: tree.value, context: tree.context },
    sandboxes: [...sandboxes.values()].map(({ value, context }) => ({ value, context })),
    instances: [...instances.values()].map(({ value, context }) => ({ value, context })),
    specs: [...specs],
    ...(sockets.size > 0 && { sockets: [...sockets.values()] }),
    ...(commands.size > 0 && { commands: [...commands.values()] }),
  }
}

export const restoreState = (kept: KeptState): State => ({
  tree: treeMachine.resolveState(kept.tree),
  sandboxes: new Map(
    kept.sandboxes.map(({ value, context }) => [
      context.name,
      sandboxIn(value, { ...newSandboxMemory(context.name), ...context }),
    ]),
  ),
  instances: new Map(
    kept.instances.map(({ value, context }) => [
      context.name,
      instanceIn(value, { ...newMemory(context.name), ...context }),
    ]),
  ),
  specs: new Map(kept.specs),
  sockets: new Map((kept.sockets ?? []).map(socket => [socket.key, socket])),
  commands: new Map((kept.commands ?? []).map(command => [command.name, command])),
})

/**
 * A snapshot is its state and its context, and nothing that acts. So it is found out once for each
 * state what it consists of: of a thousand instances most are in the same.
 */
const once = <Value, Context, Snapshot extends object>(
  resolve: (value: Value, context: Context) => Snapshot,
): ((value: Value, context: Context) => Snapshot) => {
  const known = new Map<string, Snapshot>()
  return (value, context) => {
    const key = JSON.stringify(value)
    const found = known.get(key) ?? resolve(value, context)
    known.set(key, found)
    return { ...found, context, children: {} }
  }
}

const sandboxIn = once((value: SandboxSnapshot['value'], context: SandboxMemory) =>
  sandboxMachine.resolveState({ value, context }),
)

const instanceIn = once((value: InstanceSnapshot['value'], context: Memory) =>
  instanceMachine.resolveState({ value, context }),
)
