/**
 * What was counted before this life: the counts that were kept, and since then what the hot journal
 * has. It is read beside the work, a piece at a time.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { readAll } from '../../journal/read.ts'
import type { Settings } from '../evaluate/settings.ts'
import { effectsOf, inputsOf, journalsOf } from '../history.ts'
import { readValues } from './cantal.ts'
import { count, newCounts } from './counts.ts'
import type { Counts } from './counts.ts'
import { readCounts } from './kept.ts'
import { inherit } from './legacy.ts'

export interface Past {
  readonly settings: Settings
  readonly bootId: string
  /** What the files of cantal say that an earlier supervisor, or the original, has left. */
  readonly old: () => Promise<{ readonly meta: string; readonly values: Buffer } | null>
  readonly processes: () => Iterable<string>
  /** The first turn that was heard in this life; null: none was yet. */
  readonly firstOfLife: () => number | null
}

export const keptName = 'metrics.json'

export const recall = async (past: Past): Promise<Counts> => {
  const { places } = past.settings
  const text = await readFile(join(places.runtimeDir, keptName), 'utf8').catch(() => null)
  const kept = text === null ? null : readCounts(text, past.bootId)
  const counts = kept ?? newCounts()
  await catchUp(counts, journalsOf(places).hotDirectory, past.firstOfLife())
  // Whatever our own kind has told cantal is in the journal as well.
  const old = kept === null && counts.turns === 0 ? await past.old() : null
  if (old !== null) inherit(counts, readValues(old.meta, old.values), past.processes())
  return counts
}

const turnsAtOnce = 200

/** Counts what lies between what is counted and the first turn of this life. */
export const catchUp = async (
  counts: Counts,
  hotDirectory: string,
  end: number | null,
): Promise<void> => {
  // Numbers that have begun anew: nothing of what was counted is in this journal.
  if (end !== null && end <= counts.seq) counts.seq = end - 1
  const isFresh = counts.seq === 0
  let read = 0
  const where = { hotDirectory, archiveDirectory: join(hotDirectory, 'no-archive') }
  for await (const item of readAll(where)) {
    if (item.kind !== 'turn') continue
    const { seq } = item.turn
    if (end !== null && seq >= end) break
    if (seq > counts.seq + 1 && !isFresh) counts.missed += seq - counts.seq - 1
    count(counts, { seq, heard: inputsOf(item.turn), effects: effectsOf(item.turn) })
    read += 1
    if (read % turnsAtOnce === 0) await setImmediate()
  }
}
