/**
 * A log while it is written, over all that can happen to it: it is renamed and another one made in
 * its place, it is copied and truncated, or its beginning is copied and cut off, and what is left
 * moves to the front. What was cut off before it was read is read from the copy.
 */
import { closeSync, fstatSync, readSync, statSync } from 'node:fs'
import type { Stats } from 'node:fs'
import { bytesFrom, bytesOf, piecesOf, withoutBlankStart } from './logPieces.ts'
import type { Piece } from './logPieces.ts'

export interface Followed {
  /** What is new since the last time. */
  readonly news: () => AsyncGenerator<Buffer>
  readonly close: () => void
}

export interface FollowLogOptions {
  /** Null: there is none now. Throws what the file system throws. */
  readonly open: () => number | null
  readonly path: string
  /** What is open already, and how far it has been read. */
  readonly start: { readonly fd: number; readonly position: number } | null
}

const newline = 0x0a
/** So much of what was read last tells where it is now. */
const markBytes = 512

export const followLog = ({ open, path, start }: FollowLogOptions): Followed => {
  let fd = start?.fd ?? null
  let position = start?.position ?? 0
  let mark = fd === null ? nothing : before(fd, position)
  let copy = lastCopy(path)

  async function* rest(): AsyncGenerator<Buffer> {
    if (fd === null) return
    const copyNow = lastCopy(path)
    const place = placeNow(fd, position, mark, copyNow !== copy)
    copy = copyNow
    if (place === null) mark = yield* behind(path, mark)
    let isStart = place === null
    position = place ?? 0
    for (const bytes of bytesFrom(fd, position)) {
      position += bytes.length
      yield isStart ? withoutBlankStart(bytes) : bytes
      isStart = false
    }
    if (position > 0) mark = before(fd, position)
  }

  const close = (): void => {
    if (fd !== null) closeSync(fd)
    fd = null
  }

  return {
    async *news() {
      const isReplaced = fd !== null && !isStillAt(fd, path)
      if (isReplaced) copy = lastCopy(path)
      yield* rest()
      if (fd !== null && !isReplaced) return
      const next = openIfThere(open)
      if (next === null) return
      // Whoever has the old one open may have written to it until now.
      yield* rest()
      if (fd !== null && statOf(`${path}.1`)?.ino !== fstatSync(fd).ino)
        mark = yield* behind(path, mark)
      close()
      fd = next
      position = 0
      copy = lastCopy(path)
      yield* rest()
    },
    close,
  }
}

const nothing: Buffer = Buffer.alloc(0)

const isStillAt = (fd: number, path: string): boolean => {
  const [own, there] = [fstatSync(fd), statOf(path)]
  // Not there, or not to be seen: nothing has come into its place.
  return there === null || (own.ino === there.ino && own.dev === there.dev)
}

const statOf = (path: string): Stats | null => {
  try {
    return statSync(path, { throwIfNoEntry: false }) ?? null
  } catch {
    return null
  }
}

/** Another one has come into its place with each rotation. */
const lastCopy = (path: string): string =>
  [`${path}.1`, `${path}.1.gz`].map(each => statOf(each)?.ino ?? 0).join(' ')

const openIfThere = (open: () => number | null): number | null => {
  try {
    return open()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** What stands before a place. */
const before = (fd: number, position: number): Buffer => {
  const bytes = Buffer.alloc(Math.min(markBytes, position))
  return bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, position - bytes.length))
}

/**
 * Where the reading goes on. Whole blocks are cut off, and all but the last: so what was read up
 * to the end is in the first block then. Null: what followed has been cut off, too.
 */
const placeNow = (
  fd: number,
  position: number,
  mark: Buffer,
  isRotated: boolean,
): number | null => {
  const isSame = position === 0 ? !isRotated : before(fd, position).equals(mark)
  if (isSame && !isRotated) return position
  const { blksize } = fstatSync(fd)
  const moved = position === 0 ? 0 : ((position - 1) % blksize) + 1
  if (moved < position && isBehind(before(fd, moved), mark, moved)) return moved
  return isSame ? position : null
}

/** Of the line in which the cut was made blanks are left. */
const isBehind = (found: Buffer, mark: Buffer, moved: number): boolean => {
  if (found.length < Math.min(moved, mark.length)) return false
  const own = mark.subarray(mark.length - found.length)
  if (found.equals(own)) return true
  const cut = found.indexOf(newline)
  const isBlank = cut !== -1 && found.subarray(0, cut).every(byte => byte === 0x20)
  return isBlank && found.subarray(cut).equals(own.subarray(cut))
}

/** As many copies may have been made since the last look. */
const copiesSearched = 5
const searchedBytes = 64 << 20

/**
 * What followed the mark before it was cut off; nothing where it cannot be found. Returns the mark
 * from which another search would have to go on.
 */
async function* behind(path: string, mark: Buffer): AsyncGenerator<Buffer, Buffer> {
  const newer: Buffer[] = []
  if (mark.length === 0) return mark
  for (const piece of piecesOf(path).slice(1, 1 + copiesSearched)) {
    const all = await endOf(piece)
    const end = endIn(all, mark)
    if (end === null) {
      newer.unshift(all)
      continue
    }
    yield all.subarray(end)
    for (const bytes of newer) yield withoutBlankStart(bytes)
    const last = newer.findLast(({ length }) => length > 0) ?? all
    return Buffer.from(last.subarray(Math.max(0, last.length - markBytes)))
  }
  return mark
}

/** Where the mark ends; it may have begun in what was cut off before, in another line. */
const endIn = (all: Buffer, mark: Buffer): number | null => {
  const at = all.lastIndexOf(mark)
  if (at !== -1) return at + mark.length
  // The cut may have been made just before the end of a line, or behind it.
  const rest = withoutBlankStart(all[0] === newline ? all.subarray(1) : all)
  for (let line = mark.indexOf(newline); line !== -1; line = mark.indexOf(newline, line + 1)) {
    const own = mark.subarray(line + 1)
    if (own.length > 0 && rest.subarray(0, own.length).equals(own))
      return all.length - rest.length + own.length
  }
  return null
}

/** A piece, or the end of it where it is very long. */
const endOf = async (piece: Piece): Promise<Buffer> => {
  const parts: Buffer[] = []
  let length = 0
  for await (const bytes of bytesOf(piece)) {
    parts.push(bytes)
    length += bytes.length
    while (length > searchedBytes) length -= parts.shift()?.length ?? length
  }
  return Buffer.concat(parts)
}
