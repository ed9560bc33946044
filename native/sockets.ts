/**
 * Listening TCP sockets: opened for a user, recognised among descriptors, taken out of another
 * process. A socket is named by its address, `tcp:0.0.0.0:80` or `tcp:[::1]:80`.
 */
import { closeSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import { keyOf, placeOf, writeGroups } from './addresses.ts'
import { answer, attempt, errnoName } from './attempt.ts'
import type { CallFailed } from './attempt.ts'
import { setCloseOnExec } from './files.ts'
import * as libc from './libc.ts'
import type { Pidfd } from './pidfd.ts'
import * as proc from './proc.ts'
import { spawn } from './spawn.ts'
import type { Spawned } from './spawn.ts'
import { keepPath } from './where.ts'
import { fromHere } from './here.ts'

export interface Listen {
  /** An address, as the configuration writes it. `::` is every address of both families. */
  readonly host: string
  readonly port: number
  readonly backlog: number
  readonly reuseAddr: boolean
  /** Others of the same user may listen beside it. */
  readonly reusePort: boolean
  readonly setNonBlock: boolean
  /** Whose the inode is, in the ids of the host. */
  readonly uid: number
  readonly gid: number
}

/** What failed, by the number sockets.c gives. */
const stages = ['', 'making the socket', 'setting options of', 'opening the socket', 'listening on']

const stage = new Int32Array(1)

/** Close-on-exec, like all that is ours. `call` says what was attempted, `about` on what. */
export const listen = (socket: Listen): E.Either<CallFailed, number> => {
  const { host, port, backlog, uid, gid } = socket
  const result = libc.lithosListen(host, port, backlog, flagsOf(socket), uid, gid, stage)
  if (result >= 0) return E.right(result)
  const call = stages[stage[0] as number] ?? 'opening the socket'
  return E.left({ _tag: 'CallFailed', call, code: errnoName(-result), about: placeOf(host, port) })
}

/** Gives one that listens what can be given without closing it. */
export const adjust = (fd: number, socket: Listen): E.Either<CallFailed, number> => {
  const { host, port, backlog, uid, gid } = socket
  const result = libc.lithosAdjust(fd, backlog, flagsOf(socket), uid, gid)
  return answer('setting options of', placeOf(host, port), result)
}

const flagsOf = ({ reuseAddr, reusePort, setNonBlock }: Listen): number =>
  (reuseAddr ? 1 : 0) | (reusePort ? 2 : 0) | (setNonBlock ? 4 : 0)

// ---- those that are open already -----------------------------------------------------------

export interface OpenSocket {
  readonly fd: number
  readonly key: string
  /** Two descriptors of one socket have the same. */
  readonly inode: string
}

/**
 * What we have inherited: this process itself opens none before it asks. Here and below only the
 * shared ones: a socket beside which others may listen is that of one start of a process.
 */
export const inheritedSockets = (): readonly OpenSocket[] =>
  socketsIn('self')
    .flatMap(([fd, inode]) => recognise(fd, inode))
    .filter(({ key }) => key !== inspectorKey())

/** That of Node itself, where somebody looks into us. */
const inspectorKey = (): string | null =>
  [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].some(word => word.includes('--inspect'))
    ? keyOf('127.0.0.1', process.debugPort)
    : null

/** What a process holds, as descriptors of ours. Left where we may not. */
export const takeSockets = (
  pid: number,
  pidfd: Pidfd,
  isWanted: (inode: string) => boolean,
): E.Either<CallFailed, readonly OpenSocket[]> => {
  const taken: OpenSocket[] = []
  for (const [theirs, inode] of socketsIn(pid)) {
    if (!isWanted(inode)) continue
    const about = `descriptor ${theirs} of process ${pid}`
    const copy = attempt('pidfd_getfd', about, () => libc.pidfdGetfd(pidfd, theirs, 0))
    if (E.isLeft(copy)) return copy
    const known = recognise(copy.right, inode)
    if (known.length === 0) closeSync(copy.right)
    taken.push(...known)
  }
  return E.right(taken)
}

const socketsIn = (pid: number | 'self'): readonly (readonly [fd: number, inode: string])[] =>
  proc.descriptors(pid).filter(([, target]) => target.startsWith('socket:'))

const address = Buffer.alloc(16)
const facts = new Int32Array(3)

const recognise = (fd: number, inode: string): readonly OpenSocket[] => {
  if (libc.lithosListening(fd, address, facts) !== 1 || facts[2] !== 0) return []
  setCloseOnExec(fd)
  const host =
    facts[0] === 4
      ? [...address.subarray(0, 4)].join('.')
      : writeGroups([0, 2, 4, 6, 8, 10, 12, 14].map(at => address.readUInt16BE(at)))
  return [{ fd, key: keyOf(host, facts[1] as number), inode }]
}

// ---- who holds copies for us ---------------------------------------------------------------

/** A program that sleeps for ever with these descriptors open, and outlives us; see keep.c. */
export const startKeeper = (
  masterFile: string,
  fds: readonly number[],
): E.Either<CallFailed, Spawned> =>
  spawn({
    path: keepPath,
    // Whose it is must not depend on where one looks from.
    argv: ['lithos_keep', '--master', fromHere(masterFile)],
    env: [],
    fds: new Map(fds.map((fd, index) => [index + firstKept, fd])),
    namespaces: [],
  })

const firstKept = 3

/** So many descriptors can be given to one child. */
export const keptMax = 250

// ---- sd_notify -----------------------------------------------------------------------------

/** `path`: what NOTIFY_SOCKET says. The descriptor goes along with the text. */
export const notify = (path: string, text: string, fd = -1): E.Either<CallFailed, number> =>
  answer('sd_notify', path, libc.lithosNotify(path, text, fd))
