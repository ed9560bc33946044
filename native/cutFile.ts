/**
 * Two things that a log under rotation is asked, and the kernel alone can answer: to lose its
 * beginning while others append to it, and whether anybody still can.
 */
import { errnoName } from './attempt.ts'
import * as libc from './libc.ts'

const FALLOC_FL_COLLAPSE_RANGE = 8
const [F_RDLCK, F_UNLCK] = [0, 2]
const [F_SETSIG, F_SETLEASE] = [10, 1024]
const SIGURG = 23

/**
 * Removes the first `bytes`, whole blocks, in one step: what is appended meanwhile stays. Null, or
 * the code of an error: EOPNOTSUPP and EINVAL where a file system cannot.
 */
export const cutBeginning = (fd: number, bytes: number): Promise<string | null> =>
  new Promise((resolve, reject) =>
    libc.lithosCut(fd, FALLOC_FL_COLLAPSE_RANGE, 0, bytes, (error: unknown, result: number) =>
      error !== null && error !== undefined
        ? reject(error)
        : resolve(result === 0 ? null : errnoName(-result)),
    ),
  )

/**
 * Whether somebody has it open for writing, in any namespace: nobody else can lease it to read.
 * `fd` is open for reading only. A file system without leases says yes.
 */
export const hasWriter = (fd: number): boolean => {
  // Who opens it while we have it would interrupt us by SIGIO, which ends a process.
  libc.fcntl(fd, F_SETSIG, SIGURG)
  if (libc.fcntl(fd, F_SETLEASE, F_RDLCK) === -1) return true
  libc.fcntl(fd, F_SETLEASE, F_UNLCK)
  return false
}
