/** What the journal tells: the present state, or the past of one instance. Reads, never writes. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { itemsIn, readAll } from '../journal/read.ts'
import type { Item } from '../journal/read.ts'
import { listSegments, segmentBytes } from '../journal/readFiles.ts'
import { entriesIn } from '../journal/scan.ts'
import type { Effect, Input } from '../machines/vocabulary.ts'
import type { Master } from './config/shapes.ts'
import { decide, decideAll, emptyState } from './decide.ts'
import type { State } from './decide.ts'
import { restoreState } from './state.ts'
import type { KeptState } from './state.ts'

export interface Journals {
  readonly hotDirectory: string
  readonly archiveDirectory: string
}

/** The hot journal beside the sockets and pids, the archive beside the logs. */
export const journalsOf = ({
  runtimeDir,
  journalDir,
}: Pick<Master, 'runtimeDir' | 'journalDir'>): Journals => ({
  hotDirectory: join(runtimeDir, 'journal'),
  // Where the archive is turned off, a name that is never made.
  archiveDirectory: journalDir ?? join(runtimeDir, 'journal', 'no-archive'),
})

export interface Present {
  readonly state: State
  readonly seq: number
}

/**
 * From the last checkpoint of the hot journal on. Null where there is none. Read in one go, as a
 * start does it; only a damaged file is gone through in every way, past the damage.
 */
export const readPresent = async (hotDirectory: string): Promise<Present | null> => {
  const file = readIfThere(join(hotDirectory, 'hot.log'))
  const entries = entriesIn(file ?? Buffer.alloc(0))
  const first = entries.next().value
  if (first === undefined || E.isLeft(first) || first.right.kind !== 'checkpoint')
    return readPresentSlowly(hotDirectory)
  const { checkpoint } = first.right
  let isWhole = true
  let seq = checkpoint.seq
  // Each is parsed when it is taken, and forgotten.
  const turns = function* () {
    for (const entry of entries) {
      isWhole = E.isRight(entry) || entry.left === 'torn'
      if (E.isLeft(entry) || entry.right.kind !== 'turn') return
      seq = entry.right.turn.seq
      yield { seq, inputs: inputsOf(entry.right.turn) }
    }
  }
  const state = decideAll(stateOf(checkpoint.state), turns())
  return isWhole ? { state, seq } : readPresentSlowly(hotDirectory)
}

const readIfThere = (file: string): Buffer | null => {
  try {
    return readFileSync(file)
  } catch {
    return null
  }
}

const readPresentSlowly = async (hotDirectory: string): Promise<Present | null> => {
  let present: Present | null = null
  const where = { hotDirectory, archiveDirectory: join(hotDirectory, 'no-archive') }
  for await (const item of readAll(where)) present = advance(present, item)
  return present
}

/** One step further; null as long as nothing is known. */
export const advance = (present: Present | null, item: Item): Present | null => {
  if (item.kind === 'checkpoint')
    return { state: stateOf(item.checkpoint.state), seq: item.after.seq }
  if (item.kind !== 'turn' || present === null) return present
  const { state } = decide(present.state, inputsOf(item.turn), item.turn.seq)
  return { state, seq: item.turn.seq }
}

/** What the archive knows, where a boot has taken the hot journal away: its last segment. */
export const readArchived = async (
  directory: string,
): Promise<{ readonly present: Present; readonly at: number | null } | null> => {
  const last = (await listSegments(directory)).at(-1)
  if (last === undefined) return null
  let present: Present | null = null
  let at: number | null = null
  for await (const item of itemsIn(join(directory, last.name), segmentBytes(directory, last))) {
    present = advance(present, item)
    if (item.kind === 'turn') at = inputsOf(item.turn)[0]?.at ?? at
  }
  return present === null ? null : { present, at }
}

export const stateOf = (kept: unknown): State =>
  kept === null ? emptyState() : restoreState(kept as KeptState)

/** The journal wrote them, and its checksums hold: they are what we said. */
export const inputsOf = (turn: { readonly inputs: readonly unknown[] }): readonly Input[] =>
  turn.inputs as readonly Input[]

export const effectsOf = (turn: { readonly effects: readonly unknown[] }): readonly Effect[] =>
  turn.effects as readonly Effect[]
