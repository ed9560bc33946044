/**
 * What the journal's tests share: a toy supervisor whose state can be computed from its turns,
 * a hot journal under it, chance from a seed, and a directory that is gone afterwards.
 */
import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { openHot } from '../../journal/hot.ts'
import type { Hot, HotOptions } from '../../journal/hot.ts'
import type { Recovered } from '../../journal/recoverHot.ts'
import type { Item } from '../../journal/read.ts'
import type { Resumed, Stalled } from '../../journal/trouble.ts'
import type { Replay } from '../../journal/verify.ts'

/** Counts what it heard, by name. */
export type Counts = Readonly<Record<string, number>>

export const step = (
  counts: Counts,
  inputs: ReadonlyArray<unknown>,
): readonly [Counts, ReadonlyArray<unknown>] => {
  const next: Record<string, number> = { ...counts }
  const effects: unknown[] = []
  for (const input of inputs as ReadonlyArray<string>) {
    const count = (next[input] = (next[input] ?? 0) + 1)
    if (count % 3 === 0) effects.push({ type: 'third', of: input, count })
  }
  return [next, effects]
}

export const countsOf = (recovered: Recovered): Counts =>
  recovered.turns.reduce<Counts>(
    (counts, { inputs }) => step(counts, inputs)[0],
    (recovered.state ?? {}) as Counts,
  )

export const replayCounts: Replay<Counts> = {
  version: 1,
  initial: state => (state ?? {}) as Counts,
  apply: step,
  stateOf: counts => counts,
}

/** A life of the toy supervisor: decides, remembers, appends. */
export interface Life {
  readonly hot: Hot
  readonly recovered: Recovered
  readonly hear: (...inputs: ReadonlyArray<string>) => number
  readonly counts: () => Counts
  readonly stalled: Stalled[]
  readonly resumed: Resumed[]
}

export const live = (directory: string, options: Partial<HotOptions> = {}): Life => {
  const stalled: Stalled[] = []
  const resumed: Resumed[] = []
  let counts: Counts = {}
  const { hot, recovered } = openHot(directory, {
    version: 1,
    stateOf: () => counts,
    onStalled: trouble => void stalled.push(trouble),
    onResumed: trouble => void resumed.push(trouble),
    ...options,
  })
  counts = countsOf(recovered)
  return {
    hot,
    recovered,
    stalled,
    resumed,
    counts: () => counts,
    hear: (...inputs) => {
      const [next, effects] = step(counts, inputs)
      const { seq } = hot.append(inputs, effects)
      counts = next
      return seq
    },
  }
}

/** What the journal does or says when a turn is over has then been done and said. */
export const over = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

/** mulberry32: small, seeded, good enough to pick stories. */
export const chance = (state: number) => () => {
  state = (state + 0x6d2b79f5) | 0
  let z = Math.imul(state ^ (state >>> 15), 1 | state)
  z = (z + Math.imul(z ^ (z >>> 7), 61 | z)) ^ z
  return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32
}

export const inTemporaryDirectory = async (
  work: (directory: string) => Promise<void> | void,
): Promise<void> => {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'lithos-journal-'))
  try {
    await work(directory)
  } finally {
    fs.rmSync(directory, { recursive: true, force: true })
  }
}

export const allOf = async (items: AsyncIterable<Item>): Promise<Item[]> => {
  const all: Item[] = []
  for await (const item of items) all.push(item)
  return all
}

/** `1 2 [2] 3 gap 4-6 damage`: a story on one line. */
export const brief = (items: ReadonlyArray<Item>): string =>
  items
    .map(item => {
      if (item.kind === 'turn') return String(item.turn.seq)
      if (item.kind === 'checkpoint') return `[${item.checkpoint.seq}]`
      return item.kind === 'gap' ? `gap ${item.from}-${item.to}` : item.damage
    })
    .join(' ')
