/** A connection to a unix socket, made at once: `node:net` takes longer to load than the call. */
import { closeSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import { answer, attempt } from './attempt.ts'
import type { CallFailed } from './attempt.ts'
import * as libc from './libc.ts'

const family = 1
const types = { stream: 1, datagram: 2 } as const
const nonBlocking = 0o4000
const closeOnExec = 0o2000000
/** What the kernel has room for, with the zero at the end. */
const pathBytesMax = 108

/** A descriptor that does not block. EAGAIN: there are too many who wait to be accepted. */
export const connectUnix = (
  path: string,
  type: keyof typeof types = 'stream',
): E.Either<CallFailed, number> => {
  const address = Buffer.alloc(2 + pathBytesMax)
  address.writeUInt16LE(family)
  if (address.write(path, 2) >= pathBytesMax)
    return E.left({ _tag: 'CallFailed', call: 'connect', code: 'ENAMETOOLONG', about: path })
  const fd = attempt('socket', path, () =>
    libc.socket(family, types[type] | nonBlocking | closeOnExec, 0),
  )
  if (E.isLeft(fd)) return fd
  const connected = attempt('connect', path, () => libc.connect(fd.right, address, address.length))
  if (E.isRight(connected)) return fd
  closeSync(fd.right)
  return connected
}

/**
 * One datagram over a connected socket, now or not at all: EAGAIN where nobody reads, EMSGSIZE
 * where it is too long. A descriptor may go along.
 */
export const sendNow = (fd: number, bytes: Buffer, passed = -1): E.Either<CallFailed, number> =>
  answer('sendmsg', `descriptor ${fd}`, libc.lithosSend(fd, bytes, bytes.length, passed))
