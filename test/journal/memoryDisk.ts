/**
 * A file system in memory for the hot journal, with the faults of a real one: it can be full,
 * refuse calls, and die in the middle of a call. `survivors` is what the next start finds.
 */
import type { Disk } from '../../journal/disk.ts'

export interface MemoryDisk {
  readonly disk: Disk
  readonly faults: Faults
  /** Calls made so far that change something. */
  readonly changes: () => number
  readonly files: () => ReadonlyMap<string, string>
  /** The same files, on a machine that works. */
  readonly survivors: () => MemoryDisk
  readonly put: (path: string, text: string | Uint8Array) => void
}

export interface Faults {
  /** Bytes that all files together may have. */
  capacityBytes: number
  /** Takes at most so many bytes of each write. */
  writeBytesMax: number
  /** Dies with this change (counted from 0); every later call fails as well. */
  diesAt: number
  /** Of the write that it dies in, so many bytes are taken. */
  lastGaspBytes: number
  /** Calls that fail, with their error code. */
  readonly refused: Map<keyof Disk, string>
}

interface Inode {
  bytes: Buffer
  links: number
}

export const createMemoryDisk = (start: ReadonlyMap<string, Buffer> = new Map()): MemoryDisk => {
  const names = new Map<string, Inode>()
  const open = new Map<number, Inode>()
  const inodes = new Set<Inode>()
  const faults: Faults = {
    capacityBytes: Infinity,
    writeBytesMax: Infinity,
    diesAt: Infinity,
    lastGaspBytes: 0,
    refused: new Map(),
  }
  let changes = 0
  let lastFile = 2

  const put = (path: string, text: string | Uint8Array): void => {
    const inode = { bytes: Buffer.from(text as string), links: 1 }
    names.set(path, inode)
    inodes.add(inode)
  }
  start.forEach((bytes, path) => put(path, bytes))

  const usedBytes = (): number => {
    const live = [...inodes].filter(inode => inode.links > 0 || [...open.values()].includes(inode))
    return live.reduce((bytes, inode) => bytes + inode.bytes.length, 0)
  }

  const guard = (call: keyof Disk): void => {
    const code = faults.refused.get(call)
    if (code !== undefined) throw failure(code)
    if (changes > faults.diesAt) throw failure('DEAD')
  }

  const change = (call: keyof Disk): void => {
    guard(call)
    changes += 1
    if (changes > faults.diesAt) throw failure('DEAD')
  }

  const named = (path: string): Inode => {
    const inode = names.get(path)
    if (inode === undefined) throw failure('ENOENT')
    return inode
  }

  const opened = (file: number): Inode => {
    const inode = open.get(file)
    if (inode === undefined) throw failure('EBADF')
    return inode
  }

  const handleOf = (inode: Inode): number => {
    lastFile += 1
    open.set(lastFile, inode)
    return lastFile
  }

  const unlink = (path: string): void => {
    named(path).links -= 1
    names.delete(path)
  }

  const disk: Disk = {
    makeDirectory: () => guard('makeDirectory'),
    list: directory => {
      guard('list')
      const prefix = `${directory}/`
      return [...names.keys()].flatMap(name =>
        name.startsWith(prefix) ? [name.slice(prefix.length)] : [],
      )
    },
    read: path => {
      guard('read')
      return Buffer.from(named(path).bytes)
    },
    create: path => {
      change('create')
      if (!names.has(path)) put(path, '')
      const inode = named(path)
      inode.bytes = Buffer.alloc(0)
      return handleOf(inode)
    },
    openToAppend: path => {
      guard('openToAppend')
      return handleOf(named(path))
    },
    write: (file, bytes) => {
      guard('write')
      const inode = opened(file)
      const isLast = changes === faults.diesAt
      const room = Math.max(0, faults.capacityBytes - usedBytes())
      const taken = Math.min(bytes.length, room, faults.writeBytesMax)
      if (taken === 0 && !isLast) throw failure('ENOSPC')
      changes += 1
      const kept = isLast ? Math.min(taken, faults.lastGaspBytes) : taken
      inode.bytes = Buffer.concat([inode.bytes, bytes.subarray(0, kept)])
      if (isLast) throw failure('DEAD')
      return taken
    },
    isLinked: file => {
      guard('isLinked')
      return opened(file).links > 0
    },
    truncate: (file, bytes) => {
      change('truncate')
      const inode = opened(file)
      inode.bytes = inode.bytes.subarray(0, bytes)
    },
    close: file => {
      guard('close')
      opened(file)
      open.delete(file)
    },
    link: (path, to) => {
      change('link')
      if (names.has(to)) throw failure('EEXIST')
      const inode = named(path)
      inode.links += 1
      names.set(to, inode)
    },
    rename: (path, to) => {
      change('rename')
      const inode = named(path)
      if (names.has(to)) unlink(to)
      names.delete(path)
      names.set(to, inode)
    },
    remove: path => {
      change('remove')
      unlink(path)
    },
  }

  const bytesByName = (): Map<string, Buffer> =>
    new Map([...names].map(([path, inode]) => [path, inode.bytes]))

  return {
    disk,
    faults,
    put,
    changes: () => changes,
    files: () => new Map([...bytesByName()].map(([path, bytes]) => [path, bytes.toString()])),
    survivors: () => createMemoryDisk(bytesByName()),
  }
}

const failure = (code: string): Error => Object.assign(new Error(code), { code })
