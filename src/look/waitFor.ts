/** Waits until the journal says something: no supervisor is asked, so any number may wait. */
import { follow } from '../../journal/follow.ts'
import { advance, readPresent } from '../history.ts'
import type { Present } from '../history.ts'

/** A process that nobody supervises can go without a turn. */
const againMs = 1_000

/**
 * What `look` makes of the first state of which it makes something. Null: not in time, or there is
 * no journal. What is true already is seen at once, and nothing that follows is missed.
 */
export const waitFor = async <A>(
  hotDirectory: string,
  timeoutMs: number,
  look: (present: Present) => A | null,
): Promise<A | null> => {
  let present = await readPresent(hotDirectory)
  if (present === null) return null
  let found = look(present)
  if (found !== null) return found
  const stop = new AbortController()
  const lookAgain = (now: Present): void => {
    found ??= look(now)
    if (found !== null) stop.abort()
  }
  const timer = Number.isFinite(timeoutMs) ? setTimeout(() => stop.abort(), timeoutMs) : undefined
  const ticker = setInterval(() => present !== null && lookAgain(present), againMs)
  try {
    for await (const item of follow({ hotDirectory, afterSeq: present.seq, signal: stop.signal })) {
      present = advance(present, item) ?? present
      lookAgain(present)
      if (stop.signal.aborted) break
    }
  } finally {
    clearTimeout(timer)
    clearInterval(ticker)
  }
  return found
}
