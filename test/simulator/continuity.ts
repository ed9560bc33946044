/**
 * Sockets continuous: one that the keeper has had listens for as long as anybody wants it, whatever
 * becomes of the supervisor; and it is the same all the time.
 */
import type { Effect } from '../../machines/vocabulary.ts'
import type { State } from '../../src/decide.ts'
import { sharedBy } from '../../src/sockets.ts'
import type { Listener, Network } from './network.ts'
import { breakPromise } from './world.ts'
import type { World } from './world.ts'

export interface Continuity {
  /** What a turn has decided to close. */
  readonly closes: (effects: readonly Effect[], state: State) => void
  /** After every step. `state`: the last one that is known, also of a supervisor that is dead. */
  readonly look: (state: State) => void
  /** In the end: what listens is what is wanted, and all of it would survive us. */
  readonly checkEnd: (state: State) => void
  /** Nobody can be asked to keep what a boot, or a lost memory, has taken away. */
  readonly forget: () => void
}

/** By those that shall run, and by those that still do with what they were given. */
const wantedKeys = ({ instances }: State): ReadonlySet<string> => {
  const keys = new Set<string>()
  for (const { context } of instances.values()) {
    if (context.want?.sockets !== undefined)
      for (const { key } of sharedBy(context.want)) keys.add(key)
    for (const key of context.life?.sockets ?? []) keys.add(key)
  }
  return keys
}

export const createContinuity = (world: World, network: Network): Continuity => {
  const established = new Map<string, Listener>()

  const fail = (key: string, what: string): void =>
    breakPromise(world, 'sockets continuous', `${key} ${what}`)

  return {
    forget: () => established.clear(),
    closes: (effects, state) => {
      for (const effect of effects) {
        if (effect.type !== 'closeSocket') continue
        const { key } = effect
        if (wantedKeys(state).has(key)) fail(key, 'is to be closed, and is wanted')
        established.delete(key)
      }
    },
    look: state => {
      if (established.size === 0 && network.listeners.size === 0) return
      const wanted = wantedKeys(state)
      for (const [key, listener] of established) {
        if (!wanted.has(key)) established.delete(key)
        else if (!network.isOpen(listener)) {
          if (!network.isKeeperLost) return fail(key, 'is wanted, and does not listen any more')
          established.delete(key)
        }
      }
      for (const listener of network.listeners) {
        const { key, inTree, inKeeper } = listener
        if (inTree && inKeeper && wanted.has(key) && !established.has(key))
          established.set(key, listener)
      }
    },
    checkEnd: state => {
      const wanted = wantedKeys(state)
      // What was changed since the last start is opened at the next one.
      const used = [...state.instances.values()].flatMap(({ context: { life, want } }) =>
        want !== null && life?.spec === want.spec ? sharedBy(want) : [],
      )
      // Of a sandbox that was never read nobody knows what it wants.
      const isRead = [...state.sandboxes.values()].every(({ value }) => value !== 'empty')
      for (const { key } of used)
        if (![...network.listeners].some(({ key: one, inTree }) => one === key && inTree))
          fail(key, 'is wanted, and is not open')
      for (const { key, inTree, inKeeper } of network.listeners) {
        if (inTree !== inKeeper) fail(key, inTree ? 'would die with us' : 'is kept for nobody')
        if (inTree && isRead && !wanted.has(key)) fail(key, 'is open, and nobody wants it')
      }
    },
  }
}
