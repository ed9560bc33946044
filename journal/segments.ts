/**
 * The files of the archive.
 *
 *     turns-000000000401.log       a segment: a checkpoint, then the turns from 401 on
 *     turns-000000000401-1.log     another one that begins with the same number: the first
 *                                  was damaged, or its numbers were given twice
 *     turns-000000000401.log.gz    an older one, compressed
 *     turns-000000000401.log.gz.new    being compressed; worthless after a death
 */
import * as path from 'node:path'
import { gunzip, gzip } from 'node:zlib'
import type { ArchiveDisk } from './archiveDisk.ts'
import { codeOf } from './disk.ts'
import { scan } from './scan.ts'
import { emptyTail } from './record.ts'
import type { Tail } from './record.ts'

export interface Segment {
  readonly name: string
  readonly first: number
  readonly copy: number
  readonly isCompressed: boolean
}

export const segmentName = (first: number, copy: number): string =>
  `turns-${String(first).padStart(12, '0')}${copy === 0 ? '' : `-${copy}`}.log`

/** In the order of their numbers. Of a segment and its compressed copy, the segment. */
export const segmentsOf = (names: ReadonlyArray<string>): ReadonlyArray<Segment> =>
  names
    .map(segmentOf)
    .filter(segment => segment !== null)
    .filter(({ name, isCompressed }) => !isCompressed || !names.includes(plainName(name)))
    .sort((a, b) => a.first - b.first || a.copy - b.copy)

const segmentOf = (name: string): Segment | null => {
  const parts = /^turns-(\d{12,15})(?:-(\d+))?\.log(\.gz)?$/.exec(name)
  if (parts === null) return null
  const [, first, copy = '0', compressed] = parts
  return {
    name,
    first: Number(first),
    copy: Number(copy),
    isCompressed: compressed !== undefined,
  }
}

const plainName = (name: string): string => name.replace(/\.gz$/, '')

// ---------------------------------------------------------------------------
// Where to go on
// ---------------------------------------------------------------------------

export interface Resumption {
  /** The last good line; null where there is none. */
  readonly tail: Tail | null
  readonly seqMax: number
  /** The segment to go on in; null: begin a new one. */
  readonly open: { readonly path: string; readonly bytes: number } | null
}

const nothing: Resumption = { tail: null, seqMax: 0, open: null }

/** Rejects where the directory or its last segment cannot be read. */
export const findEnd = async (directory: string, disk: ArchiveDisk): Promise<Resumption> => {
  const last = segmentsOf(await namesIn(directory, disk)).at(-1)
  if (last === undefined) return nothing
  const file = path.join(directory, last.name)
  const found = scan(await contentOf(file, last, disk))
  const seqMax = Math.max(found.seqMax, last.first - 1)
  const isGood = found.damage?.kind !== 'changed' && found.tail !== null
  const open = isGood && !last.isCompressed ? { path: file, bytes: found.goodBytes } : null
  return { tail: found.tail, seqMax, open }
}

/**
 * The last turn that the archive knows, for `openHot`: its number is not given again. Null
 * where nothing can be read; ask it beside a deadline, for a disk may take for ever.
 */
export const lastTurnOf = async (directory: string, disk: ArchiveDisk): Promise<Tail | null> => {
  try {
    const { tail, seqMax } = await findEnd(directory, disk)
    if (tail !== null && tail.seq >= seqMax) return tail
    return seqMax === 0 ? null : { seq: seqMax, sum: emptyTail.sum }
  } catch {
    return null
  }
}

const namesIn = async (directory: string, disk: ArchiveDisk): Promise<ReadonlyArray<string>> => {
  try {
    return await disk.list(directory)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  }
}

/** What of a damaged compressed segment cannot be unpacked counts as empty, that is damaged. */
const contentOf = async (
  file: string,
  segment: Segment,
  disk: ArchiveDisk,
): Promise<Uint8Array> => {
  const bytes = await disk.read(file)
  if (!segment.isCompressed) return bytes
  return new Promise(resolve =>
    gunzip(bytes, (error, unpacked) => resolve(error === null ? unpacked : new Uint8Array(0))),
  )
}

// ---------------------------------------------------------------------------
// Old segments
// ---------------------------------------------------------------------------

export interface Limits {
  readonly totalBytesMax: number
  readonly ageMsMax: number
}

/** Compresses every segment but the current one and drops the oldest ones. */
export const tidySegments = async (
  directory: string,
  disk: ArchiveDisk,
  current: () => string,
  limits: Limits,
  nowMs: number,
  isStopping: () => boolean,
): Promise<void> => {
  if (current() === '') return
  await removeUnfinished(directory, disk)
  await dropOld(directory, disk, current, limits, nowMs)
  for (const { name, isCompressed } of segmentsOf(await disk.list(directory))) {
    if (isStopping()) return
    if (!isCompressed && name !== current()) await compress(directory, disk, name)
  }
  await dropOld(directory, disk, current, limits, nowMs)
}

const removeUnfinished = async (directory: string, disk: ArchiveDisk): Promise<void> => {
  for (const name of await disk.list(directory)) {
    if (/^turns-.*\.gz\.new$/.test(name)) await disk.remove(path.join(directory, name))
  }
}

/** Complete on disk before it takes the place of the segment; keeps its time, for the age. */
const compress = async (directory: string, disk: ArchiveDisk, name: string): Promise<void> => {
  const plain = path.join(directory, name)
  const { modifiedMs } = await disk.sizeAndTime(plain)
  const packed = await pack(await disk.read(plain))
  const target = `${plain}.gz`
  const file = await disk.create(`${target}.new`)
  try {
    const taken = await file.write(packed, 0)
    if (taken < packed.length) throw new Error('no space left')
    await file.dataSync()
  } catch (error) {
    await disk.remove(`${target}.new`)
    throw error
  } finally {
    await file.close()
  }
  await disk.setTime(`${target}.new`, modifiedMs)
  await disk.rename(`${target}.new`, target)
  await disk.syncDirectory(directory)
  await disk.remove(plain)
}

const pack = (bytes: Uint8Array): Promise<Uint8Array> =>
  new Promise((resolve, reject) =>
    gzip(bytes, (error, packed) => (error === null ? resolve(packed) : reject(error))),
  )

const dropOld = async (
  directory: string,
  disk: ArchiveDisk,
  current: () => string,
  limits: Limits,
  nowMs: number,
): Promise<void> => {
  const newestFirst = [...segmentsOf(await disk.list(directory))].reverse()
  let totalBytes = 0
  for (const { name } of newestFirst) {
    const file = path.join(directory, name)
    const { bytes, modifiedMs } = await disk.sizeAndTime(file)
    totalBytes += bytes
    const isOld = totalBytes > limits.totalBytesMax || nowMs - modifiedMs > limits.ageMsMax
    if (isOld && name !== current()) await disk.remove(file)
  }
}
