/**
 * The working directory, also where it has been removed: to whoever names absolute paths that
 * makes no difference, and a supervisor that somebody started in it goes on for years.
 */
import { readlinkSync, realpathSync } from 'node:fs'
import { cwd } from 'node:process'
import { resolve } from 'node:path'

export const here = (): string => {
  try {
    return cwd()
  } catch {
    return directoryOf('self')
  }
}

export const fromHere = (path: string): string => resolve(here(), path)

/** Of a process. The kernel says behind the path that it is gone. */
export const directoryOf = (pid: number | 'self'): string => {
  try {
    return readlinkSync(`/proc/${pid}/cwd`).replace(/ \(deleted\)$/, '')
  } catch {
    return '/'
  }
}

/** Two paths may lead to it. */
export const isSameFile = (one: string, other: string): boolean =>
  one === other || realPath(one) === realPath(other)

const realPath = (path: string): string => {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}
