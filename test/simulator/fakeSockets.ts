/** As actors/sockets.ts, on the fake network: opens, closes, gives, has a keeper hold copies. */
import type { Effect, Hear, Socket } from '../../machines/vocabulary.ts'
import type { Process } from './kernel.ts'
import type { Mortal } from './mortal.ts'
import type { FoundListener, Listener, Network } from './network.ts'

type OpenOrClose = Extract<Effect, { readonly type: 'openSocket' | 'closeSocket' }>

export interface FakeSockets {
  readonly perform: (effect: OpenOrClose) => void
  readonly adopt: (found: readonly FoundListener[]) => void
  /** What a start is given; null: it could not be opened. */
  readonly give: (sockets: readonly Socket[]) => readonly Listener[] | null
  readonly closeShared: (key: string) => void
  /** Somebody has killed it: another one takes its place after a moment. */
  readonly keeperDied: () => void
  readonly close: () => void
}

export interface SocketsOptions {
  readonly network: Network
  readonly mortal: Mortal
  readonly hear: Hear
  readonly stamp: () => { readonly at: number; readonly mono: number }
  readonly later: (delay: number, work: () => void) => void
}

const keeperPauseMs = 200

export const createFakeSockets = (options: SocketsOptions): FakeSockets => {
  const { network, mortal, hear, stamp, later } = options
  const open = new Map<string, Listener>()
  const failures = new Set<string>()
  let isKeeperDue = false

  /** The new keeper has everything before the old one goes. */
  const keep = (): void => {
    isKeeperDue = false
    mortal.passes('before a keeper')
    const kept = new Set(open.values())
    for (const listener of kept) listener.inKeeper = true
    network.isKeeperLost = false
    mortal.passes('after a keeper')
    for (const listener of network.listeners) if (!kept.has(listener)) listener.inKeeper = false
  }

  const changed = (): void => {
    if (isKeeperDue) return
    isKeeperDue = true
    later(0, keep)
  }

  const openShared = (socket: Socket): Listener | null => {
    const { key } = socket
    const there = open.get(key)
    const listener = there ?? network.listen(key)
    if (listener === null) {
      failures.add(key)
      return null
    }
    if (there === undefined) {
      mortal.passes('after listening')
      open.set(key, listener)
      failures.delete(key)
      changed()
    }
    hear({ type: 'socket.opened', key, socket, ...stamp() })
    return listener
  }

  const closeShared = (key: string): void => {
    const listener = open.get(key)
    failures.delete(key)
    if (listener !== undefined) {
      open.delete(key)
      changed()
      listener.inTree = false
    }
    hear({ type: 'socket.closed', key, ...stamp() })
  }

  const giveOne = (socket: Socket): Listener | null => {
    const there = open.get(socket.key)
    if (there !== undefined) return there
    return failures.has(socket.key) ? null : openShared(socket)
  }

  return {
    perform: effect =>
      effect.type === 'openSocket' ? void openShared(effect.socket) : closeShared(effect.key),
    adopt: found => {
      for (const { key, listener } of found) {
        listener.inTree = true
        open.set(key, listener)
      }
      if (found.length > 0) changed()
    },
    give: sockets => {
      const given: Listener[] = []
      for (const socket of sockets.filter(({ reusePort }) => !reusePort)) {
        const listener = giveOne(socket)
        if (listener === null) return null
        given.push(listener)
      }
      return given
    },
    closeShared,
    keeperDied: () => later(keeperPauseMs, keep),
    close: () => {
      network.closeTree()
      network.closeKeeper()
      open.clear()
    },
  }
}

export const holdSockets = (process: Process, given: readonly Listener[]): void => {
  for (const listener of given) listener.knots.push(process)
}
