/**
 * Follows the chain of checksums through one file and finds it again behind a damaged line.
 * A file begins with a checkpoint; no other line of it is one.
 *
 * Behind damage the next line is believed if it follows from what the damaged line claimed to
 * be, or from what its JSON comes to (when only its head was hurt). Nothing is believed that
 * no checksum vouches for.
 */
import * as E from 'fp-ts/lib/Either.js'
import { claimedSum, computedSum, decode } from './record.ts'
import type { Damage, Entry, Tail } from './record.ts'

export interface Chain {
  readonly take: (line: Uint8Array) => E.Either<Damage, Entry>
  /** The last turn that was believed; null before the first line that brings one. */
  readonly tail: () => Tail | null
}

export const followChain = (start: Tail | null): Chain => {
  let tail = start
  /** Checksums from which the next line may follow; more than one only behind damage. */
  let seeds: ReadonlyArray<number> = start === null ? [] : [start.sum]
  let mayCheckpoint = start === null

  const attempt = (line: Uint8Array): E.Either<Damage, Entry> => {
    const seq = tail?.seq ?? 0
    const tails = seeds.length === 0 ? [null] : seeds.map(sum => ({ seq, sum }))
    const reads = tails.map(tail => decode(tail, line))
    const read = reads.find(E.isRight) ?? (reads[0] as E.Left<Damage>)
    const isMisplaced = E.isRight(read) && read.right.kind === 'checkpoint' && !mayCheckpoint
    return isMisplaced ? E.left('changed') : read
  }

  return {
    tail: () => tail,
    take: line => {
      const read = attempt(line)
      if (E.isRight(read)) {
        tail = read.right.after
        seeds = [tail.sum]
        mayCheckpoint = false
      } else {
        mayCheckpoint = true
        const possible = [claimedSum(line), ...seeds.map(seed => computedSum(line, seed))]
        seeds = possible.filter(sum => sum !== null).slice(0, seedsMax)
      }
      return read
    },
  }
}

/** A long run of damaged lines must not make every further line dearer. */
const seedsMax = 3
