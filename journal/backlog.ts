/**
 * The lines that wait to be archived, in order and bounded.
 *
 * Full, or before the end of the archive is known, it is *behind*: it keeps what it has and
 * takes nothing more; what it did not take is read again from the hot journal (`catchUp`). A
 * line that does not follow from the one before begins a new segment with a checkpoint, and
 * what lies between is counted: it is in no file any more.
 */
import type { Line, Tail } from './record.ts'

/** What the archive needs of the hot journal. */
export interface Source {
  readonly tail: () => Tail
  readonly checkpointLine: () => Line
  readonly lines: () => Iterable<Line>
  readonly listen: (listener: (line: Line) => void) => () => void
}

/** The end of the archive. */
export interface End {
  readonly tail: Tail | null
  /** Of the segment that can be gone on with; null: a new one must begin. */
  readonly segmentBytes: number | null
}

export interface BacklogOptions {
  readonly source: Source
  readonly segmentBytesMax: number
  readonly backlogBytesMax: number
  readonly onLost: (from: number, to: number) => void
}

export interface Backlog {
  readonly add: (line: Line) => void
  readonly goOnFrom: (end: End) => void
  /** Not while a turn is taken, because the state is asked; so with `turnOver`. */
  readonly catchUp: () => void
  /** Begins the next segment if this one is full. */
  readonly turnOver: () => void
  readonly isBehind: () => boolean
  readonly count: () => number
  readonly bytes: () => number
  /** The first of at most `count` lines; up to the next checkpoint, which begins a segment. */
  readonly run: (count: number) => ReadonlyArray<Line>
  readonly drop: (run: ReadonlyArray<Line>) => void
}

export const keepBacklog = (options: BacklogOptions): Backlog => {
  const { source, segmentBytesMax, backlogBytesMax, onLost } = options
  let waiting: Line[] = []
  let waitingBytes = 0
  /** The last line that waits or, where none does, of the archive. */
  let tail: Tail | null = null
  /** Of the segment that the next turn comes into; null: it needs a new one. */
  let segmentBytes: number | null = null
  let checkpointBytes = 0
  let isBehind = true

  const add = (line: Line): void => {
    if (follows(line)) keep(line)
    else if (line.kind === 'checkpoint' && !isSame(tail, line.after)) begin(line)
    else if (line.kind === 'turn') isBehind = true
  }

  const follows = ({ kind, before, after }: Line): boolean =>
    kind === 'turn' &&
    segmentBytes !== null &&
    tail !== null &&
    before.sum === tail.sum &&
    after.seq > tail.seq

  const keep = (line: Line): void => {
    if (waitingBytes > 0 && waitingBytes + line.bytes.length > backlogBytesMax) {
      isBehind = true
      return
    }
    waiting.push(line)
    waitingBytes += line.bytes.length
    segmentBytes = (segmentBytes ?? 0) + line.bytes.length
    tail = line.after
  }

  const begin = (checkpoint: Line): void => {
    const lastSeq = tail?.seq ?? checkpoint.after.seq
    keep(checkpoint)
    if (isBehind) return
    segmentBytes = checkpointBytes = checkpoint.bytes.length
    if (checkpoint.after.seq > lastSeq) onLost(lastSeq + 1, checkpoint.after.seq)
  }

  return {
    add: line => {
      if (!isBehind) add(line)
    },
    goOnFrom: end => {
      waiting = []
      waitingBytes = 0
      tail = end.tail
      segmentBytes = end.segmentBytes
      isBehind = true
    },
    catchUp: () => {
      isBehind = false
      const lines = [...source.lines()]
      const hasSegment = segmentBytes !== null
      const had = hasSegment ? lines.findLastIndex(line => isSame(tail, line.after)) : -1
      const [first] = lines
      if (had < 0 && first?.kind === 'checkpoint') begin(first)
      for (const line of lines.slice(had < 0 ? 1 : had + 1)) {
        if (!isBehind) add(line)
      }
      const isWhole = tail?.sum === source.tail().sum
      if (!isBehind && !isWhole) begin(source.checkpointLine())
    },
    turnOver: () => {
      const isFull = (segmentBytes ?? 0) >= Math.max(segmentBytesMax, 4 * checkpointBytes)
      if (isFull && !isBehind && isSame(tail, source.tail())) begin(source.checkpointLine())
    },
    isBehind: () => isBehind,
    count: () => waiting.length,
    bytes: () => waitingBytes,
    run: count => firstRun(waiting.slice(0, count)),
    drop: run => {
      waiting = waiting.slice(run.length)
      waitingBytes -= bytesOf(run)
    },
  }
}

/** Not too much at once either. */
const firstRun = (lines: ReadonlyArray<Line>): ReadonlyArray<Line> => {
  let bytes = 0
  const end = lines.findIndex((line, index) => {
    bytes += line.bytes.length
    return index > 0 && (line.kind === 'checkpoint' || bytes > runBytesMax)
  })
  return lines.slice(0, end < 0 ? undefined : end)
}

const bytesOf = (lines: ReadonlyArray<Line>): number =>
  lines.reduce((bytes, line) => bytes + line.bytes.length, 0)

const isSame = (tail: Tail | null, other: Tail): boolean =>
  tail !== null && tail.seq === other.seq && tail.sum === other.sum

const runBytesMax = 1 << 20
