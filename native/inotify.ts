/** Who writes to the files of one directory: a descriptor to poll, and names to read from it. */
import { closeSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import { attempt, orThrow } from './attempt.ts'
import * as libc from './libc.ts'

export interface Changes {
  readonly names: ReadonlySet<string>
  /** The kernel has dropped some: look at every file. */
  readonly isIncomplete: boolean
}

export interface DirectoryWatch {
  readonly fd: number
  /** What was modified since the last call, each name once. Never waits. */
  readonly take: () => Changes
  readonly close: () => void
}

const modified = 0x2
const onlyDirectory = 0x1000000
const overflow = 0x4000
const flags = 0x80800 // IN_CLOEXEC | IN_NONBLOCK
const headBytes = 16

export const watchDirectory = (path: string): DirectoryWatch => {
  const fd = orThrow(attempt('inotify_init1', path, () => libc.inotifyInit(flags)))
  orThrow(
    attempt('inotify_add_watch', path, () =>
      libc.inotifyAddWatch(fd, path, modified | onlyDirectory),
    ),
  )
  const buffer = Buffer.allocUnsafeSlow(65536)

  const take = (): Changes => {
    const names = new Set<string>()
    let isIncomplete = false
    for (;;) {
      const got = attempt('read', path, () => libc.read(fd, buffer, buffer.length))
      if (E.isLeft(got)) {
        if (got.left.code !== 'EAGAIN') orThrow(got)
        return { names, isIncomplete }
      }
      // wd i32, mask u32, cookie u32, length u32, and a name padded with zeros to that length.
      for (let at = 0; at < got.right; at += headBytes + buffer.readUInt32LE(at + 12)) {
        const start = at + headBytes
        const end = start + buffer.readUInt32LE(at + 12)
        const name = buffer.toString('utf8', start, end).replace(/\0+$/, '')
        if ((buffer.readUInt32LE(at + 4) & overflow) !== 0) isIncomplete = true
        else names.add(name)
      }
    }
  }
  return { fd, take, close: () => closeSync(fd) }
}
