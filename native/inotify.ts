/** Who writes to the files of one directory: a descriptor to poll, and names to read from it. */
import { close, closeSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import { attempt, orThrow } from './attempt.ts'
import { setCloseOnExec } from './files.ts'
import * as libc from './libc.ts'
import * as proc from './proc.ts'

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

/**
 * Closing one takes the kernel up to fifteen milliseconds, in which it waits for all processors,
 * and an exec closes what is not kept. So the next image gets it and goes on with it.
 */
export const inheritedWatch = (): number | null => {
  const [first = null, ...others] = proc
    .descriptors('self')
    .flatMap(([fd, target]) => (target === 'anon_inode:inotify' ? [fd] : []))
  if (first !== null) setCloseOnExec(first)
  for (const fd of others) close(fd, () => {})
  return first
}

/** `inherited`: what is watched already stays so. */
export const watchDirectory = (path: string, inherited: number | null = null): DirectoryWatch => {
  const fd = inherited ?? orThrow(attempt('inotify_init1', path, () => libc.inotifyInit(flags)))
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
