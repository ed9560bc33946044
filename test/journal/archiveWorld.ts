/**
 * An archive under test: a real directory, behind a disk that can refuse calls, keep a write
 * waiting and count what it is asked.
 */
import * as fs from 'node:fs'
import * as path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { startArchive } from '../../journal/archive.ts'
import type { Archive, ArchiveOptions } from '../../journal/archive.ts'
import { realArchiveDisk } from '../../journal/archiveDisk.ts'
import type { ArchiveDisk, ArchiveFile } from '../../journal/archiveDisk.ts'
import type { Hot, HotOptions } from '../../journal/hot.ts'
import { readAll } from '../../journal/read.ts'
import type { Resumed, Stalled } from '../../journal/trouble.ts'
import { allOf, brief, inTemporaryDirectory, live } from './story.ts'
import type { Life } from './story.ts'

type Call = keyof ArchiveDisk | keyof ArchiveFile

export interface Faults {
  readonly refused: Map<Call, string>
  readonly counts: Map<Call, number>
  /** Each write takes so many bytes at most. */
  writeBytesMax: number
  /** Writes wait for this. */
  gate: Promise<void>
}

const createFaults = (): Faults => ({
  refused: new Map(),
  counts: new Map(),
  writeBytesMax: Infinity,
  gate: Promise.resolve(),
})

const faultyDisk = (faults: Faults): ArchiveDisk => {
  const guard = (call: Call): void => {
    faults.counts.set(call, (faults.counts.get(call) ?? 0) + 1)
    const code = faults.refused.get(call)
    if (code !== undefined) throw Object.assign(new Error(code), { code })
  }
  const guarded =
    <A extends unknown[], R>(call: Call, work: (...given: A) => Promise<R>) =>
    async (...given: A): Promise<R> => {
      guard(call)
      return work(...given)
    }
  const fileOf = (file: ArchiveFile): ArchiveFile => ({
    write: async (bytes, position) => {
      guard('write')
      await faults.gate
      return file.write(bytes.subarray(0, faults.writeBytesMax), position)
    },
    dataSync: guarded('dataSync', file.dataSync),
    truncate: guarded('truncate', file.truncate),
    isLinked: guarded('isLinked', file.isLinked),
    close: file.close,
  })
  const real = realArchiveDisk
  return {
    makeDirectory: guarded('makeDirectory', real.makeDirectory),
    list: guarded('list', real.list),
    read: guarded('read', real.read),
    create: guarded('create', async file => fileOf(await real.create(file))),
    open: guarded('open', async file => fileOf(await real.open(file))),
    syncDirectory: guarded('syncDirectory', real.syncDirectory),
    rename: guarded('rename', real.rename),
    remove: guarded('remove', real.remove),
    sizeAndTime: guarded('sizeAndTime', real.sizeAndTime),
    setTime: guarded('setTime', real.setTime),
  }
}

export interface Archived {
  readonly archive: Archive
  readonly faults: Faults
  readonly stalled: Stalled[]
  readonly resumed: Resumed[]
  /** The process dies: nothing more reaches the disk. */
  readonly kill: () => Promise<void>
}

export const archiveOf = (
  directory: string,
  source: Hot,
  options: Partial<ArchiveOptions> = {},
): Archived => {
  const faults = createFaults()
  const stalled: Stalled[] = []
  const resumed: Resumed[] = []
  const archive = startArchive({
    directory,
    source,
    sync: 'interval',
    now: () => 0,
    onStalled: trouble => void stalled.push(trouble),
    onResumed: trouble => void resumed.push(trouble),
    disk: faultyDisk(faults),
    ...options,
  })
  const kill = async (): Promise<void> => {
    for (const call of everyCall) faults.refused.set(call, 'EDEAD')
    await archive.close()
  }
  return { archive, faults, stalled, resumed, kill }
}

export const everyCall: ReadonlyArray<Call> = [
  ...(['makeDirectory', 'list', 'read', 'create', 'open', 'syncDirectory', 'rename'] as const),
  ...(['remove', 'sizeAndTime', 'setTime', 'write', 'dataSync', 'truncate', 'isLinked'] as const),
]

/** What a reader finds in the archive alone. */
export const storyIn = async (directory: string): Promise<string> =>
  brief(await allOf(readAll({ hotDirectory: '/nonexistent', archiveDirectory: directory })))

export const filesIn = (directory: string): string[] => fs.readdirSync(directory).sort()

export const textOf = (directory: string, name: string): string => {
  const bytes = fs.readFileSync(path.join(directory, name))
  return (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()
}

export const numbers = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index).join(' ')

/** A supervisor and its archive, whose files outlive them. */
export interface World {
  readonly directory: string
  readonly begin: (
    hot?: Partial<HotOptions>,
    archive?: Partial<ArchiveOptions>,
  ) => { readonly life: Life; readonly archived: Archived }
}

export const inWorld = (work: (world: World) => Promise<void>): (() => Promise<void>) => {
  return () =>
    inTemporaryDirectory(root => {
      const directory = path.join(root, 'archive')
      const begin: World['begin'] = (hot, archive) => {
        const life = live(path.join(root, 'hot'), hot)
        return { life, archived: archiveOf(directory, life.hot, archive) }
      }
      return work({ directory, begin })
    })
}

export const hear = (life: Life, times: number): void => {
  for (let turn = 0; turn < times; turn++) life.hear('a', 'b')
}
