/**
 * One switch of a sandbox at a time. The lock is on the file of the sandbox itself, so nothing is
 * left behind, and it ends with its holder however that ends.
 */
import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import { lock } from '../../native/files.ts'

const againMs = 20

/** Null: it is held by another until the patience is over. Throws if the file cannot be opened. */
export const takeTurn = async (
  file: string,
  patienceMs: number,
  onWait: () => void,
): Promise<{ readonly release: () => void } | null> => {
  const began = process.hrtime.bigint()
  for (let isFirst = true; ; isFirst = false) {
    const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
    if (E.isRight(lock(fd, file)) && isSame(fd, file)) return { release: () => closeSync(fd) }
    closeSync(fd)
    if (Number(process.hrtime.bigint() - began) / 1e6 >= patienceMs) return null
    if (isFirst) onWait()
    await setTimeout(againMs)
  }
}

/** Somebody may have replaced the file, and then others lock another one. */
const isSame = (fd: number, file: string): boolean => {
  const [ours, there] = [fstatSync(fd), statSync(file, { throwIfNoEntry: false })]
  return there?.ino === ours.ino && there.dev === ours.dev
}
