/**
 * Rotates a log that others append to, without losing a byte of it and without asking them:
 *
 *   1  the beginning, up to the end of a line, is copied to FILE.rotating, and synced
 *   2  FILE.1 becomes FILE.2 and so on; the copy becomes FILE.1, or FILE.1.gz
 *   3  the beginning is cut off the file, in which all who have it open go on
 *
 * Whoever is killed on the way has lost nothing: before 2 nothing has happened; between 2 and 3,
 * two calls in a row, a piece stands in both. Where the file system cannot cut (neither ext4 nor
 * XFS), the file is renamed to FILE.1 instead; who has it open goes on in there until it opens the
 * new one, and it is compressed, or deleted, when nobody can write to it any more.
 */
import { createReadStream, createWriteStream } from 'node:fs'
import { constants, open, rename, rm, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { cutBeginning, hasWriter } from '../native/cutFile.ts'

export interface RotateOptions {
  /** How many old ones are kept. */
  readonly count: number
  readonly isCompressed: boolean
}

/**
 * `renamed`: who has it open has to be told to open it anew. `unchanged`: there is too little in
 * it, or the oldest is still written to. Rejects with what the file system says.
 */
export type Rotated = 'cut' | 'renamed' | 'unchanged'

export const rotate = async (path: string, options: RotateOptions): Promise<Rotated> => {
  const file = await openRegular(path, constants.O_RDWR)
  if (file === null) return 'unchanged'
  try {
    const { size, blksize } = await file.stat()
    const whole = Math.floor((size - 1) / blksize) * blksize
    if (!(await canCut(dirname(path), blksize))) {
      if (size === 0 || !(await makeWay(path, options.count))) return 'unchanged'
      await rename(path, `${path}.1`)
      return 'renamed'
    }
    if (whole <= 0 || !(await isWayFree(path, options.count))) return 'unchanged'
    const end = await endOfLine(file, whole, size)
    const copy = await copyAside(path, end, options.isCompressed)
    await makeWay(path, options.count)
    await rename(copy, options.isCompressed ? `${path}.1.gz` : `${path}.1`)
    // The rest of a line whose beginning goes: it is in the copy.
    if (end > whole) await file.write(Buffer.alloc(end - whole - 1, ' '), 0, end - whole - 1, whole)
    const code = await cutBeginning(file.fd, whole)
    if (code !== null) throw Object.assign(new Error(`${code}: fallocate ${path}`), { code })
    return 'cut'
  } finally {
    await file.close()
  }
}

/** Those that were renamed, once nobody writes to them any more. */
export const compressOld = async (path: string, { count }: RotateOptions): Promise<void> => {
  for (let number = 1; number <= count; number++) {
    const old = `${path}.${number}`
    if (await isWritten(old)) continue
    const found = await stat(old).catch(() => null)
    if (found === null || !found.isFile()) continue
    await rename(await copyAside(old, found.size, true), `${old}.gz`)
    await rm(old)
  }
}

/** Whether the oldest may go. */
const isWayFree = async (path: string, count: number): Promise<boolean> =>
  !(await isWritten(`${path}.${count}`))

const makeWay = async (path: string, count: number): Promise<boolean> => {
  if (!(await isWayFree(path, count))) return false
  for (const end of ['', '.gz']) await rm(`${path}.${count}${end}`, { force: true })
  for (let number = count - 1; number >= 1; number--)
    for (const end of ['', '.gz'])
      await rename(`${path}.${number}${end}`, `${path}.${number + 1}${end}`).catch(unlessAbsent)
  return true
}

/** A pipe, a device or a link was put there by somebody who knows why. */
const openRegular = async (path: string, how: number): Promise<FileHandle | null> => {
  const file = await open(path, how | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ELOOP' || error.code === 'ENXIO') return null
      throw error
    },
  )
  if (file === null || (await file.stat()).isFile()) return file
  await file.close()
  return null
}

const isWritten = async (path: string): Promise<boolean> => {
  const file = await openRegular(path, constants.O_RDONLY)
  if (file === null) return false
  try {
    return hasWriter(file.fd)
  } finally {
    await file.close()
  }
}

const lineBytesMax = 65_536

/** The end of the line in which byte `from` stands; `from` itself where that is too far away. */
const endOfLine = async (file: FileHandle, from: number, size: number): Promise<number> => {
  const room = Buffer.alloc(Math.min(lineBytesMax, size - from) + 1)
  const { bytesRead } = await file.read(room, 0, room.length, from - 1)
  const found = room.subarray(0, bytesRead).indexOf(10)
  return found === -1 ? from : from + found
}

/** What it makes is complete and on the disk, or not there. */
const copyAside = async (path: string, bytes: number, isCompressed: boolean): Promise<string> => {
  const aside = `${path}.rotating`
  const { mode, uid, gid } = await stat(path)
  await rm(aside, { force: true })
  try {
    const steps: Transform[] = []
    // Loaded when it is needed: few need it.
    if (isCompressed) steps.push((await import('node:zlib')).createGzip())
    const to = createWriteStream(aside, { flags: 'wx', mode: mode & 0o777, flush: true })
    await pipeline([createReadStream(path, { end: bytes - 1 }), ...steps, to])
    const made = await open(aside, 'r')
    await made.chown(uid, gid).finally(() => made.close())
    return aside
  } catch (error) {
    await rm(aside, { force: true })
    throw error
  }
}

const places = new Map<string, boolean>()

/** Tried once for each directory, with a file of two blocks. */
const canCut = async (directory: string, block: number): Promise<boolean> => {
  const known = places.get(directory)
  if (known !== undefined) return known
  const path = join(directory, `.rotating.${process.pid}`)
  const file = await open(path, 'w+', 0o600)
  try {
    await file.write(Buffer.alloc(2 * block), 0, 2 * block, 0)
    const can = (await cutBeginning(file.fd, block)) === null
    places.set(directory, can)
    return can
  } finally {
    await file.close()
    await rm(path, { force: true })
  }
}

const unlessAbsent = (error: NodeJS.ErrnoException): void => {
  if (error.code !== 'ENOENT') throw error
}
