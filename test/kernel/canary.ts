/** Where a text can be found on a host that should be in one place only: files, memory. */
import { closeSync, openSync, readFileSync, readSync, readdirSync, readlinkSync } from 'node:fs'
import type { Dirent } from 'node:fs'
import { join } from 'node:path'

/** Directories that go while one looks are left out, with what was in them. */
export const filesBelow = (dir: string): readonly string[] =>
  entriesOf(dir).flatMap(entry => {
    const path = join(dir, entry.name)
    return entry.isDirectory() ? filesBelow(path) : entry.isFile() ? [path] : []
  })

export const entriesOf = (dir: string): readonly Dirent[] => {
  try {
    return readdirSync(dir, { withFileTypes: true })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENODEV') return []
    throw error
  }
}

export const textOf = (path: string): string => {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

/** What a living process has open; what it closes meanwhile is left out. */
export const descriptorsOf = (pid: number): readonly string[] =>
  readdirSync(`/proc/${pid}/fd`)
    .map(fd => linkOf(`/proc/${pid}/fd/${fd}`))
    .filter(to => to !== '')

const linkOf = (path: string): string => {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

/** Everything that a process has mapped and that can be read. */
export const hasInMemory = (pid: number, text: string): boolean => {
  const fd = openSync(`/proc/${pid}/mem`, 'r')
  try {
    const ranges = readFileSync(`/proc/${pid}/maps`, 'utf8').matchAll(
      /^([0-9a-f]+)-([0-9a-f]+) rw(?!.*\[v)/gm,
    )
    return [...ranges].some(([, start, end]) =>
      isIn(fd, text, Number.parseInt(start!, 16), Number.parseInt(end!, 16)),
    )
  } finally {
    closeSync(fd)
  }
}

const pieceBytes = 1 << 22

const isIn = (fd: number, text: string, start: number, end: number): boolean => {
  for (let at = start; at < end; at += pieceBytes) {
    // A little more than a piece: a canary may lie on the border.
    const bytes = Buffer.alloc(Math.min(pieceBytes + text.length, end - at))
    try {
      readSync(fd, bytes, 0, bytes.length, at)
    } catch {
      continue
    }
    if (bytes.includes(text)) return true
  }
  return false
}
