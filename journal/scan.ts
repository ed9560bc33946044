/**
 * Reads one whole file of the journal from memory: the hot journal at a start, the last
 * segment of the archive when writing is taken up again. What can be believed ends at the
 * first line that is not good; behind it only numbers are looked at, so that none is given
 * twice.
 */
import * as E from 'fp-ts/lib/Either.js'
import { followChain } from './chain.ts'
import { turnBytesMin } from './record.ts'
import type { Checkpoint, Damage, Entry, Line, Tail, Turn } from './record.ts'

export interface Scan {
  readonly checkpoint: Checkpoint | null
  /** Since the checkpoint. */
  readonly turns: ReadonlyArray<Turn>
  /** Of the good beginning; null where not even the first line is good. */
  readonly tail: Tail | null
  readonly goodBytes: number
  readonly damage: { readonly kind: Damage; readonly line: number } | null
  /** No turn of this file, readable or not, has a higher number, as far as can be known. */
  readonly seqMax: number
}

export const scan = (file: Uint8Array): Scan => {
  const chain = followChain(null)
  let checkpoint: Checkpoint | null = null
  const turns: Turn[] = []
  let goodBytes = 0
  let lineNumber = 0

  for (const bytes of linesOf(file)) {
    lineNumber += 1
    const read = chain.take(bytes)
    if (E.isLeft(read)) {
      const damage = { kind: read.left, line: lineNumber }
      const seqMax = highestBehind(chain.tail(), file, goodBytes)
      return { checkpoint, turns, tail: chain.tail(), goodBytes, damage, seqMax }
    }
    goodBytes += bytes.length
    if (read.right.kind === 'turn') turns.push(read.right.turn)
    else checkpoint = read.right.checkpoint
  }
  const tail = chain.tail()
  const damage = tail === null ? ({ kind: 'torn', line: 1 } as const) : null
  return { checkpoint, turns, tail, goodBytes, damage, seqMax: tail?.seq ?? 0 }
}

/** The good lines from the beginning of a file, without what they say. */
export function* goodLines(file: Uint8Array): Generator<Line> {
  const chain = followChain(null)
  for (const bytes of linesOf(file)) {
    const read = chain.take(bytes)
    if (E.isLeft(read)) return
    const { kind, before, after } = read.right
    yield { kind, bytes, before, after }
  }
}

/** Line after line, for who keeps none of them. */
export function* entriesIn(file: Uint8Array): Generator<E.Either<Damage, Entry>> {
  const chain = followChain(null)
  for (const bytes of linesOf(file)) yield chain.take(bytes)
}

/** Each with its newline; the last one may lack it. */
export function* linesOf(file: Uint8Array): Generator<Uint8Array> {
  let start = 0
  while (start < file.length) {
    const newline = file.indexOf(0x0a, start)
    const end = newline < 0 ? file.length : newline + 1
    yield file.subarray(start, end)
    start = end
  }
}

/**
 * Behind the damage good lines tell their numbers; of the bytes that tell nothing we only
 * know how many turns can have stood in them.
 */
const highestBehind = (tail: Tail | null, file: Uint8Array, goodBytes: number): number => {
  const chain = followChain(tail)
  let unreadBytes = 0
  let seq = tail?.seq ?? 0
  for (const bytes of linesOf(file.subarray(goodBytes))) {
    const read = chain.take(bytes)
    if (E.isLeft(read)) {
      unreadBytes += bytes.length
      continue
    }
    seq = Math.max(seq, read.right.after.seq)
    unreadBytes = 0
  }
  return seq + turnsIn(unreadBytes)
}

const turnsIn = (bytes: number): number => Math.ceil(bytes / turnBytesMin)
