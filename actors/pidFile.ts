/**
 * master.pid: the pid of the supervisor, in decimal, and the lock by which there is only one.
 * The lock is on the file itself, so it ends with us however we end, and a pid that has gone to
 * another process keeps nobody out. The descriptor may be kept across an exec in place; then
 * the lock is never let go.
 *
 *     lock      pid in the file              decision
 *     free      none, ours, or dead          taken
 *     free      of a living lithos_tree      refused: one of the original, which does not lock
 *     free      of anything else             taken: the number was used again
 *     held      any                          refused
 */
import { closeSync, constants, fstatSync, ftruncateSync, openSync } from 'node:fs'
import { readSync, statSync, writeSync } from 'node:fs'
import { basename } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import * as files from '../native/files.ts'
import { commandLine, isAlive } from '../native/proc.ts'

export interface PidFile {
  /** To be kept across an exec in place. */
  readonly fd: number
  /** Lets the lock go. The file stays, as it always has. */
  readonly close: () => void
}

/** Left is a sentence for the person who started the second supervisor. */
export const takePidFile = (path: string): E.Either<string, PidFile> => {
  const opened = openPidFile(path)
  if (E.isLeft(opened)) return opened
  const fd = opened.right
  const refuse = (reason: string): E.Either<string, never> => {
    closeSync(fd)
    return E.left(reason)
  }
  const locked = files.lock(fd, path)
  const pid = readPid(fd)
  if (E.isLeft(locked)) {
    const { code } = locked.left
    return refuse(code === 'EAGAIN' ? isTaken(pid, path) : `Can't lock file "${path}": ${code}`)
  }
  // Whoever held it may have removed the file while we waited for nothing: then we lock a ghost.
  if (!isSame(fd, path)) {
    closeSync(fd)
    return takePidFile(path)
  }
  if (pid !== process.pid && isOtherTree(pid)) return refuse(isTaken(pid, path))
  try {
    writePid(fd)
  } catch (error) {
    return refuse(`Can't write file "${path}": ${(error as Error).message}`)
  }
  return E.right({ fd, close: () => closeSync(fd) })
}

const openPidFile = (path: string): E.Either<string, number> => {
  try {
    const inherited = files.findOpen(path)
    if (inherited !== null) files.setCloseOnExec(inherited)
    // Not truncated: until the lock is ours, the content is another's.
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW
    return E.right(inherited ?? openSync(path, flags, 0o644))
  } catch (error) {
    return E.left(`Can't write file "${path}": ${(error as Error).message}`)
  }
}

const isTaken = (pid: number | null, path: string): string =>
  `Master pid is ${pid ?? 'unknown'}. And there is alive process with that pid. ` +
  `Only one lithos_tree may use "${path}": stop that one, or use another runtime-dir.`

const isSame = (fd: number, path: string): boolean => {
  const [ours, there] = [fstatSync(fd), statSync(path, { throwIfNoEntry: false })]
  return there !== undefined && ours.ino === there.ino && ours.dev === there.dev
}

/** The original names itself so in its first word. */
const isOtherTree = (pid: number | null): boolean => {
  const program = pid === null || !isAlive(pid) ? undefined : commandLine(pid)?.[0]
  return program !== undefined && basename(program) === 'lithos_tree'
}

const pidBytesMax = 32

const readPid = (fd: number): number | null => {
  const buffer = Buffer.alloc(pidBytesMax)
  const text = buffer.toString('latin1', 0, readSync(fd, buffer, 0, pidBytesMax, 0))
  const digits = /^\s*(\d+)\s*$/m.exec(text)?.[1]
  return digits === undefined ? null : Number(digits)
}

/** In place, for the lock is on this inode. Readers look at the first line. */
const writePid = (fd: number): void => {
  const text = `${process.pid}\n`
  writeSync(fd, text, 0)
  ftruncateSync(fd, text.length)
}
