/**
 * Writes runs of lines into the current segment of the archive. A run is there whole, and
 * synced, or it is written again at the same place: after a failed sync nobody knows what the
 * disk has, so nothing is taken for written before its sync came back.
 */
import * as path from 'node:path'
import type { ArchiveDisk, ArchiveFile } from './archiveDisk.ts'
import type { End } from './backlog.ts'
import { codeOf } from './disk.ts'
import type { Line } from './record.ts'
import { findEnd, segmentName } from './segments.ts'

export type Written = 'written' | 'vanished'

export interface SegmentWriter {
  /** Finds the end of what is there, cuts a torn last line, and tells the last turn. */
  readonly resume: () => Promise<End>
  /** A run that begins with a checkpoint begins a segment. Vanished: someone removed ours. */
  readonly write: (run: ReadonlyArray<Line>) => Promise<Written>
  readonly currentName: () => string
  readonly close: () => Promise<void>
}

interface Current {
  readonly path: string
  /** Null: to be opened again after a failure. */
  file: ArchiveFile | null
  bytes: number
}

export const writeSegments = (
  directory: string,
  disk: ArchiveDisk,
  isSynced: boolean,
): SegmentWriter => {
  let current: Current | null = null

  const close = async (): Promise<void> => {
    const file = current?.file ?? null
    if (current !== null) current.file = null
    await closeQuietly(file)
  }

  const begin = async (first: number): Promise<void> => {
    await close()
    current = null
    await disk.makeDirectory(directory)
    current = await createFree(directory, disk, first)
    if (isSynced) await disk.syncDirectory(directory)
  }

  const append = async (target: Current, bytes: Uint8Array): Promise<Written> => {
    target.file ??= await reopen(target, disk)
    if (target.file === null || !(await target.file.isLinked())) return 'vanished'
    await writeAll(target.file, bytes, target.bytes)
    if (isSynced) await target.file.dataSync()
    target.bytes += bytes.length
    return 'written'
  }

  /** A segment without its checkpoint is worth nothing: the next attempt begins another. */
  const abandon = async (): Promise<void> => {
    const target = current
    await close()
    current = null
    if (target !== null) await disk.remove(target.path).catch(() => undefined)
  }

  const appendTo = (
    target: Current | null,
    run: ReadonlyArray<Line>,
  ): Promise<Written> | Written =>
    target === null ? 'vanished' : append(target, Buffer.concat(run.map(line => line.bytes)))

  return {
    resume: async () => {
      const { tail, open } = await findEnd(directory, disk)
      current = open === null ? null : { path: open.path, file: null, bytes: open.bytes }
      if (current !== null) current.file = await reopen(current, disk)
      return { tail, segmentBytes: current?.bytes ?? null }
    },
    write: async run => {
      const first = run[0]
      const isBeginning = first?.kind === 'checkpoint'
      try {
        if (isBeginning) await begin(first.after.seq + 1)
        const written = await appendTo(current, run)
        if (isBeginning && written === 'vanished') throw new Error(removedAtOnce)
        return written
      } catch (error) {
        await (isBeginning ? abandon() : close())
        throw error
      }
    },
    currentName: () => (current === null ? '' : path.basename(current.path)),
    close,
  }
}

const removedAtOnce = 'the segment was removed as soon as it was made'

/** Null: it is not there any more. Whatever stands behind the last whole run is cut off. */
const reopen = async ({ path, bytes }: Current, disk: ArchiveDisk): Promise<ArchiveFile | null> => {
  let file: ArchiveFile | null = null
  try {
    file = await disk.open(path)
    await file.truncate(bytes)
    return file
  } catch (error) {
    await closeQuietly(file)
    if (codeOf(error) === 'ENOENT') return null
    throw error
  }
}

const createFree = async (
  directory: string,
  disk: ArchiveDisk,
  first: number,
): Promise<Current> => {
  const taken = await disk.list(directory)
  let copy = 0
  const isTaken = (): boolean => taken.some(name => name.startsWith(segmentName(first, copy)))
  while (isTaken()) copy += 1
  const file = path.join(directory, segmentName(first, copy))
  return { path: file, file: await disk.create(file), bytes: 0 }
}

const writeAll = async (file: ArchiveFile, bytes: Uint8Array, position: number): Promise<void> => {
  let done = 0
  while (done < bytes.length) {
    const taken = await file.write(bytes.subarray(done), position + done)
    if (taken === 0) throw new Error(`only ${done} of ${bytes.length} bytes were written`)
    done += taken
  }
}

const closeQuietly = async (file: ArchiveFile | null): Promise<void> => {
  await file?.close().catch(() => undefined)
}
