/**
 * The file under the hot journal: appends lines, replaces itself by a checkpoint, and knows
 * what to do when it cannot be written.
 *
 * A write that fails or falls short never stops supervision. The file is cut back to its last
 * whole line and stays behind from then on: a later turn would not follow from what stands
 * there. What heals it is a whole new file that begins with a checkpoint, and that is tried
 * when the turn is over and with later turns. It is said once when it begins and once when it
 * is over, which is not before there is room for more than the file that heals it: a disk that
 * stays full is one trouble, however often a checkpoint makes room for a few turns.
 */
import { codeOf } from './disk.ts'
import type { Disk } from './disk.ts'
import { placesIn, removeIfThere } from './recoverHot.ts'
import type { Line } from './record.ts'
import { listenForTrouble } from './trouble.ts'
import type { Listener } from './trouble.ts'

export interface HotFileOptions extends Listener {
  readonly turnBytesMax?: number
  /** Room for so many bytes of turns is the end of a trouble. */
  readonly roomBytes?: number
}

export interface HotFile {
  readonly resume: (bytes: number, checkpointBytes: number) => void
  readonly begin: (checkpoint: Line) => boolean
  /** Tells whether it is time for `begin`. */
  readonly append: (line: Line) => boolean
  /** Bytes of the turns since. */
  readonly sinceCheckpoint: () => number
  /** Whoever starts now finds every turn, by itself or in the checkpoint. */
  readonly isWhole: () => boolean
  readonly close: () => void
}

export const openHotFile = (directory: string, options: HotFileOptions, disk: Disk): HotFile => {
  const { turnBytesMax = 4 << 20, roomBytes = Math.min(16 << 10, turnBytesMax >> 2) } = options
  const places = placesIn(directory)
  let file: number | null = null
  let bytes = 0
  let checkpointBytes = 0
  let checkpointDueAt = 0
  /** Turns that the file lacks. */
  let missing = 0
  /** Those that files have lacked since the trouble began. */
  let missed = 0
  /** Healed, but there was no room for more. */
  let isTight = false
  const trouble = listenForTrouble(options)
  const fail = (error: unknown): void => {
    isTight = false
    trouble.say(places.log, codeOf(error))
  }

  /** Leaves the old file as it was unless all of the new one is there. */
  const begin = (checkpoint: Line): boolean => {
    const sinceMax = Math.max(turnBytesMax, checkpoint.bytes.length)
    let isRoom = true
    checkpointBytes = checkpoint.bytes.length
    try {
      disk.makeDirectory(directory)
      const next = createWhole(disk, places.next, places.previous, checkpoint.bytes)
      if (trouble.isOn()) isRoom = hasRoom(next)
      keepPrevious()
      try {
        disk.rename(places.next, places.log)
      } catch (error) {
        closeQuietly(disk, next)
        throw error
      }
      closeFile()
      file = next
      bytes = checkpoint.bytes.length
    } catch (error) {
      removeIfThere(disk, places.next)
      checkpointDueAt = bytes + sinceMax
      fail(error)
      return false
    }
    checkpointDueAt = bytes + sinceMax
    missed += missing
    missing = 0
    isTight = !isRoom
    if (isRoom) over()
    return true
  }

  const over = (): void => {
    trouble.over(missed)
    missed = 0
    isTight = false
  }

  /** Of a file that nobody reads yet: tries it. */
  const hasRoom = (next: number): boolean => {
    try {
      return disk.write(next, new Uint8Array(roomBytes)) === roomBytes
    } catch {
      return false
    } finally {
      disk.truncate(next, checkpointBytes)
    }
  }

  /** A file system without links costs the reader some turns, not the supervisor its journal. */
  const keepPrevious = (): void => {
    if (linkIfAbsent()) return
    removeIfThere(disk, places.previous)
    linkIfAbsent()
  }

  /** False: another file stands there. An absent hot.log leaves the previous one as it is. */
  const linkIfAbsent = (): boolean => {
    try {
      disk.link(places.log, places.previous)
      return true
    } catch (error) {
      return codeOf(error) !== 'EEXIST'
    }
  }

  const closeFile = (): void => {
    if (file !== null) closeQuietly(disk, file)
    file = null
  }

  /** Either the whole line is there or nothing of it; then the file is closed for good. */
  const write = (line: Line): boolean => {
    if (file === null) return false
    try {
      if (wasRemoved(disk, file)) throw new Error('the file was removed by someone')
      const taken = disk.write(file, line.bytes)
      if (taken < line.bytes.length) throw new Error(shortWrite(taken, line.bytes.length))
      bytes += line.bytes.length
      if (isTight && bytes - checkpointBytes >= roomBytes) over()
      return true
    } catch (error) {
      fail(error)
      cutBack(file)
      closeFile()
      return false
    }
  }

  /** Where even this fails the next start finds a torn last line and cuts it. */
  const cutBack = (torn: number): void => {
    try {
      disk.truncate(torn, bytes)
    } catch {
      return
    }
  }

  return {
    begin,
    resume: (goodBytes, firstLineBytes) => {
      bytes = goodBytes
      checkpointBytes = firstLineBytes
      checkpointDueAt = firstLineBytes + Math.max(turnBytesMax, firstLineBytes)
      try {
        file = disk.openToAppend(places.log)
        disk.truncate(file, bytes)
      } catch (error) {
        closeFile()
        fail(error)
      }
    },
    append: line => {
      if (write(line)) return bytes >= checkpointDueAt
      fail('the file is not open')
      missing += 1
      return isWorthTrying(missing, checkpointBytes)
    },
    sinceCheckpoint: () => bytes - checkpointBytes,
    isWhole: () => file !== null && missing === 0,
    close: closeFile,
  }
}

/** Only a clear answer counts: a journal that cannot be asked is written as before. */
const wasRemoved = (disk: Disk, file: number): boolean => {
  try {
    return !disk.isLinked(file)
  } catch {
    return false
  }
}

/** Old turns give way to the state now: the archive has had its time to take them. */
const createWhole = (disk: Disk, path: string, previous: string, bytes: Uint8Array): number => {
  try {
    return createOnce(disk, path, bytes)
  } catch {
    removeIfThere(disk, previous)
    return createOnce(disk, path, bytes)
  }
}

const createOnce = (disk: Disk, path: string, bytes: Uint8Array): number => {
  const file = disk.create(path)
  try {
    const taken = disk.write(file, bytes)
    if (taken < bytes.length) throw new Error(shortWrite(taken, bytes.length))
    return file
  } catch (error) {
    closeQuietly(disk, file)
    throw error
  }
}

/** What close(2) reports was reported by write(2); the number is free in any case. */
const closeQuietly = (disk: Disk, file: number): void => {
  try {
    disk.close(file)
  } catch {
    return
  }
}

const shortWrite = (taken: number, wanted: number): string =>
  `only ${taken} of ${wanted} bytes were written: no space left`

/** A large state is not encoded anew for every turn of a storm; a small one costs nothing. */
const isWorthTrying = (missing: number, checkpointBytes: number): boolean =>
  checkpointBytes <= 64 << 10 || (missing & (missing - 1)) === 0 || missing % 16 === 0
