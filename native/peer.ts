/** Who is at the other end of a unix socket, as the kernel saw it when the connection was made. */
import * as E from 'fp-ts/lib/Either.js'
import { attempt } from './attempt.ts'
import type { CallFailed } from './attempt.ts'
import * as libc from './libc.ts'

export interface Peer {
  readonly pid: number
  readonly uid: number
  readonly gid: number
}

const ofSockets = 1
const peerCredentials = 17

export const peerOf = (socket: number): E.Either<CallFailed, Peer> => {
  const credentials = new Int32Array(3)
  const length = new Uint32Array([credentials.byteLength])
  const outcome = attempt('getsockopt', 'SO_PEERCRED', () =>
    libc.getsockopt(socket, ofSockets, peerCredentials, credentials, length),
  )
  if (E.isLeft(outcome)) return outcome
  const [pid = 0, uid = 0, gid = 0] = credentials
  // Ids are unsigned; a pid from outside our namespace is 0.
  return E.right({ pid, uid: uid >>> 0, gid: gid >>> 0 })
}
