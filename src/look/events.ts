/**
 * What happened, as people want to read it afterwards: lives, their ends, configurations, who
 * asked for what. Not the inner steps; `lithos journal show` has those, too.
 */
import { readAll } from '../../journal/read.ts'
import type { Item } from '../../journal/read.ts'
import { listSegments, modifiedAt } from '../../journal/readFiles.ts'
import type { Input } from '../../machines/vocabulary.ts'
import { inputsOf } from '../history.ts'
import type { Journals } from '../history.ts'
import { sayInput } from '../sentence.ts'

export interface Event {
  readonly turn: number
  /** Milliseconds since 1970. */
  readonly at: number
  readonly event: Input['type']
  /** The instance or sandbox that it is about; null: the supervisor. */
  readonly name: string | null
  /** Who asked for it. */
  readonly by: string | null
  readonly text: string
}

/** A launch is told by the application that runs, an elapsed timer mostly by what follows. */
const isInner = (input: Input): boolean =>
  input.type === 'knot.launched' ||
  input.type === 'spec.loaded' ||
  (input.type === 'timer.elapsed' && input.timer !== 'ready')

export const eventsOf = (item: Item): readonly Event[] =>
  item.kind !== 'turn'
    ? []
    : inputsOf(item.turn)
        .filter(input => !isInner(input))
        .map(input => ({
          turn: item.turn.seq,
          at: input.at,
          event: input.type,
          name: nameIn(input),
          by: 'by' in input ? input.by : null,
          text: sayInput(input),
        }))

const nameIn = (input: Input): string | null =>
  'instance' in input && input.instance !== undefined
    ? input.instance
    : 'sandbox' in input && input.sandbox !== undefined
      ? input.sandbox
      : null

export interface Period {
  /** Milliseconds since 1970, both included. */
  readonly since: number
  readonly until: number
  /** The last so many. */
  readonly countMax: number
  readonly isMeant: (event: Event) => boolean
  /** As many segments of the archive are looked at, the newest ones. */
  readonly segmentsMax?: number
}

/** Oldest first. Of the archive no more is read than is needed for that many. */
export const lastEvents = async (
  journals: Journals,
  { since, until, countMax, isMeant, segmentsMax = Infinity }: Period,
): Promise<readonly Event[]> => {
  const newest = (await listSegments(journals.archiveDirectory)).slice().reverse()
  const most = Math.min(newest.length, segmentsMax)
  for (let segments = 0; ; segments = Math.min(most, Math.max(1, segments * 4))) {
    const isLast = segments >= most
    const first = newest[segments - 1]
    const from =
      segments === 0
        ? Infinity
        : first === undefined || segments === newest.length
          ? 0
          : await modifiedAt(journals.archiveDirectory, first)
    const found: Event[] = []
    for await (const item of readAll({ ...journals, sinceMs: Math.max(since, from) }))
      for (const event of eventsOf(item)) {
        if (event.at < since || event.at > until || !isMeant(event)) continue
        found.push(event)
        if (found.length > 2 * countMax) found.splice(0, found.length - countMax)
      }
    if (isLast || found.length >= countMax) return found.slice(-countMax)
  }
}

/** Of an instance is also what happened to its sandbox; without a name everything is meant. */
export const concernsAny =
  (words: readonly string[], isNamed: (name: string) => boolean) =>
  ({ name }: Event): boolean =>
    words.length === 0 ||
    (name !== null &&
      (isNamed(name) || (!name.includes('/') && words.some(word => word.startsWith(`${name}/`)))))
