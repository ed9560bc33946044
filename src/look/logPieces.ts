/**
 * A log and what rotation has made of it, as one: FILE, FILE.1 or FILE.1.gz, FILE.2 and so on,
 * older with every number. Read as it is written: pieces that go meanwhile are left out.
 */
import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs'

export interface Piece {
  readonly path: string
  readonly isCompressed: boolean
}

/** Newest first. */
export const piecesOf = (path: string): readonly Piece[] => {
  const pieces: Piece[] = [{ path, isCompressed: false }]
  for (let number = 1; ; number += 1) {
    const found = [
      { path: `${path}.${number}`, isCompressed: false },
      { path: `${path}.${number}.gz`, isCompressed: true },
    ].filter(piece => statSync(piece.path, { throwIfNoEntry: false })?.isFile() === true)
    // Both are there for a moment, while one is made of the other.
    if (found[0] === undefined) return pieces
    pieces.push(found[0])
  }
}

/** Never waits, as it would for the other end of a pipe. Null: it is no file, or is not there. */
export const openLog = (path: string, flags = 0): number | null => {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | flags)
  if (fstatSync(fd).isFile()) return fd
  closeSync(fd)
  return null
}

const chunkBytes = 256 << 10

export function* bytesFrom(fd: number, start: number, end = Infinity): Generator<Buffer> {
  const buffer = Buffer.allocUnsafe(chunkBytes)
  for (let position = start; position < end;) {
    const count = readSync(fd, buffer, 0, Math.min(chunkBytes, end - position), position)
    if (count === 0) return
    position += count
    yield Buffer.from(buffer.subarray(0, count))
  }
}

/** A whole piece, unpacked. */
export async function* bytesOf({ path, isCompressed }: Piece): AsyncGenerator<Buffer> {
  let fd: number | null
  try {
    fd = openLog(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  if (fd === null) return
  try {
    if (!isCompressed) yield* bytesFrom(fd, 0)
    else {
      const [{ createGunzip }, { Readable }] = await Promise.all([
        import('node:zlib'),
        import('node:stream'),
      ])
      yield* Readable.from(bytesFrom(fd, 0)).pipe(createGunzip()) as AsyncIterable<Buffer>
    }
  } finally {
    closeSync(fd)
  }
}

const newline = 0x0a

/** The last lines of what is open, at most so many, and how many these are. */
export const lastLines = (
  fd: number,
  count: number,
): { readonly bytes: Buffer; readonly lines: number; readonly end: number } => {
  const { size } = fstatSync(fd)
  const parts: Buffer[] = []
  let [start, lines] = [size, 0]
  while (start > 0 && lines <= count) {
    const from = Math.max(0, start - chunkBytes)
    const part = Buffer.concat([...bytesFrom(fd, from, start)])
    parts.unshift(part)
    lines += countLines(part)
    start = from
  }
  return { ...cutTo(Buffer.concat(parts), count), end: size }
}

export const countLines = (bytes: Buffer): number => {
  let lines = 0
  for (let at = bytes.indexOf(newline); at !== -1; at = bytes.indexOf(newline, at + 1)) lines += 1
  return lines
}

/** The last so many lines of some bytes; one without an end counts. */
export const cutTo = (
  bytes: Buffer,
  count: number,
): { readonly bytes: Buffer; readonly lines: number } => {
  if (count <= 0 || bytes.length === 0) return { bytes: Buffer.alloc(0), lines: 0 }
  let lines = bytes[bytes.length - 1] === newline ? 0 : 1
  for (let at = bytes.lastIndexOf(newline); at !== -1;) {
    if (lines === count) return { bytes: bytes.subarray(at + 1), lines }
    lines += 1
    at = at === 0 ? -1 : bytes.lastIndexOf(newline, at - 1)
  }
  return { bytes, lines }
}

/**
 * Where a beginning was cut off in the middle of a line, blanks stand for the rest of it; the line
 * itself ends the piece before.
 */
export const withoutBlankStart = (bytes: Buffer): Buffer => {
  let at = 0
  while (bytes[at] === 0x20) at += 1
  return at > 0 && bytes[at] === newline ? bytes.subarray(at + 1) : bytes
}
