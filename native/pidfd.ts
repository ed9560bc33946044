/**
 * A process as a file descriptor. A pid may be reused between two of our lines; a pidfd may
 * not, so every signal goes through one, and an end is seen by its becoming readable.
 */
import { closeSync } from 'node:fs'
import { constants } from 'node:os'
import * as E from 'fp-ts/lib/Either.js'
import { answer, attempt } from './attempt.ts'
import type { CallFailed } from './attempt.ts'
import * as libc from './libc.ts'
import { readStat } from './proc.ts'
import { ownUserNamespace } from './userNamespace.ts'

export type Pidfd = number & { readonly __brand: 'Pidfd' }

/** Fails with ESRCH when the process is gone: for the caller that is a fact, not an error. */
export const open = (pid: number): E.Either<CallFailed, Pidfd> =>
  attempt('pidfd_open', `process ${pid}`, () => libc.pidfdOpen(pid, 0)) as E.Either<
    CallFailed,
    Pidfd
  >

/** Also proves that the number has not gone to another process since `birth` was read. */
export const openIf = (pid: number, birth: number): Pidfd | null => {
  const opened = open(pid)
  if (E.isLeft(opened)) return null
  if (readStat(pid)?.birth === birth) return opened.right
  close(opened.right)
  return null
}

export const signal = (pidfd: Pidfd, name: NodeJS.Signals): E.Either<CallFailed, number> =>
  attempt('pidfd_send_signal', name, () => libc.pidfdSendSignal(pidfd, constants.signals[name]))

/** Alive or a zombie: its number is still its own. */
export const isThere = (pidfd: Pidfd): boolean => libc.pidfdSendSignal(pidfd, 0) === 0

export const close = (pidfd: Pidfd): void => closeSync(pidfd)

/**
 * The wait status of a child that has ended. EAGAIN while it lives, ECHILD when it is not ours.
 * `keep` leaves the zombie, so that the status may be asked for again, by our successor too.
 */
export const wait = (pidfd: Pidfd, keep: boolean): E.Either<CallFailed, number> =>
  answer('waitid', `pidfd ${pidfd}`, libc.lithosWait(pidfd, keep ? 1 : 0))

/**
 * The wait status of an ended process that is not our child: while it is a zombie, from
 * /proc; after somebody has reaped it, from the kernel's note in our pidfd. Neither alone
 * covers both times, and an old kernel keeps no notes.
 */
export const statusOfOther = (pidfd: Pidfd, pid: number, birth: number): number | null => {
  const stat = readStat(pid)
  const isZombie = stat !== null && stat.birth === birth && stat.state === 'Z'
  // Of what nobody may look into, only root of the host may know it; to others it is always 0.
  if (isZombie && (stat.exitCode !== 0 || ownUserNamespace() === null)) return stat.exitCode
  const kept = libc.lithosExitInfo(pidfd)
  return kept < 0 ? null : kept
}

/** The wait status of one that has ended, and who had it. A child stays a zombie. */
export const endOf = (
  pidfd: Pidfd,
  pid: number,
  birth: number,
): { readonly status: number; readonly keptBy: 'child' | 'kernel' } | null => {
  const child = wait(pidfd, true)
  if (E.isRight(child)) return { status: child.right, keptBy: 'child' }
  const status = statusOfOther(pidfd, pid, birth)
  return status === null ? null : { status, keptBy: 'kernel' }
}
