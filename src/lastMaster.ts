/**
 * The last master configuration a supervisor has taken, kept in its runtime directory. Where the
 * present one cannot be used, a start goes on with that: who supervises a hundred containers must
 * not be ended by a slip of the pen.
 */
import { closeSync, constants, fstatSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { lstatSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { runtimeDirsInUse } from '../native/runtimeDirs.ts'
import { settingsFrom } from './evaluate/settings.ts'
import type { Settings } from './evaluate/settings.ts'
import { fromHere } from '../native/here.ts'

/** Tells the next image of this process where to look. */
const variable = 'LITHOS_RUNTIME_DIR'
const usualPlace = '/run/lithos'

const keptIn = (runtimeDir: string): string => join(runtimeDir, 'good', 'master.json')

interface Kept {
  readonly file: string
  readonly text: string
}

export const rememberPlace = ({ places }: Settings): void => {
  process.env[variable] = places.runtimeDir
}

/** Throws what the file system throws. */
export const keepMaster = ({ file, text, places }: Settings): void => {
  const path = keptIn(places.runtimeDir)
  const kept: Kept = { file: fromHere(file), text }
  const json = JSON.stringify(kept)
  if (readKept(path) === json) return
  mkdirSync(dirname(path), { mode: 0o700, recursive: true })
  writeFileSync(`${path}.new`, json, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

export interface LastMaster {
  readonly settings: Settings
  /** The file it was found in. */
  readonly path: string
}

/** Null: there is none, or none that can be trusted. */
export const findLastMaster = (masterFile: string): LastMaster | null => {
  const handed = process.env[variable]
  for (const directories of [
    () => (handed === undefined ? [] : [handed]),
    () => [usualPlace],
    () => runtimeDirsInUse(masterFile),
  ])
    for (const directory of directories()) {
      const found = readIn(directory, masterFile)
      if (found !== null) return found
    }
  return null
}

const readIn = (runtimeDir: string, masterFile: string): LastMaster | null => {
  const path = keptIn(runtimeDir)
  const json = readKept(path)
  if (json === null) return null
  try {
    const { file, text } = JSON.parse(json) as Kept
    if (file !== fromHere(masterFile)) return null
    const { value } = settingsFrom(masterFile, text)
    return value === null || value.places.runtimeDir !== runtimeDir
      ? null
      : { settings: value, path }
  } catch {
    return null
  }
}

/** Only what nobody else can have written: it says what runs as root. */
const readKept = (path: string): string | null => {
  let fd: number
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch {
    return null
  }
  try {
    const isOurs = [fstatSync(fd), lstatSync(dirname(path))].every(
      ({ uid, mode }) => uid === process.geteuid?.() && (mode & 0o022) === 0,
    )
    return isOurs ? readFileSync(fd, 'utf8') : null
  } catch {
    return null
  } finally {
    closeSync(fd)
  }
}
