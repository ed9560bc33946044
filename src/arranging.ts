/** Which sockets a turn opens and closes, beside what its machines have decided. */
import type { Memory } from '../machines/life.ts'
import type { Effect, Input } from '../machines/vocabulary.ts'
import type { State } from './decide.ts'
import { claimAll, closesFor, concernsSockets, withOpens } from './sockets.ts'
import type { OpenSocket } from './sockets.ts'

/** A turn that is nearly decided. */
interface Decided extends Pick<State, 'tree' | 'sandboxes' | 'instances'> {
  readonly sockets: Map<string, OpenSocket>
  readonly effects: readonly Effect[]
  readonly isConfigNew: boolean
}

/**
 * Sockets are wanted by instances, open or not, and have no machine of their own. A sandbox that
 * lives and has not been read yet may still want what was found.
 */
export const arrangeSockets = (desk: Decided, heard: readonly Input[]): readonly Effect[] => {
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
    ...(isQuiet || isLaunching ? [] : closesFor(desk.sockets, [...instances, ...heldIn(desk)])),
  ]
}

/** What is wanted of those that were not told yet: where a memory was lost nobody else knows it. */
const heldIn = ({
  sandboxes,
}: Pick<State, 'sandboxes'>): readonly Pick<Memory, 'want' | 'life'>[] =>
  [...sandboxes.values()].flatMap(({ context: { order, wanted } }) =>
    Object.keys(order?.held ?? {}).map(name => ({ want: wanted[name] ?? null, life: null })),
  )
