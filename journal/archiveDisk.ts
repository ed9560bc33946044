/**
 * What the archive needs of a file system, and the real one. All of it is asynchronous: the
 * archive lies on a disk that may be slow, full or gone. Each call rejects as node:fs does.
 */
import { constants, promises as fs } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'

export interface ArchiveFile {
  /** Tells how many bytes were taken. */
  readonly write: (bytes: Uint8Array, position: number) => Promise<number>
  readonly dataSync: () => Promise<void>
  readonly truncate: (bytes: number) => Promise<void>
  /** False: someone has removed the file, and what is written there is lost. */
  readonly isLinked: () => Promise<boolean>
  readonly close: () => Promise<void>
}

export interface ArchiveDisk {
  readonly makeDirectory: (path: string) => Promise<void>
  readonly list: (path: string) => Promise<ReadonlyArray<string>>
  readonly read: (path: string) => Promise<Uint8Array>
  /** Fails with EEXIST where there is a file. */
  readonly create: (path: string) => Promise<ArchiveFile>
  readonly open: (path: string) => Promise<ArchiveFile>
  readonly syncDirectory: (path: string) => Promise<void>
  readonly rename: (path: string, to: string) => Promise<void>
  readonly remove: (path: string) => Promise<void>
  readonly sizeAndTime: (path: string) => Promise<{ bytes: number; modifiedMs: number }>
  readonly setTime: (path: string, modifiedMs: number) => Promise<void>
}

export const realArchiveDisk: ArchiveDisk = {
  makeDirectory: async path => void (await fs.mkdir(path, { recursive: true, mode: 0o755 })),
  list: path => fs.readdir(path),
  read: path => fs.readFile(path),
  create: async path => fileOf(await fs.open(path, createFlags, 0o640)),
  open: async path => fileOf(await fs.open(path, openFlags)),
  syncDirectory: async path => {
    const directory = await fs.open(path, constants.O_RDONLY | constants.O_DIRECTORY)
    await directory.sync().finally(() => directory.close())
  },
  rename: (path, to) => fs.rename(path, to),
  remove: path => fs.unlink(path),
  sizeAndTime: async path => {
    const { size, mtimeMs } = await fs.stat(path)
    return { bytes: size, modifiedMs: mtimeMs }
  },
  setTime: (path, modifiedMs) => fs.utimes(path, modifiedMs / 1000, modifiedMs / 1000),
}

const fileOf = (handle: FileHandle): ArchiveFile => ({
  write: async (bytes, position) =>
    (await handle.write(bytes, 0, bytes.length, position)).bytesWritten,
  dataSync: () => handle.datasync(),
  truncate: bytes => handle.truncate(bytes),
  isLinked: async () => (await handle.stat()).nlink > 0,
  close: () => handle.close(),
})

const openFlags = constants.O_WRONLY | constants.O_NOFOLLOW
const createFlags = openFlags | constants.O_CREAT | constants.O_EXCL
