/**
 * The file system under the hot journal. It may be full for a time, lose a file, have a byte
 * changed; and a write may be the last thing that the supervisor does: then a part of it is there.
 */
import type { Disk } from '../../journal/disk.ts'
import type { Mortal } from './mortal.ts'
import type { World } from './world.ts'

interface Inode {
  bytes: Buffer
  length: number
  links: number
}

export interface FakeDisk {
  /** As one life of the supervisor sees it. */
  readonly openFor: (life: Mortal) => Disk
  isFull: boolean
  readonly read: (path: string) => Buffer | null
  readonly remove: (path: string) => void
  readonly clear: () => void
}

export const createFakeDisk = (world: World): FakeDisk => {
  const names = new Map<string, Inode>()

  const named = (path: string): Inode => {
    const inode = names.get(path)
    if (inode === undefined) throw failure('ENOENT')
    return inode
  }

  const unlink = (path: string): void => {
    named(path).links -= 1
    names.delete(path)
  }

  const add = (inode: Inode, bytes: Uint8Array, count: number): void => {
    const length = inode.length + count
    if (length > inode.bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(4096, 2 * length))
      inode.bytes.copy(larger, 0, 0, inode.length)
      inode.bytes = larger
    }
    inode.bytes.set(bytes.subarray(0, count), inode.length)
    inode.length = length
  }

  const fake: FakeDisk = {
    isFull: false,
    read: path => {
      const inode = names.get(path)
      return inode === undefined ? null : inode.bytes.subarray(0, inode.length)
    },
    remove: path => {
      if (names.has(path)) unlink(path)
    },
    clear: () => names.clear(),
    openFor: life => {
      const open = new Map<number, Inode>()
      let lastFile = 2

      const opened = (file: number): Inode => {
        const inode = open.get(file)
        if (inode === undefined) throw failure('EBADF')
        return inode
      }

      const handleOf = (inode: Inode): number => {
        open.set((lastFile += 1), inode)
        return lastFile
      }

      const change = <T>(what: string, work: () => T): T => {
        life.passes(`before ${what}`)
        const result = work()
        life.passes(`after ${what}`)
        return result
      }

      return {
        makeDirectory: () => life.mustLive(),
        list: directory => {
          life.mustLive()
          const prefix = `${directory}/`
          return [...names.keys()].flatMap(name =>
            name.startsWith(prefix) ? [name.slice(prefix.length)] : [],
          )
        },
        read: path => {
          life.mustLive()
          const { bytes, length } = named(path)
          return Buffer.from(bytes.subarray(0, length))
        },
        create: path =>
          change('create', () => {
            const inode = names.get(path) ?? { bytes: Buffer.alloc(0), length: 0, links: 1 }
            inode.length = 0
            names.set(path, inode)
            return handleOf(inode)
          }),
        openToAppend: path => {
          life.mustLive()
          return handleOf(named(path))
        },
        write: (file, bytes) => {
          const inode = opened(file)
          if (fake.isFull) {
            life.mustLive()
            const room = world.dice('full').pick([0, 0, Math.floor(bytes.length / 2)])
            if (room === 0) throw failure('ENOSPC')
            add(inode, bytes, room)
            return room
          }
          life.passes('before write')
          if (life.isLastMoment('in write')) {
            add(inode, bytes, world.dice('torn').upTo(bytes.length + 1))
            life.end()
          }
          add(inode, bytes, bytes.length)
          life.passes('after write')
          return bytes.length
        },
        isLinked: file => {
          life.mustLive()
          return opened(file).links > 0
        },
        truncate: (file, bytes) =>
          change('truncate', () => {
            const inode = opened(file)
            if (world.bug === 'torn line kept') return
            inode.length = Math.min(inode.length, bytes)
          }),
        close: file => {
          life.mustLive()
          opened(file)
          open.delete(file)
        },
        link: (path, to) =>
          change('link', () => {
            if (names.has(to)) throw failure('EEXIST')
            const inode = named(path)
            inode.links += 1
            names.set(to, inode)
          }),
        rename: (path, to) =>
          change('rename', () => {
            const inode = named(path)
            if (names.has(to)) unlink(to)
            names.delete(path)
            names.set(to, inode)
          }),
        remove: path => change('remove', () => unlink(path)),
      }
    },
  }
  return fake
}

const failure = (code: string): Error => Object.assign(new Error(code), { code })
