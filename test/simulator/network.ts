/**
 * The listening sockets of the simulated host: each is open for as long as anybody holds it: the
 * supervisor, its keeper, or a knot that lives.
 */
import type { Process } from './kernel.ts'

export interface Listener {
  readonly key: string
  inTree: boolean
  inKeeper: boolean
  readonly knots: Process[]
}

export interface Network {
  /** All that were ever opened. */
  readonly listeners: Set<Listener>
  readonly listen: (key: string) => Listener | null
  readonly isOpen: (listener: Listener) => boolean
  /** The keeper was killed, and there is no other one yet. */
  isKeeperLost: boolean
  /** The supervisor is gone, and what only it held. */
  readonly closeTree: () => void
  readonly closeKeeper: () => void
  readonly closeAll: () => void
  /** In the order in which a start asks for them. */
  readonly findable: () => readonly FoundListener[]
}

export interface FoundListener {
  readonly key: string
  readonly from: 'exec' | 'keeper' | 'knot'
  readonly listener: Listener
}

const isHeldByKnot = ({ knots }: Listener): boolean => knots.some(({ state }) => state === 'alive')

export const createNetwork = (): Network => {
  const listeners = new Set<Listener>()
  const isOpen = (listener: Listener): boolean =>
    listener.inTree || listener.inKeeper || isHeldByKnot(listener)

  const tidy = (): void => {
    for (const listener of listeners) if (!isOpen(listener)) listeners.delete(listener)
  }

  const network: Network = {
    isKeeperLost: false,
    listeners,
    isOpen,
    listen: key => {
      tidy()
      for (const listener of listeners) if (listener.key === key) return null
      const listener = { key, inTree: true, inKeeper: false, knots: [] }
      listeners.add(listener)
      return listener
    },
    closeTree: () => {
      for (const listener of listeners) listener.inTree = false
    },
    closeKeeper: () => {
      for (const listener of listeners) listener.inKeeper = false
    },
    closeAll: () => listeners.clear(),
    findable: () => {
      const found = new Map<string, FoundListener>()
      const add = (from: FoundListener['from'], isThere: (listener: Listener) => boolean): void => {
        for (const listener of listeners)
          if (isThere(listener) && !found.has(listener.key))
            found.set(listener.key, { key: listener.key, from, listener })
      }
      add('exec', ({ inTree }) => inTree)
      add('keeper', ({ inKeeper }) => inKeeper)
      add('knot', isHeldByKnot)
      return [...found.values()]
    },
  }
  return network
}
