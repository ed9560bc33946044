/**
 * A file replaced whole: whatever kills us, and if the power fails, either the old or the new one
 * is there. Throws what the file system throws.
 */
import {
  closeSync,
  fchmodSync,
  fsync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { isAlive } from '../../native/proc.ts'

export interface Staged {
  readonly path: string
  /** The disk has it; rejects with what the file system says. */
  readonly isSafe: Promise<void>
  readonly discard: () => void
}

/**
 * Only whoever holds the lock of `owner` may call this. It returns before the disk has it, so
 * that something else can be done meanwhile.
 */
export const stage = (target: string, owner: string, text: string, mode: number): Staged => {
  const directory = dirname(target)
  removeStaged(directory, owner)
  const path = join(directory, `.tmp.${owner}.${process.pid}`)
  const discard = (): void => rmSync(path, { force: true })
  const fd = openSync(path, 'wx', 0o600)
  try {
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length; at += writeSync(fd, bytes, at));
    fchmodSync(fd, mode & 0o7777)
  } catch (error) {
    closeSync(fd)
    discard()
    throw error
  }
  const isSafe = new Promise<void>((resolve, reject) =>
    fsync(fd, error => {
      closeSync(fd)
      if (error === null) return resolve()
      discard()
      reject(error)
    }),
  )
  isSafe.catch(() => {})
  return { path, isSafe, discard }
}

export const commit = ({ path, discard }: Staged, target: string): void => {
  try {
    renameSync(path, target)
  } catch (error) {
    discard()
    throw error
  }
}

/** The name survives a power failure from here on. */
export const settle = (target: string): void => {
  const fd = openSync(dirname(target), 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** What others have left that were killed: earlier ones of this owner, and the dead of any. */
const removeStaged = (directory: string, owner: string): void => {
  for (const name of readdirSync(directory)) {
    const [, whose, pid] = stagedName.exec(name) ?? []
    if (whose === undefined || (whose !== owner && isAlive(Number(pid)))) continue
    rmSync(join(directory, name), { force: true })
  }
}

/** Hidden, and never taken for a configuration; the original's has no second dot. */
const stagedName = /^\.tmp\.(.+)\.(\d+)$/
