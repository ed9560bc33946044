/**
 * A file replaced whole: whatever kills us, and if the power fails, either the old or the new one
 * is there. Throws what the file system throws.
 */
import {
  closeSync,
  fchmodSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'

/** `owner` marks the temporary file; whoever holds the lock of that name may remove others. */
export const stage = (target: string, owner: string, text: string, mode: number): string => {
  const directory = dirname(target)
  removeStaged(directory, owner)
  const staged = join(directory, `${prefixOf(owner)}${process.pid}`)
  const fd = openSync(staged, 'wx', 0o600)
  try {
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length; at += writeSync(fd, bytes, at));
    fchmodSync(fd, mode & 0o7777)
    fsyncSync(fd)
  } catch (error) {
    rmSync(staged, { force: true })
    throw error
  } finally {
    closeSync(fd)
  }
  return staged
}

export const commit = (staged: string, target: string): void => {
  try {
    renameSync(staged, target)
  } catch (error) {
    rmSync(staged, { force: true })
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

/** What one that was killed has left. */
const removeStaged = (directory: string, owner: string): void => {
  for (const name of readdirSync(directory))
    if (name.startsWith(prefixOf(owner))) rmSync(join(directory, name), { force: true })
}

/** Hidden, and never taken for a configuration; the original's has no second dot. */
const prefixOf = (owner: string): string => `.tmp.${owner}.`
