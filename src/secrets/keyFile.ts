/**
 * The file of private keys that a sandbox names. It is read for every start, so that a key that
 * was replaced is used at once, and kept nowhere. Whoever else could read it would know all
 * secrets: so it must be root's alone.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import { parsePrivateKeys } from './privateKeys.ts'
import type { PrivateKey } from './privateKeys.ts'
import { wipe } from './wipe.ts'

export interface KeyFileFailed {
  readonly message: string
  /** The errno of a call, or the one that says best what is wrong. */
  readonly code: string
}

type Outcome<T> = E.Either<KeyFileFailed, T>

const KEY_FILE_BYTES_MAX = 256 * 1024

/** The keys are the caller's to wipe. */
export const readKeyFile = (path: string): Outcome<readonly PrivateKey[]> => {
  const bytes = readBytes(path)
  if (E.isLeft(bytes)) return bytes
  const keys = parsePrivateKeys(bytes.right)
  wipe(bytes.right)
  return E.isLeft(keys) ? E.left(failure(path, keys.left, 'EINVAL')) : keys
}

const failure = (path: string, reason: string, code: string): KeyFileFailed => ({
  message: `Error decoding private keys: ${path}: ${reason}`,
  code,
})

const readBytes = (path: string): Outcome<Buffer> => {
  let fd: number | null = null
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const stats = fstatSync(fd)
    const wrong = whyNotSafe(stats)
    if (wrong !== null) return E.left(failure(path, wrong, 'EPERM'))
    if (!stats.isFile()) return E.left(failure(path, 'it is no regular file', 'EINVAL'))
    if (stats.size > KEY_FILE_BYTES_MAX) return E.left(failure(path, 'it is too large', 'EFBIG'))
    const bytes = Buffer.allocUnsafeSlow(stats.size)
    let length = 0
    for (let got = -1; got !== 0 && length < bytes.length; length += got)
      got = readSync(fd, bytes, length, bytes.length - length, null)
    return E.right(bytes.subarray(0, length))
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'EIO'
    return E.left(failure(path, reasons[code] ?? `it cannot be read: ${code}`, code))
  } finally {
    if (fd !== null) closeSync(fd)
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'it cannot be read: permission denied',
}

const BEYOND_OWNER = 0o777 & ~0o600

/** Null where nobody but root can read or change it. */
export const whyNotSafe = ({
  uid,
  mode,
}: {
  readonly uid: number
  readonly mode: number
}): string | null => {
  if (uid !== 0) return `Key must be owned by root, and it belongs to user ${uid}`
  if ((mode & BEYOND_OWNER) === 0) return null
  const shown = (mode & 0o777).toString(8).padStart(4, '0')
  return `Key's mode must be 0600, and it is ${shown}`
}
