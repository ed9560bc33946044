/** The memory of the supervisor: the hot journal, the archive behind it, and what they remember. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as startTimer } from 'node:timers'
import { setTimeout } from 'node:timers/promises'
import { stamp } from '../actors/clock.ts'
import { lastArchived, startArchive } from '../journal/archive.ts'
import { openHot } from '../journal/hot.ts'
import type { Recovered } from '../journal/recoverHot.ts'
import type { Hear } from '../machines/vocabulary.ts'
import { decideAll, rulesVersion } from './decide.ts'
import type { State } from './decide.ts'
import type { Settings } from './evaluate/settings.ts'
import { fileName } from '../native/statusFile.ts'
import type { IsTold } from './recover.ts'
import { inputsOf, journalsOf, stateOf } from './history.ts'
import { keepState } from './state.ts'
import type { TurnLog } from './turn.ts'

export interface Memory {
  readonly state: State
  readonly bootId: string
  readonly condition: string
  readonly log: TurnLog
  readonly isTold: IsTold
  readonly skipTo: (seq: number) => void
  /** Whoever starts now finds every turn. */
  readonly isWhole: () => boolean
  /** From here on the journal asks this for the state. */
  readonly follow: (state: () => State) => void
  /** Turns that the archive does not have yet; null: there is none. */
  readonly lag: () => number | null
  readonly flush: () => Promise<void>
  /** A start reads all turns since the last checkpoint: many of them are worth a new one. */
  readonly shorten: () => void
  readonly close: () => Promise<void>
}

/** A start reads all of the hot journal; this much takes a few milliseconds. */
const hotBytesMax = 1 << 20
/** Of turns: taking that many again costs a start as much as writing a checkpoint costs us. */
const worthShortening = 16 << 10
const archivePatienceMs = 300
/** So long after the last turn, and no later than so long after the first, it is done unasked. */
const usualQuietMs = 5_000
const busyMs = 60_000
const archiveStartMs = 100
/** What the archive lacks then, the next start copies from the hot journal. */
const archiveCloseMs = 5_000

/** `quietMs`: a state is written down when nothing has been for so long. */
export const openMemory = async (
  settings: Settings,
  hear: Hear,
  quietMs = usualQuietMs,
): Promise<Memory> => {
  const { hotDirectory, archiveDirectory } = journalsOf(settings.places)
  const { master, places } = settings
  const isFirst = isNothing(join(hotDirectory, 'hot.log'))
  // A disk that does not answer must not hold up a start: then numbers begin anew.
  const after =
    isFirst && hasArchive(places.journalDir)
      ? await Promise.race([lastArchived(archiveDirectory), setTimeout(archivePatienceMs, null)])
      : null
  let stateNow: (() => State) | null = null
  const trouble = (name: string) => ({
    onStalled: ({ where, reason }: { where: string; reason: string }) =>
      hear({ type: 'journal.stalled', where: `${name} ${where}`, reason, ...stamp() }),
    onResumed: ({ where, missing }: { where: string; missing: number }) =>
      hear({ type: 'journal.resumed', where: `${name} ${where}`, missing, ...stamp() }),
  })

  const { recovered, hot } = openHot(hotDirectory, {
    version: rulesVersion,
    stateOf: () => (stateNow === null ? null : keepState(stateNow())),
    turnBytesMax: hotBytesMax,
    ...(after !== null && { after }),
    ...trouble('hot journal'),
  })
  const shorten = (): void => {
    // What the archive lacks is in this file and the one before; a new one would push that out.
    const isSafe = archive === null || archive.hasAll()
    if (stateNow !== null && isSafe && hot.sinceCheckpoint() > worthShortening) hot.checkpoint()
  }
  const shortenSoon = inQuiet(shorten, quietMs)
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  const { state, note } = remember(recovered)
  const archive =
    places.journalDir === null
      ? null
      : startArchive({
          directory: archiveDirectory,
          source: hot,
          sync: master.journalSync,
          startMs: archiveStartMs,
          now: () => stamp().at,
          segmentBytesMax: master.journalSegmentSize,
          totalBytesMax: master.journalMaxSize,
          ageMsMax: master.journalMaxDays * 86_400_000,
          ...trouble('archive'),
        })
  return {
    state,
    bootId,
    condition: note,
    isTold: endsIn(recovered.turns),
    skipTo: hot.skipTo,
    isWhole: hot.isWhole,
    log: {
      nextSeq: () => hot.tail().seq + 1,
      append: (inputs, effects) => {
        hot.append(inputs, effects)
        shortenSoon.due()
      },
    },
    follow: now => {
      stateNow = now
      // From here on our rules hold, and whoever replays must see it.
      if (recovered.version !== null && recovered.version !== rulesVersion) hot.checkpoint()
    },
    lag: () => archive?.lag() ?? null,
    flush: async () => archive?.flush(),
    shorten,
    close: async () => {
      shortenSoon.cancel()
      await Promise.race([archive?.close(), setTimeout(archiveCloseMs)])
      hot.close()
    },
  }
}

/**
 * Done once after a while in which it was not due again. Whoever looks, and whoever starts after a
 * death, then finds a state, and not a thousand turns to take again.
 */
const inQuiet = (
  work: () => void,
  quietMs: number,
): { readonly due: () => void; readonly cancel: () => void } => {
  let timer: NodeJS.Timeout | null = null
  let first = 0
  const done = (): void => {
    timer = null
    work()
  }
  return {
    due: () => {
      const now = stamp().mono
      if (timer === null) {
        first = now
        timer = startTimer(done, quietMs).unref()
      } else if (now - first < busyMs) timer.refresh()
    },
    cancel: () => void (timer !== null && clearTimeout(timer)),
  }
}

/** The state that a journal leads to, and how the journal was found. */
export const remember = ({
  condition,
  state,
  turns,
}: Pick<Recovered, 'condition' | 'state' | 'turns'>): {
  readonly state: State
  readonly note: string
} => ({
  note: condition.detail === '' ? condition.kind : `${condition.kind}, ${condition.detail}`,
  state: decideAll(
    stateOf(state),
    turns.map(turn => ({ seq: turn.seq, inputs: inputsOf(turn) })),
  ),
})

/** Whether the end of this life is told by these turns. */
export const endsIn = (turns: Recovered['turns']): IsTold => {
  const ends = new Set(
    turns.flatMap(inputsOf).flatMap(input => {
      const isEnd = input.type === 'knot.exited' || input.type === 'knot.refused'
      return isEnd ? [fileName(input.instance, input.incarnation)] : []
    }),
  )
  return ({ instance, incarnation }) => ends.has(fileName(instance, incarnation))
}

/** Not there, or empty: then the archive knows better which numbers were given away. */
const isNothing = (file: string): boolean => {
  try {
    return (statSync(file, { throwIfNoEntry: false })?.size ?? 0) === 0
  } catch {
    // No such place, a link to itself: it tells us nothing, and never stops a start.
    return true
  }
}

/** Asking the archive costs some milliseconds of a start, and most of the first ones have none. */
const hasArchive = (directory: string | null): boolean => {
  try {
    return directory !== null && existsSync(directory) && readdirSync(directory).length > 0
  } catch {
    // A file, or a place that cannot be read: the archive says so when it is written.
    return false
  }
}
