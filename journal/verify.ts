/**
 * Checks a history: that it is whole, and that it replays. The caller brings the machines as
 * one pure function; what they decide today must be what was decided then, and a checkpoint
 * must be the state that its turns lead to.
 *
 * Behind damage or a gap the state is not known; replay goes on from the next checkpoint. What
 * another version has decided is replayed and counted, not compared: it had other rules, or
 * another shape of state. The version of a turn is that of the checkpoint before it.
 */
import type { Item } from './read.ts'

export interface Replay<State> {
  /** Of the rules and of the shape of the state, as given to the journal. */
  readonly version: number
  /** `state` as a checkpoint holds it; null where nothing was known. */
  readonly initial: (state: unknown, version: number) => State
  readonly apply: (
    state: State,
    inputs: ReadonlyArray<unknown>,
    seq: number,
  ) => readonly [State, ReadonlyArray<unknown>]
  /** As `stateOf` gave it to the journal. */
  readonly stateOf: (state: State) => unknown
}

export interface Finding {
  readonly file: string
  readonly line: number
  readonly seq: number | null
  readonly kind: 'torn' | 'damage' | 'gap' | 'effects' | 'state' | 'replay'
  readonly what: string
}

export interface Report {
  readonly turns: number
  /** Turns whose effects were decided again and compared. */
  readonly replayed: number
  /** Turns that were replayed, but decided by another version. */
  readonly foreign: number
  readonly checkpoints: number
  readonly findings: ReadonlyArray<Finding>
}

/** Never throws: what replay throws is a finding. Without `replay` only the form is checked. */
export const verify = async <State>(
  items: AsyncIterable<Item> | Iterable<Item>,
  replay: Replay<State> | null = null,
): Promise<Report> => {
  const findings: Finding[] = []
  let [turns, replayed, foreign, checkpoints] = [0, 0, 0, 0]
  /** Null where the state is not known. */
  let state: { readonly now: State } | null = null
  let lastVersion: number | null = null

  /** What replay throws ends it up to the next checkpoint. */
  const attempt = <A>(item: Item, seq: number, work: () => A): A | null => {
    try {
      return work()
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      findings.push(findingOf(item, seq, 'replay', `turn ${seq} cannot be replayed: ${reason}`))
      state = null
      return null
    }
  }

  const checkTurn = (item: Item & { readonly kind: 'turn' }): void => {
    turns += 1
    if (replay === null || state === null) return
    const { seq, inputs, effects } = item.turn
    const before = state.now
    const next = attempt(item, seq, () => replay.apply(before, inputs, seq))
    if (next === null) return
    state = { now: next[0] }
    replayed += 1
    if (lastVersion !== null && lastVersion !== replay.version) {
      foreign += 1
      return
    }
    const difference = firstDifference(effects, asRead(next[1]), 'effects')
    if (difference !== null) findings.push(findingOf(item, seq, 'effects', difference))
  }

  const checkCheckpoint = (item: Item & { readonly kind: 'checkpoint' }): void => {
    checkpoints += 1
    if (replay === null) return
    const { seq, version, state: written } = item.checkpoint
    const before: { readonly now: State } | null = state
    const isOurs = version === replay.version && (lastVersion ?? version) === version
    const isComparable = written !== null && isOurs
    lastVersion = version
    if (before !== null && isComparable) {
      const found = attempt(item, seq, () => ({ state: asRead(replay.stateOf(before.now)) }))
      const difference = found === null ? null : firstDifference(written, found.state, 'state')
      if (difference !== null) findings.push(findingOf(item, seq, 'state', difference))
    }
    const next = attempt(item, seq, () => ({ now: replay.initial(written, version) }))
    if (next !== null) state = next
  }

  const check = (item: Item): void => {
    if (item.kind === 'turn') return checkTurn(item)
    if (item.kind === 'checkpoint') return checkCheckpoint(item)
    findings.push(item.kind === 'gap' ? gapFinding(item) : damageFinding(item))
    state = null
  }

  try {
    for await (const item of items) check(item)
  } catch (error) {
    const what = `reading stopped: ${error instanceof Error ? error.message : String(error)}`
    findings.push({ file: '', line: 0, seq: null, kind: 'damage', what })
  }
  return { turns, replayed, foreign, checkpoints, findings }
}

const findingOf = (
  { file, line }: Item,
  seq: number,
  kind: Finding['kind'],
  what: string,
): Finding => ({ file, line, seq, kind, what })

const damageFinding = (item: Item & { readonly kind: 'damage' }): Finding => ({
  file: item.file,
  line: item.line,
  seq: null,
  kind: item.damage === 'torn' ? 'torn' : 'damage',
  what: item.damage === 'unreadable' ? `cannot be read any further (${item.what})` : item.what,
})

const gapFinding = (item: Item & { readonly kind: 'gap' }): Finding => {
  const { from, to } = item
  const what =
    to < from
      ? `the numbers begin again with ${to + 1}, after ${from - 1}: another history follows`
      : `turns ${from} to ${to} are in no file`
  return { file: item.file, line: item.line, seq: from, kind: 'gap', what }
}

// ---------------------------------------------------------------------------
// Comparing
// ---------------------------------------------------------------------------

/** What a value is after it was written and read: without what JSON does not hold. */
const asRead = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null)) as unknown

/** The first place where what was written and what was found differ; null: nowhere. */
const firstDifference = (written: unknown, found: unknown, place: string): string | null => {
  if (isObject(written) && isObject(found) && Array.isArray(written) === Array.isArray(found)) {
    const keys = [...new Set([...Object.keys(written), ...Object.keys(found)])].sort()
    for (const key of keys) {
      const difference = firstDifference(written[key], found[key], `${place}.${key}`)
      if (difference !== null) return difference
    }
    return null
  }
  return Object.is(written, found)
    ? null
    : `${place}: written ${brief(written)}, replayed ${brief(found)}`
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

const brief = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length <= 80 ? text : `${text.slice(0, 79)}…`
}
