/** What happens, a line for each event, from the journal: also what happened long ago. */
import { once } from 'node:events'
import { follow } from '../../../journal/follow.ts'
import { isSaid, readAll } from '../../../journal/read.ts'
import type { Item } from '../../../journal/read.ts'
import { concernsAny, eventsOf } from '../../look/events.ts'
import type { Event } from '../../look/events.ts'
import { visible } from '../../table.ts'
import { sayInstant, sayTime } from '../../time.ts'
import { findJournals } from '../journal/where.ts'
import { matches } from '../names.ts'
import { periodOf } from '../period.ts'

interface Options {
  readonly config: string | null
  readonly from: string | null
  readonly since: string | null
  readonly json: boolean
}

export const tellEvents = async (
  command: string,
  options: Options,
  words: readonly string[],
): Promise<number> => {
  const journals = findJournals(command, options.config)
  if (journals === null) return 1
  const isNamed = words.map(matches)
  const isMeant = concernsAny(words, name => isNamed.some(is => is(name)))
  const { since } = periodOf({ ...options, until: null })
  const first = Number(options.from ?? 0)
  let last: number | undefined

  const tell = async (item: Item): Promise<void> => {
    if (isSaid(item)) last = item.after.seq
    if (item.kind === 'gap' && item.to >= first && item.from <= item.to && !options.json)
      process.stderr.write(`${command}: turns ${item.from} to ${item.to} are in no file\n`)
    for (const event of eventsOf(item))
      if (event.turn >= first && event.at >= since && isMeant(event))
        await write(options.json ? toJson(event) : toText(event))
  }

  if (options.from !== null || options.since !== null)
    for await (const item of readAll({ ...journals, ...(since > 0 && { sinceMs: since }) }))
      await tell(item)
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  try {
    const { hotDirectory } = journals
    const after = last === undefined ? {} : { afterSeq: last }
    for await (const item of follow({ hotDirectory, ...after, signal: stop.signal }))
      await tell(item)
    return 0
  } catch (error) {
    process.stderr.write(`${command}: the journal cannot be followed: ${String(error)}\n`)
    return 1
  }
}

const toJson = ({ turn, at, event, name, by, text }: Event): string =>
  `${JSON.stringify({ turn, time: sayInstant(at), event, name, by, text })}\n`

const toText = ({ turn, at, text }: Event): string =>
  `${sayTime(at)}  turn ${turn}  ${visible(text)}\n`

/** Waits for a slow reader, so that a long history does not pile up in memory. */
const write = async (text: string): Promise<void> => {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain')
}
