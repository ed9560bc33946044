/**
 * The listening sockets: opens and closes them, hands them to those who are launched, and sees to
 * it that they outlive us. That they do so has three reasons: the next image of this process
 * inherits them, the knots of those who use them hold copies, and a keeper holds all of them, a
 * process that does nothing else (native/keep.c). Whoever comes after us looks there.
 */
import { closeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import type { Effect, Hear, Socket } from '../machines/vocabulary.ts'
import type { CallFailed } from '../native/attempt.ts'
import { createPoll } from '../native/epoll.ts'
import type { Poll } from '../native/epoll.ts'
import * as pidfd from '../native/pidfd.ts'
import type { Pidfd } from '../native/pidfd.ts'
import { adjust, keptMax, listen, startKeeper } from '../native/sockets.ts'

type OpenOrClose = Extract<Effect, { readonly type: 'openSocket' | 'closeSocket' }>

export interface SocketsOptions {
  readonly stamp: () => { readonly at: number; readonly mono: number }
  /** By which the keeper is known to be ours. */
  readonly masterFile: string
  /** These descriptors, and no others of ours, are for the next image. */
  readonly keep: (fds: readonly number[]) => void
  /** A service manager may hold copies, too. */
  readonly store: (key: string, fd: number) => void
  readonly unstore: (key: string) => void
  readonly warn: (text: string) => void
}

export interface Inherited {
  readonly key: string
  readonly fd: number
}

export interface Sockets {
  readonly perform: (effect: OpenOrClose) => void
  /** What an earlier life has left, and the keepers that have it, which are done with then. */
  readonly adopt: (inherited: readonly Inherited[], keepers: readonly Pidfd[]) => void
  /** A descriptor for one start; `own`: to be closed by the caller once it has been given. */
  readonly give: (socket: Socket) => E.Either<CallFailed, Given>
  /** Everything is closed, and the keeper is gone when this resolves. */
  readonly close: () => Promise<void>
}

export interface Given {
  readonly fd: number
  readonly own: boolean
}

interface Keeper {
  readonly pidfd: Pidfd
  readonly tag: number
}

/** A keeper that is killed again and again is not replaced more often than this. */
const keeperPauseMs = 200
/** How long the last keeper may take to die before we go without having seen it. */
const patienceMs = 500

export const createSockets = (hear: Hear, options: SocketsOptions): Sockets => {
  const { stamp, masterFile, warn } = options
  const open = new Map<string, number>()
  /** Why what was asked for is not there. */
  const failures = new Map<string, CallFailed>()
  let keepers: readonly Keeper[] = []
  let poll: Poll | null = null
  let lastTag = 0
  let pending: ReturnType<typeof setImmediate> | null = null
  let pause: ReturnType<typeof setTimeout> | null = null

  // ---- what survives us --------------------------------------------------------------------

  /** For the next image at once; for the keeper when all of this turn are known. */
  const changed = (): void => {
    options.keep([...open.values()])
    pending ??= setImmediate(() => {
      pending = null
      keep()
    })
  }

  /** Opened, and held by nobody but us. */
  let isUnkept = false

  /** Before anybody serves on it: from then on clients come, and we and he may end together. */
  const keepNow = (): void => {
    if (!isUnkept) return
    if (pending !== null) clearImmediate(pending)
    pending = null
    keep()
  }

  /** The new ones have everything before the old ones go. */
  const keep = (): void => {
    isUnkept = false
    const fds = [...open.values()]
    const old = keepers
    const started: Keeper[] = []
    for (let first = 0; first < fds.length; first += keptMax) {
      const born = startKeeper(masterFile, fds.slice(first, first + keptMax))
      if (E.isLeft(born)) {
        const { call, code } = born.left
        warn(`Sockets will not survive the death of this process: keeper: ${call}: ${code}`)
        started.forEach(end)
        return
      }
      started.push(watch(born.right.pidfd))
    }
    keepers = started
    old.forEach(end)
  }

  const watch = (pidfd: Pidfd): Keeper => {
    poll ??= createPoll(tags => tags.forEach(bury))
    const keeper = { pidfd, tag: (lastTag += 1) }
    poll.add(pidfd, keeper.tag, 'once')
    dying.set(keeper.tag, keeper)
    return keeper
  }

  /** Until they have been seen to end. */
  const dying = new Map<number, Keeper>()

  const end = (keeper: Keeper): void => void pidfd.signal(keeper.pidfd, 'SIGKILL')

  const bury = (tag: number): void => {
    const keeper = dying.get(tag)
    if (keeper === undefined) return
    dying.delete(tag)
    pidfd.wait(keeper.pidfd, false)
    pidfd.close(keeper.pidfd)
    if (!keepers.includes(keeper)) return
    keepers = keepers.filter(other => other !== keeper)
    warn('The keeper of the sockets has ended; another one is started')
    pause ??= setTimeout(() => {
      pause = null
      keep()
    }, keeperPauseMs)
  }

  // ---- opening and closing -----------------------------------------------------------------

  const opened = (socket: Socket, fd: number): void => {
    const { key } = socket
    open.set(key, fd)
    failures.delete(key)
    isUnkept = true
    changed()
    options.store(key, fd)
    hear({ type: 'socket.opened', key, socket, ...stamp() })
  }

  const openShared = (socket: Socket): E.Either<CallFailed, number> => {
    const there = open.get(socket.key)
    const result = there === undefined ? listen(socket) : adjust(there, socket)
    if (E.isLeft(result)) {
      if (there === undefined) failures.set(socket.key, result.left)
      else warn(`Socket ${socket.key} stays as it is: ${result.left.call}: ${result.left.code}`)
    } else if (there === undefined) opened(socket, result.right)
    else hear({ type: 'socket.opened', key: socket.key, socket, ...stamp() })
    return result
  }

  const closeShared = (key: string): void => {
    const fd = open.get(key)
    failures.delete(key)
    if (fd !== undefined) {
      open.delete(key)
      changed()
      options.unstore(key)
      closeSync(fd)
    }
    hear({ type: 'socket.closed', key, ...stamp() })
  }

  const give = (socket: Socket): E.Either<CallFailed, Given> => {
    if (socket.reusePort) return E.map((fd: number) => ({ fd, own: true }))(listen(socket))
    keepNow()
    const fd = open.get(socket.key)
    if (fd !== undefined) return E.right({ fd, own: false })
    const failure = failures.get(socket.key)
    if (failure !== undefined) return E.left(failure)
    // Nobody has tried: the configuration was found changed only at this start.
    const opened = openShared(socket)
    keepNow()
    return E.map((fd: number) => ({ fd, own: false }))(opened)
  }

  return {
    perform: effect =>
      effect.type === 'openSocket' ? void openShared(effect.socket) : closeShared(effect.key),

    adopt: (inherited, former) => {
      for (const { key, fd } of inherited) {
        open.set(key, fd)
        options.store(key, fd)
      }
      keepers = former.map(watch)
      if (open.size > 0 || former.length > 0) changed()
    },

    give,

    close: async () => {
      if (pending !== null) clearImmediate(pending)
      if (pause !== null) clearTimeout(pause)
      for (const [key, fd] of open) {
        options.unstore(key)
        closeSync(fd)
      }
      open.clear()
      options.keep([])
      keepers = []
      for (const keeper of dying.values()) end(keeper)
      for (let waited = 0; dying.size > 0 && waited < patienceMs; waited += 1) await sleep(1)
      poll?.close()
    },
  }
}
