/**
 * The counts as a file, so that they do not fall when the supervisor is started anew: what they
 * lack is counted out of the journal. A file that is not whole, or of another shape, is none.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { bounds, causes, newCounts } from './counts.ts'
import type { Counts } from './counts.ts'

const numbers = <K extends string>(keys: readonly K[]) =>
  t.type(Object.fromEntries(keys.map(key => [key, t.number])) as Record<K, t.NumberC>)

const Life = t.type({
  incarnation: t.number,
  decided: t.union([t.number, t.null]),
  born: t.boolean,
  asked: t.union([t.literal('SIGTERM'), t.literal('SIGKILL'), t.null]),
  over: t.boolean,
})

const Process = t.intersection([
  numbers(['started', 'restarts', 'failures', 'oomKills']),
  t.type({ deaths: numbers(causes) }),
])

const Histogram = t.type({ buckets: t.array(t.number), sum: t.number, count: t.number })

const list = <A, O>(of: t.Type<A, O>) => t.array(t.tuple([t.string, of]))

/** `bootId`: the clock of another boot counts from another beginning. */
const Kept = t.intersection([
  numbers(['seq', 'turns', 'missed', 'startedAt', 'stalls']),
  t.type({
    bootId: t.string,
    starts: numbers(['started', 'replaced', 'crashed']),
    all: numbers(['started', 'failures', 'deaths']),
    inputs: list(t.number),
    processes: list(Process),
    starting: list(Histogram),
    lives: list(Life),
  }),
])

export const keepCounts = (counts: Counts, bootId: string): string =>
  JSON.stringify({
    ...counts,
    bootId,
    inputs: [...counts.inputs],
    processes: [...counts.processes],
    starting: [...counts.starting],
    lives: [...counts.lives],
  })

/** Null: there is nothing that could be gone on with. */
export const readCounts = (text: string, bootId: string): Counts | null => {
  const decoded = Kept.decode(parsed(text))
  if (E.isLeft(decoded)) return null
  const { bootId: then, inputs, processes, starting, lives, ...rest } = decoded.right
  if (starting.some(([, { buckets }]) => buckets.length !== bounds.length)) return null
  return {
    ...newCounts(),
    ...rest,
    inputs: new Map(inputs),
    processes: new Map(processes),
    starting: new Map(starting),
    lives: new Map(then === bootId ? lives : []),
  }
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
