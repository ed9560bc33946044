/**
 * The one place of this directory that touches the disk: a file's text, or why not. What is too
 * large is refused by its size, before it is read; a pipe is never waited for.
 */
import { isUtf8 } from 'node:buffer'
import { closeSync, constants, fstatSync, openSync, readlinkSync, readSync } from 'node:fs'
import { getSystemErrorName } from 'node:util'
import { failed } from './report.ts'
import type { Decoded } from './report.ts'

export const FILE_BYTES_MAX = 1024 * 1024

/**
 * `place`: where the file has to be found once it is open. A name that leads through what others
 * may change could have been made to lead somewhere else since it was looked at.
 */
export const readFileText = (
  file: string,
  bytesMax = FILE_BYTES_MAX,
  place: string | null = null,
): Decoded<string> => {
  let fd: number
  try {
    fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    // An empty name would be no name at all in a sentence.
    return failed(file === '' ? '""' : file, `cannot be read: ${reasonOf(error)}`)
  }
  try {
    if (place !== null && readlinkSync(`/proc/self/fd/${fd}`) !== place)
      return failed(file, 'was replaced while it was being opened')
    return readOpen(file, fd, bytesMax)
  } catch (error) {
    return failed(file, `cannot be read: ${reasonOf(error)}`)
  } finally {
    closeSync(fd)
  }
}

/** One for all files: what is read is a string before the next one is. */
let room = Buffer.alloc(0)

const roomFor = (bytes: number): Buffer => {
  if (room.length < bytes) room = Buffer.allocUnsafeSlow(bytes)
  return room.subarray(0, bytes)
}

const readOpen = (file: string, fd: number, bytesMax: number): Decoded<string> => {
  const stat = fstatSync(fd)
  if (stat.isDirectory()) return failed(file, 'cannot be read: it is a directory')
  if (!stat.isFile()) return failed(file, 'cannot be read: it is not a regular file')
  if (stat.size > bytesMax) return tooLarge(file, `${stat.size} bytes`, bytesMax)
  const bytes = roomFor(bytesMax + 1)
  let length = 0
  for (let got = -1; got !== 0 && length < bytes.length; length += got) {
    got = readSync(fd, bytes, length, bytes.length - length, null)
  }
  // It may have grown since the question about its size, and /proc has sizes of 0.
  if (length > bytesMax) return tooLarge(file, `more than ${bytesMax} bytes`, bytesMax)
  return decodeText(file, bytes.subarray(0, length))
}

/** Text of bytes that came from somewhere else; a string passes. */
export const decodeText = (file: string, bytes: string | Buffer): Decoded<string> => {
  if (typeof bytes === 'string') {
    return bytes.length > FILE_BYTES_MAX
      ? tooLarge(file, `${bytes.length} characters`, FILE_BYTES_MAX)
      : { value: bytes, problems: [] }
  }
  if (bytes.length > FILE_BYTES_MAX) {
    return tooLarge(file, `${bytes.length} bytes`, FILE_BYTES_MAX)
  }
  if (isUtf8(bytes)) return { value: bytes.toString('utf8'), problems: [] }
  return failed(file, 'expected UTF-8 text, found bytes that are not', firstBadLine(bytes))
}

const tooLarge = <T>(file: string, size: string, bytesMax: number): Decoded<T> =>
  failed(file, `expected at most ${bytesMax} bytes, found ${size}`)

/** A newline is never part of a longer character, so that lines can be judged one by one. */
const firstBadLine = (bytes: Buffer): number => {
  let line = 1
  let start = 0
  for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, start)) {
    if (!isUtf8(bytes.subarray(start, end))) return line
    start = end + 1
    line += 1
  }
  return line
}

export const noSuchFile = 'no such file or directory'

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: noSuchFile,
  EACCES: 'permission denied',
  ELOOP: 'too many symbolic links',
  ENOTDIR: 'a part of the path is not a directory',
  ENXIO: 'it is not a regular file',
  ENAMETOOLONG: 'the path is too long',
}

const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  const { code, errno } = error as NodeJS.ErrnoException
  const name = code ?? (errno === undefined ? error.name : getSystemErrorName(errno))
  return REASONS[name] ?? error.message
}
