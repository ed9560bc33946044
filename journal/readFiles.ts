/**
 * The bytes of the journal's files, for a reader who may be slow while they are appended to,
 * compressed and dropped.
 */
import * as fs from 'node:fs'
import * as path from 'node:path'
import { createGunzip } from 'node:zlib'
import { codeOf } from './disk.ts'
import { placesIn } from './recoverHot.ts'
import { segmentsOf } from './segments.ts'
import type { Segment } from './segments.ts'

export type Bytes = AsyncIterable<Uint8Array>

export interface HotFile {
  readonly file: string
  readonly handle: fs.promises.FileHandle
}

/**
 * Held open from the beginning, so that a checkpoint meanwhile takes nothing away from us.
 * The newer one first: what is hot.log now may be hot.previous a moment later, never back.
 */
export const openHotFiles = async (directory: string): Promise<ReadonlyArray<HotFile>> => {
  const { log, previous } = placesIn(directory)
  const files: HotFile[] = []
  for (const file of [log, previous]) {
    const handle = await fs.promises.open(file).catch(() => null)
    if (handle !== null) files.unshift({ file, handle })
  }
  return files
}

export const listSegments = async (
  directory: string,
  sinceMs?: number,
): Promise<ReadonlyArray<Segment>> => {
  const names = await fs.promises.readdir(directory).catch(() => [])
  const segments = segmentsOf(names)
  if (sinceMs === undefined) return segments
  const isRecent = async ({ name }: Segment): Promise<boolean> => {
    const file = path.join(directory, name)
    const status = await fs.promises.stat(file).catch(() => null)
    return status === null || status.mtimeMs >= sinceMs
  }
  const recent = await Promise.all(segments.map(isRecent))
  return segments.filter((_, index) => recent[index])
}

/** When it was last written to, milliseconds since 1970; 0 where it has been dropped. */
export const modifiedAt = async (directory: string, { name }: Segment): Promise<number> => {
  const plain = path.join(directory, name.replace(/\.gz$/, ''))
  for (const file of [plain, `${plain}.gz`]) {
    const status = await fs.promises.stat(file).catch(() => null)
    if (status !== null) return status.mtimeMs
  }
  return 0
}

/** A segment that was listed plain may have been compressed or dropped since. */
export async function* segmentBytes(
  directory: string,
  segment: Segment,
): Bytes & AsyncGenerator<Uint8Array> {
  const plain = path.join(directory, segment.name.replace(/\.gz$/, ''))
  const handle = segment.isCompressed ? null : await openIfThere(plain)
  if (handle !== null) return yield* closing(handle, bytesOf(handle))
  const packed = await openIfThere(`${plain}.gz`)
  if (packed !== null) yield* closing(packed, unpack(packed))
}

const openIfThere = async (file: string): Promise<fs.promises.FileHandle | null> => {
  try {
    return await fs.promises.open(file)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw error
  }
}

async function* closing(handle: fs.promises.FileHandle, bytes: Bytes): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes
  } finally {
    await handle.close()
  }
}

/** From the beginning, wherever the handle has been read before. */
export async function* bytesOf(handle: fs.promises.FileHandle): AsyncGenerator<Uint8Array> {
  let position = 0
  for (;;) {
    const buffer = Buffer.allocUnsafe(chunkBytes)
    const { bytesRead } = await handle.read(buffer, 0, chunkBytes, position)
    if (bytesRead === 0) return
    position += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}

/** What comes before a damage is given out before the damage is thrown. */
const unpack = (handle: fs.promises.FileHandle): Bytes => {
  const source = handle.createReadStream({ autoClose: false })
  const unpacked = createGunzip()
  source.on('error', error => unpacked.destroy(error))
  return source.pipe(unpacked)
}

/** Each with its newline, where it has one; a line without end is given out in pieces. */
export async function* linesIn(chunks: Bytes): AsyncGenerator<Uint8Array> {
  let rest: Uint8Array[] = []
  let restBytes = 0
  for await (const chunk of chunks) {
    let start = 0
    for (;;) {
      const newline = chunk.indexOf(0x0a, start)
      if (newline < 0) break
      yield Buffer.concat([...rest, chunk.subarray(start, newline + 1)])
      rest = []
      restBytes = 0
      start = newline + 1
    }
    if (start === chunk.length) continue
    rest.push(chunk.subarray(start))
    restBytes += chunk.length - start
    if (restBytes < lineBytesMax) continue
    yield Buffer.concat(rest)
    rest = []
    restBytes = 0
  }
  if (rest.length > 0) yield Buffer.concat(rest)
}

const chunkBytes = 64 << 10
const lineBytesMax = 256 << 20
