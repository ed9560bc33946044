/** Files as Linux has them and Node does not: locks, memory files, room reserved in advance. */
import {
  closeSync,
  fstatSync,
  lstatSync,
  readdirSync,
  readFileSync,
  statSync,
  writeSync,
} from 'node:fs'
import type { Stats } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import { attempt } from './attempt.ts'
import type { CallFailed } from './attempt.ts'
import * as libc from './libc.ts'

const lockSharedWith = 1
const lockExclusive = 2
const lockNonBlocking = 4
const closeOnExec = 1
const setDescriptorFlags = 2

/**
 * A lock that lives as long as any descriptor of this opening of the file, so it is inherited
 * and ends with the last heir. EAGAIN: somebody else holds it.
 */
export const lock = (fd: number, about: string): E.Either<CallFailed, number> =>
  attempt('flock', about, () => libc.flock(fd, lockExclusive | lockNonBlocking))

/** Not alone, and waiting for who is: nobody is so for longer than a moment. */
export const lockShared = (fd: number, about: string): E.Either<CallFailed, number> =>
  attempt('flock', about, () => libc.flock(fd, lockSharedWith))

/** Null: nothing that could be looked at, also where the way leads through a file or in circles. */
export const statsOf = (path: string): Stats | null => looked(() => statSync(path))

/** Of a link itself. */
export const ownStatsOf = (path: string): Stats | null => looked(() => lstatSync(path))

const looked = (look: () => Stats): Stats | null => {
  try {
    return look()
  } catch {
    return null
  }
}

export const isTerminal = (fd: number): boolean => libc.isatty(fd) === 1

/**
 * Who has locked it, by pid as we see it; null: nobody, or nobody that we can see. Asked of the
 * kernel's list: trying it would take the lock for a moment from whoever starts just then.
 */
export const lockHolder = (path: string): number | null => {
  const file = statSync(path, { throwIfNoEntry: false })
  if (file === undefined) return null
  // `1: FLOCK  ADVISORY  WRITE PID MAJOR:MINOR:INODE 0 EOF`; btrfs has other numbers of devices.
  const held = readFileSync('/proc/locks', 'utf8')
    .split('\n')
    .map(line => /: FLOCK +ADVISORY +WRITE (\d+) [\da-f]+:[\da-f]+:(\d+) /.exec(line))
    .find(found => found?.[2] === String(file.ino))
  const pid = Number(held?.[1] ?? 0)
  return pid > 0 ? pid : null
}

/** A file of memory only, holding `bytes`, read from its beginning by whoever gets it. */
export const memoryFile = (
  name: string,
  bytes: Buffer,
  flags = closeOnExec,
): E.Either<CallFailed, number> => {
  const made = attempt('memfd_create', name, () => libc.memfdCreate(name, flags))
  if (E.isLeft(made)) return made
  try {
    // At a position: the offset is shared with the reader, and has to stay at zero.
    writeSync(made.right, bytes, 0, bytes.length, 0)
    return made
  } catch (error) {
    closeSync(made.right)
    const code = (error as NodeJS.ErrnoException).code ?? 'EIO'
    return E.left({ _tag: 'CallFailed', call: 'write', code, about: name })
  }
}

const allowSealing = 2
const addSeals = 1033
/** No seals, no other size, no other content. */
const allSeals = 15

/** One that nobody can change any more, for a reader who would not trust it otherwise. */
export const sealedFile = (name: string, bytes: Buffer): E.Either<CallFailed, number> => {
  const made = memoryFile(name, bytes, closeOnExec | allowSealing)
  if (E.isRight(made)) libc.fcntl(made.right, addSeals, allSeals)
  return made
}

export const setCloseOnExec = (fd: number): E.Either<CallFailed, number> =>
  attempt('fcntl', `descriptor ${fd}`, () => libc.fcntl(fd, setDescriptorFlags, closeOnExec))

/** A descriptor of ours that has this very file open: what an exec in place has left us. */
export const findOpen = (path: string): number | null => {
  const file = statSync(path, { throwIfNoEntry: false })
  if (file === undefined) return null
  const isIt = (fd: number): boolean => {
    try {
      const other = fstatSync(fd)
      return other.ino === file.ino && other.dev === file.dev
    } catch {
      // The descriptor that listed the directory.
      return false
    }
  }
  return (
    readdirSync('/proc/self/fd')
      .map(Number)
      .find(fd => fd > 2 && isIt(fd)) ?? null
  )
}
