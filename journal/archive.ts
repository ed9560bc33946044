/**
 * The archive: finished turns, copied to a disk beside the work, in groups. Nothing waits for
 * it but `flush` and `close`.
 *
 *     add ──► backlog ──► one run at a time: write, fdatasync ──► segment
 *      │ full, or not yet begun                      │ failed: said once, tried again later
 *      └──► behind: nothing is kept here; the lines are read again from the hot journal
 *           as soon as the backlog is written
 *
 * So a slow, full, missing or read-only disk costs memory up to a limit and then nothing; a
 * gap opens only when the hot journal has let go of turns before the archive took them. The
 * gap is counted, and behind it stands a new segment that begins with a checkpoint.
 *
 * A timer runs only while something waits to be written.
 */
import { realArchiveDisk } from './archiveDisk.ts'
import type { ArchiveDisk } from './archiveDisk.ts'
import { codeOf } from './disk.ts'
import type { Line, Tail } from './record.ts'
import { lastTurnOf, tidySegments } from './segments.ts'
import type { Limits } from './segments.ts'
import { writeSegments } from './segmentWriter.ts'
import { listenForTrouble } from './trouble.ts'
import type { Listener } from './trouble.ts'

/** What the archive needs of the hot journal. */
export interface Source {
  readonly tail: () => Tail
  readonly checkpointLine: () => Line
  readonly lines: () => Iterable<Line>
  readonly listen: (listener: (line: Line) => void) => () => void
}

export interface ArchiveOptions extends Listener, Partial<Limits> {
  readonly directory: string
  readonly source: Source
  /** Always: each group at once. Interval: after `delayMs`. Never: so, but left to the kernel. */
  readonly sync: 'always' | 'interval' | 'never'
  /** Milliseconds since 1970, for the age of segments. */
  readonly now: () => number
  readonly delayMs?: number
  readonly segmentBytesMax?: number
  readonly backlogBytesMax?: number
  readonly disk?: ArchiveDisk
}

export interface Archive {
  /** Writes what waits and tidies. Resolves also when that failed; it is tried again later. */
  readonly flush: () => Promise<void>
  /**
   * Writes what waits, for the last time. Who cannot wait for a disk that does not answer may
   * leave instead: the next start takes what is missing from the hot journal.
   */
  readonly close: () => Promise<void>
}

/** For `openHot`; see `lastTurnOf`. */
export const lastArchived = (directory: string): Promise<Tail | null> =>
  lastTurnOf(directory, realArchiveDisk)

export const startArchive = (options: ArchiveOptions): Archive => {
  const { directory, source, sync, now, disk = realArchiveDisk } = options
  const { delayMs = 1_000, segmentBytesMax = 8 << 20, backlogBytesMax = 16 << 20 } = options
  const limits: Limits = {
    totalBytesMax: options.totalBytesMax ?? 256 << 20,
    ageMsMax: options.ageMsMax ?? 90 * 24 * 60 * 60 * 1_000,
  }
  const writer = writeSegments(directory, disk, sync !== 'never')
  const trouble = listenForTrouble(options)
  const tidyTrouble = listenForTrouble(options)

  let backlog: Line[] = []
  let backlogBytes = 0
  /** The last line of the backlog or, where it is empty, of the archive. */
  let tail: Tail | null = null
  /** Whether a turn may follow the tail where it is; otherwise a new segment must begin. */
  let mayGoOn = false
  let segmentBytes = 0
  let checkpointBytes = 0
  let missing = 0
  let hasResumed = false
  let isBehind = true
  let isClosed = false
  let retryMs = 0
  let timer: NodeJS.Timeout | null = null
  let flight: { readonly done: Promise<void>; readonly sinceMs: number } | null = null
  let tidying: Promise<void> = Promise.resolve()

  // -------------------------------------------------------------------------
  // Taking lines
  // -------------------------------------------------------------------------

  const add = (line: Line): void => {
    if (!isBehind) take(line)
    sayIfSlow()
    schedule()
  }

  const take = (line: Line): void => {
    if (line.kind === 'checkpoint') {
      if (!isSame(tail, line.after)) beginWith(line)
      return
    }
    if (follows(line)) keep(line)
    else if (source.tail().seq > (tail?.seq ?? 0)) beginWith(source.checkpointLine())
    const isFull = segmentBytes >= Math.max(segmentBytesMax, 4 * checkpointBytes)
    if (isFull && isSame(tail, source.tail())) beginWith(source.checkpointLine())
  }

  const follows = ({ before, after }: Line): boolean =>
    mayGoOn && tail !== null && before.sum === tail.sum && after.seq > tail.seq

  const keep = (line: Line): void => {
    if (backlogBytes > 0 && backlogBytes + line.bytes.length > backlogBytesMax) {
      isBehind = true
      return
    }
    backlog.push(line)
    backlogBytes += line.bytes.length
    segmentBytes += line.bytes.length
    tail = line.after
  }

  /** A new segment. What lies between its checkpoint and the last line is in no file any more. */
  const beginWith = (checkpoint: Line): void => {
    const lost = tail === null ? 0 : Math.max(0, checkpoint.after.seq - tail.seq)
    const lastSeq = tail?.seq ?? 0
    keep(checkpoint)
    if (isBehind) return
    mayGoOn = true
    segmentBytes = checkpointBytes = checkpoint.bytes.length
    if (lost === 0) return
    missing += lost
    trouble.say(
      directory,
      `turns ${lastSeq + 1} to ${lastSeq + lost} were lost before they came here`,
    )
  }

  /** From the files of the hot journal: what follows the last line that the archive has. */
  const catchUp = (): void => {
    isBehind = false
    const lines = [...source.lines()]
    const had = mayGoOn ? lines.findLastIndex(line => isSame(tail, line.after)) : -1
    const first = lines[0]
    if (had < 0 && first?.kind === 'checkpoint') beginWith(first)
    for (const line of lines.slice(had < 0 ? 1 : had + 1)) {
      if (isBehind) return
      take(line)
    }
  }

  // -------------------------------------------------------------------------
  // Writing them
  // -------------------------------------------------------------------------

  const write = (): Promise<void> => {
    if (flight !== null) return flight.done
    stopTimer()
    const done = writeBacklog()
      .then(succeed, fail)
      .then(() => {
        flight = null
        schedule()
      })
    flight = { done, sinceMs: now() }
    return done
  }

  /** What came while it was being written waits for the next group. */
  const writeBacklog = async (): Promise<void> => {
    if (!hasResumed) await resume()
    if (isBehind && backlog.length === 0) catchUp()
    let due = backlog.length
    while (due > 0) {
      const run = firstRun(backlog.slice(0, due))
      if ((await writer.write(run)) === 'vanished') startOver()
      else drop(run)
      due = Math.min(due - run.length, backlog.length)
      if (run[0]?.kind === 'checkpoint') tidy()
      if (!isBehind || backlog.length > 0) continue
      catchUp()
      due = backlog.length
    }
  }

  const resume = async (): Promise<void> => {
    const end = await writer.resume()
    tail = end.tail
    mayGoOn = end.mayGoOn
    hasResumed = true
    tidy()
  }

  const drop = (run: ReadonlyArray<Line>): void => {
    backlog = backlog.slice(run.length)
    backlogBytes -= bytesOf(run)
  }

  /** Someone removed the segment under our hands. */
  const startOver = (): void => {
    trouble.say(directory, 'the segment that was being written has been removed')
    backlog = []
    backlogBytes = 0
    tail = null
    mayGoOn = false
    isBehind = true
  }

  const succeed = (): void => {
    retryMs = 0
    trouble.over(missing)
    missing = 0
  }

  const fail = (error: unknown): void => {
    retryMs = Math.min(Math.max(2 * retryMs, delayMs, retryMsMin), retryMsMax)
    trouble.say(directory, codeOf(error))
  }

  const sayIfSlow = (): void => {
    const waitedMs = flight === null ? 0 : now() - flight.sinceMs
    if (waitedMs > slowMs) {
      trouble.say(directory, `the disk has not answered for ${Math.round(waitedMs / 1_000)} s`)
    }
  }

  const tidy = (): void => {
    const work = (): Promise<void> =>
      tidySegments(directory, disk, writer.currentName, limits, now(), () => isClosed)
    tidying = tidying.then(work).then(
      () => tidyTrouble.over(0),
      error => tidyTrouble.say(directory, `old segments cannot be tidied (${codeOf(error)})`),
    )
  }

  // -------------------------------------------------------------------------
  // When
  // -------------------------------------------------------------------------

  const schedule = (): void => {
    const isIdle = backlog.length === 0 && !isBehind
    if (isClosed || isIdle || flight !== null) return
    if (retryMs === 0 && backlogBytes > urgentBytes) return void write()
    const isUrgent = sync === 'always' || !hasResumed
    timer ??= setTimeout(() => void write(), retryMs || (isUrgent ? 0 : delayMs))
  }

  const stopTimer = (): void => {
    if (timer !== null) clearTimeout(timer)
    timer = null
  }

  const stopListening = source.listen(add)
  schedule()

  /** What is on its way may have left before the last line came. */
  const writeAll = async (): Promise<void> => {
    if (flight !== null) await flight.done
    await write()
  }

  return {
    flush: async () => {
      await writeAll()
      await tidying
    },
    close: async () => {
      stopListening()
      await writeAll()
      isClosed = true
      stopTimer()
      await tidying
      await writer.close()
    },
  }
}

/** Up to the next checkpoint, which begins another file, and not too much at once. */
const firstRun = (backlog: ReadonlyArray<Line>): ReadonlyArray<Line> => {
  let bytes = 0
  const end = backlog.findIndex((line, index) => {
    bytes += line.bytes.length
    return index > 0 && (line.kind === 'checkpoint' || bytes > runBytesMax)
  })
  return backlog.slice(0, end < 0 ? undefined : end)
}

const bytesOf = (lines: ReadonlyArray<Line>): number =>
  lines.reduce((bytes, line) => bytes + line.bytes.length, 0)

const isSame = (tail: Tail | null, other: Tail): boolean =>
  tail !== null && tail.seq === other.seq && tail.sum === other.sum

const slowMs = 5_000
const retryMsMin = 20
const retryMsMax = 30_000
const runBytesMax = 1 << 20
const urgentBytes = 1 << 20
