/**
 * Which sockets there have to be: pure arithmetic of what is wanted and what is open. A socket is
 * open as long as an instance is wanted that uses it, also while that waits to be started again:
 * whoever connects then waits in the backlog instead of being refused.
 */
import type { Input, InputOf, Socket, Wanted } from '../machines/vocabulary.ts'

/** What is open in the supervisor. */
export interface OpenSocket {
  readonly key: string
  /** The options it was given; null where an earlier life of the supervisor gave them. */
  readonly socket: Socket | null
  /** Who had it, where it is older than this life. */
  readonly from: string | null
}

export type OpenSockets = ReadonlyMap<string, OpenSocket>

type SocketFact = InputOf<'socket.opened' | 'socket.closed' | 'socket.recovered'>

export const isOfSocket = (input: Input): input is SocketFact =>
  input.type === 'socket.opened' ||
  input.type === 'socket.closed' ||
  input.type === 'socket.recovered'

export const takeSocket = (open: Map<string, OpenSocket>, fact: SocketFact): void => {
  const { key } = fact
  if (fact.type === 'socket.closed') open.delete(key)
  else if (fact.type === 'socket.recovered') open.set(key, { key, socket: null, from: fact.from })
  else open.set(key, { key, socket: fact.socket, from: open.get(key)?.from ?? null })
}

/** Those that instances have in common. */
export const sharedBy = (wanted: Wanted): readonly Socket[] =>
  (wanted.sockets ?? []).filter(({ reusePort }) => !reusePort)

/**
 * What has to be opened, or given other options, before this is launched. The options of a socket
 * are those of whoever had it opened, as long as anybody wants them so.
 */
export const opensFor = (
  wanted: Wanted,
  open: OpenSockets,
  wants: () => Iterable<Wanted>,
): readonly Socket[] =>
  sharedBy(wanted).filter(socket => {
    const there = open.get(socket.key)
    if (there === undefined || there.socket === null) return true
    const before = there.socket
    if (isSame(before, socket)) return false
    return ![...wants()].some(other => sharedBy(other).some(one => isSame(one, before)))
  })

/** What nobody wants any more. `isSure`: there is no sandbox whose wishes are not known yet. */
export const unwantedOf = (
  open: OpenSockets,
  wants: Iterable<Wanted>,
  isSure: boolean,
): readonly string[] => {
  const wanted = new Set([...wants].flatMap(want => sharedBy(want).map(({ key }) => key)))
  return [...open.values()]
    .filter(({ key, from }) => !wanted.has(key) && (from === null || isSure))
    .map(({ key }) => key)
}

const isSame = (a: Socket, b: Socket): boolean =>
  a.key === b.key &&
  a.backlog === b.backlog &&
  a.reuseAddr === b.reuseAddr &&
  a.setNonBlock === b.setNonBlock &&
  a.uid === b.uid &&
  a.gid === b.gid
