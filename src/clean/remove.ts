/**
 * Removing directories of images. Each is first renamed to a hidden name beside it: a removal that
 * is cut short leaves no image that looks whole, and the next one goes on with it.
 */
import { randomBytes } from 'node:crypto'
import { renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { identityOf, rootsInUse } from './inUse.ts'
import { doomedPrefix } from './scan.ts'

/** Why it could not be removed, or null. */
export const removeImage = (path: string): string | null => {
  try {
    // It may have been started since it was found unused.
    if (rootsInUse().has(identityOf(path) ?? '')) return 'it is in use now'
    return removeDoomed(path, doom(path))
  } catch (error) {
    return (error as Error).message
  }
}

/** What an earlier removal has left. */
export const removeDoomed = (path: string, doomed = path): string | null => {
  try {
    rmSync(doomed, { recursive: true })
    return null
  } catch (error) {
    return `${(error as Error).message}${doomed === path ? '' : `; the rest of it is ${doomed}`}`
  }
}

const doom = (path: string): string => {
  const unique = randomBytes(4).toString('hex')
  const doomed = join(dirname(path), `${doomedPrefix}${unique}.${basename(path)}`)
  renameSync(path, doomed)
  return doomed
}
