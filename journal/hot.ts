/**
 * The hot journal: all that a start reads. It lies in memory (tmpfs), so that what was
 * written survives any death of the supervisor and no disk stands between a death and a
 * restart.
 *
 *     hot.log        a checkpoint, and the turns since
 *     hot.previous   the file that the checkpoint replaced, so that the archive and a reader
 *                    who are behind find the turns from before it
 *     hot.next       a checkpoint that is being written; renamed over hot.log when complete
 *     hot.damaged-N  evidence, see recoverHot.ts
 *
 * One turn is one line is one write(2), made before any effect of the turn is performed.
 * Nothing is synced: only the death of the kernel could take what was written, and the
 * containers die with it.
 * What happens when it cannot be written is told in hotFile.ts.
 */
import { strict as assert } from 'node:assert'
import { realDisk } from './disk.ts'
import type { Disk } from './disk.ts'
import { openHotFile } from './hotFile.ts'
import { placesIn, recoverHot } from './recoverHot.ts'
import type { Recovered } from './recoverHot.ts'
import { encodeCheckpoint, encodeTurn } from './record.ts'
import type { Line, Tail, Turn } from './record.ts'
import { goodLines } from './scan.ts'
import type { Listener } from './trouble.ts'

export interface HotOptions extends Listener {
  /** Of the shape of the state, written into each checkpoint. */
  readonly version: number
  /** Asked between turns: all that were appended must be in it, and nothing else. */
  readonly stateOf: () => unknown
  /** The last turn of the archive, where it could be asked: no number is given twice. */
  readonly after?: Tail
  /** A checkpoint is due when the turns since the last one need more than this, and than it. */
  readonly turnBytesMax?: number
  readonly disk?: Disk
}

export interface Hot {
  readonly append: (inputs: ReadonlyArray<unknown>, effects: ReadonlyArray<unknown>) => Turn
  /** Writes a new file that begins with the state now. False: it could not be written. It is
   * also done unasked, when turns have become many or could not be written. */
  readonly checkpoint: () => boolean
  readonly checkpointLine: () => Line
  /** Bytes of turns since the last one. */
  readonly sinceCheckpoint: () => number
  /** Whoever starts now finds every turn, by itself or in the checkpoint. */
  readonly isWhole: () => boolean
  /** The last turn; the next one gets `tail().seq + 1`. */
  readonly tail: () => Tail
  /** Numbers up to this one were given away by turns that are in no file. */
  readonly skipTo: (seq: number) => void
  /** Every line that is still here, oldest first. */
  readonly lines: () => Iterable<Line>
  /** Is told each turn's line, in order, when it has been written. */
  readonly listen: (listener: (line: Line) => void) => () => void
  readonly close: () => void
}

export interface OpenedHot {
  readonly recovered: Recovered
  readonly hot: Hot
}

export const openHot = (directory: string, options: HotOptions): OpenedHot => {
  const { version, stateOf, disk = realDisk } = options
  const places = placesIn(directory)
  const { recovered, tail: start, good, evidence } = recoverHot(directory, disk, options.after)
  const listeners = new Set<(line: Line) => void>()
  const file = openHotFile(directory, options, disk)
  let tail = start
  let isBusy = false
  let isDue = false
  let isClosed = false

  const checkpointLine = (): Line => encodeCheckpoint(tail, version, stateOf())

  const alone = <A>(work: () => A): A => {
    assert(!isBusy, 'the journal was called from inside one of its own calls')
    isBusy = true
    try {
      return work()
    } finally {
      isBusy = false
    }
  }

  /**
   * Not inside `append`: the turn is first performed, and the caller has then taken over the
   * state that it decided.
   */
  const checkpointSoon = (): void => {
    if (isDue) return
    isDue = true
    queueMicrotask(() => {
      isDue = false
      if (!isClosed) hot.checkpoint()
    })
  }

  if (good === null) file.begin(encodeCheckpoint(tail, version, null))
  else file.resume(good.bytes, good.checkpointBytes)

  const hot: Hot = {
    append: (inputs, effects) =>
      alone(() => {
        const turn = { seq: tail.seq + 1, inputs, effects }
        const line = encodeTurn(tail, turn)
        tail = line.after
        if (file.append(line)) checkpointSoon()
        listeners.forEach(listener => listener(line))
        return turn
      }),
    checkpoint: () => alone(() => file.begin(checkpointLine())),
    checkpointLine,
    sinceCheckpoint: file.sinceCheckpoint,
    isWhole: file.isWhole,
    tail: () => tail,
    skipTo: seq => {
      tail = { seq: Math.max(tail.seq, seq), sum: tail.sum }
    },
    *lines() {
      for (const path of [places.previous, evidence, places.log]) {
        if (path !== null) yield* goodLines(readOrNothing(disk, path))
      }
    },
    listen: listener => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    close: () => {
      isClosed = true
      file.close()
    },
  }
  return { recovered, hot }
}

const readOrNothing = (disk: Disk, path: string): Uint8Array => {
  try {
    return disk.read(path)
  } catch {
    return new Uint8Array(0)
  }
}
