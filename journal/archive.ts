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
import { keepBacklog } from './backlog.ts'
import type { Source } from './backlog.ts'
import { codeOf } from './disk.ts'
import type { Tail } from './record.ts'
import { lastTurnOf, tidySegments } from './segments.ts'
import type { Limits } from './segments.ts'
import { writeSegments } from './segmentWriter.ts'
import { listenForTrouble } from './trouble.ts'
import type { Listener } from './trouble.ts'

export interface ArchiveOptions extends Listener, Partial<Limits> {
  readonly directory: string
  readonly source: Source
  /** Always: each group at once. Interval: after `delayMs`. Never: so, but left to the kernel. */
  readonly sync: 'always' | 'interval' | 'never'
  /** Milliseconds since 1970, for the age of segments. */
  readonly now: () => number
  readonly delayMs?: number
  /** Before the disk is touched for the first time: a start has better things to do. */
  readonly startMs?: number
  readonly segmentBytesMax?: number
  readonly backlogBytesMax?: number
  readonly disk?: ArchiveDisk
}

export interface Archive {
  /** Nothing waits: whatever the hot journal lets go of now is here. */
  readonly hasAll: () => boolean
  /** How many turns are not here yet. */
  readonly lag: () => number
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
  const {
    startMs = 0,
    delayMs = 1_000,
    segmentBytesMax = 8 << 20,
    backlogBytesMax = 16 << 20,
  } = options
  const limits: Limits = {
    totalBytesMax: options.totalBytesMax ?? 256 << 20,
    ageMsMax: options.ageMsMax ?? 90 * 24 * 60 * 60 * 1_000,
  }
  const writer = writeSegments(directory, disk, sync !== 'never')
  const trouble = listenForTrouble(options)
  const tidyTrouble = listenForTrouble(options)

  const backlog = keepBacklog({
    source,
    segmentBytesMax,
    backlogBytesMax,
    onLost: (from, to) => {
      missing += to - from + 1
      trouble.say(directory, `turns ${from} to ${to} were lost before they came here`)
    },
  })
  let missing = 0
  /** The last turn that is on the disk; until that is known, what was there before us. */
  let written = source.tail().seq
  let hasResumed = false
  let isClosed = false
  let retryMs = 0
  let timer: NodeJS.Timeout | null = null
  /** Whether the timer was set for something urgent. */
  let isSoon = false
  let flight: { readonly done: Promise<void>; readonly sinceMs: number } | null = null
  let tidying: Promise<void> = Promise.resolve()

  // -------------------------------------------------------------------------
  // Writing
  // -------------------------------------------------------------------------

  /** Not at once: the caller may be in the middle of a turn. */
  const write = (): Promise<void> => {
    if (flight !== null) return flight.done
    stopTimer()
    const done = Promise.resolve()
      .then(writeBacklog)
      .then(succeed, fail)
      .then(() => {
        flight = null
        schedule()
      })
    flight = { done, sinceMs: now() }
    return done
  }

  /** What comes while it is being written waits for the next group. */
  const writeBacklog = async (): Promise<void> => {
    if (!hasResumed) await resume()
    catchUpIfEmpty()
    backlog.turnOver()
    let due = backlog.count()
    while (due > 0) {
      const run = backlog.run(due)
      if ((await writer.write(run)) === 'vanished') startOver()
      else {
        backlog.drop(run)
        written = run.at(-1)?.after.seq ?? written
      }
      due = Math.min(due - run.length, backlog.count())
      if (run[0]?.kind === 'checkpoint') tidy()
      if (catchUpIfEmpty()) due = backlog.count()
    }
  }

  const catchUpIfEmpty = (): boolean => {
    if (!backlog.isBehind() || backlog.count() > 0) return false
    backlog.catchUp()
    return true
  }

  const resume = async (): Promise<void> => {
    const end = await writer.resume()
    written = end.tail?.seq ?? 0
    backlog.goOnFrom(end)
    hasResumed = true
    tidy()
  }

  /** Someone removed the segment under our hands. */
  const startOver = (): void => {
    trouble.say(directory, 'the segment that was being written has been removed')
    backlog.goOnFrom({ tail: null, segmentBytes: null })
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
    const isIdle = backlog.count() === 0 && !backlog.isBehind()
    if (isClosed || isIdle || flight !== null) return
    const isUrgent = sync === 'always' || !hasResumed || backlog.bytes() > urgentBytes
    if (timer !== null && (isSoon || !isUrgent)) return
    stopTimer()
    isSoon = isUrgent
    const urgentMs = hasResumed ? 0 : startMs
    timer = setTimeout(() => void write(), retryMs || (isUrgent ? urgentMs : delayMs))
  }

  const stopTimer = (): void => {
    if (timer !== null) clearTimeout(timer)
    timer = null
  }

  const stopListening = source.listen(line => {
    backlog.add(line)
    sayIfSlow()
    schedule()
  })
  schedule()

  /** What is on its way may have left before the last line came. */
  const writeAll = async (): Promise<void> => {
    if (flight !== null) await flight.done
    await write()
  }

  return {
    hasAll: () => flight === null && backlog.count() === 0 && !backlog.isBehind(),
    lag: () => Math.max(0, source.tail().seq - written),
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

const slowMs = 5_000
const retryMsMin = 20
const retryMsMax = 30_000
const urgentBytes = 1 << 20
