/** The table that is drawn anew. Follows the journal: a look costs what lives and no more. */
import { once } from 'node:events'
import { stamp } from '../../../actors/clock.ts'
import { follow } from '../../../journal/follow.ts'
import { advance } from '../../history.ts'
import { cpuMsOf } from '../../look/family.ts'
import { lookAt } from '../../look/rows.ts'
import type { Row } from '../../look/rows.ts'
import { sayTime } from '../../time.ts'
import type { Fields, Listing } from '../listing.ts'
import { chosen, render, sorted, toObject } from '../listing.ts'
import { filter } from '../ls.ts'
import type { Measured } from '../monitor.ts'
import { select } from '../names.ts'
import { viewPresent } from '../present.ts'
import { isTerminal } from '../terminal.ts'

interface Options extends Listing {
  readonly config: string | null
  readonly rate: string | null
  readonly count: string | null
  readonly state: string | null
  readonly sandbox: readonly string[]
}

export const drawTable = async (
  command: string,
  fields: Fields<Measured>,
  options: Options,
  words: readonly string[],
): Promise<number> => {
  const viewed = await viewPresent(command, options.config)
  if (viewed === null) return 1
  let { present } = viewed
  const { problems } = select(words, [...present.state.instances.keys()])
  for (const problem of problems) process.stderr.write(`${command}: ${problem}\n`)
  if (problems.length > 0) return 1

  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => stop.abort())
  const { hotDirectory } = viewed.journals
  const keepUp = async (): Promise<void> => {
    const following = follow({ hotDirectory, afterSeq: present.seq, signal: stop.signal })
    for await (const item of following) present = advance(present, item) ?? present
  }
  // What is known already is shown, also where nothing more will ever be.
  const keepingUp = keepUp().catch(() => {})

  const isDrawn = isTerminal() && !options.json
  if (isDrawn) process.stdout.write(hideCursor)
  let before: ReadonlyMap<string, Row> = new Map()
  let lookedAt = stamp().mono
  const looksMax = Number(options.count ?? Infinity)
  for (let looks = 1; !stop.signal.aborted; looks += 1) {
    const { at, mono } = stamp()
    const { rows } = lookAt(present.state, { mono, withUsage: true })
    const named = new Set(
      select(
        words,
        rows.map(({ name }) => name),
      ).names,
    )
    const shown = rows
      .filter(({ name }) => named.has(name))
      .filter(filter(options))
      .map(row => ({ ...row, percent: percentOf(before.get(row.name), row, mono - lookedAt) }))
    await write(
      options.json
        ? jsonOf(fields, shown, options, at)
        : screenOf(`${headline(rows, at)}\n${render(fields, shown, options)}`, isDrawn),
    )
    before = new Map(rows.map(row => [row.name, row]))
    lookedAt = mono
    if (looks >= looksMax) break
    await pause(Number(options.rate ?? 1) * 1000, stop.signal)
  }
  if (isDrawn) process.stdout.write(showCursor)
  stop.abort()
  await keepingUp
  return 0
}

const percentOf = (then: Row | undefined, now: Row, elapsedMs: number): number | null => {
  const isSame = then !== undefined && then.pid === now.pid
  if (!isSame || then.usage === null || now.usage === null || elapsedMs <= 0) return null
  const used = cpuMsOf(now.usage) - cpuMsOf(then.usage)
  return Math.max(0, Math.round((used / elapsedMs) * 1000) / 10)
}

const headline = (rows: readonly Row[], at: number): string => {
  const states = [...new Set(rows.map(({ state }) => state))].sort()
  const counts = states.map(state => `${rows.filter(row => row.state === state).length} ${state}`)
  return [
    sayTime(at),
    `${rows.length} ${rows.length === 1 ? 'instance' : 'instances'}`,
    ...counts,
  ].join('  ')
}

const jsonOf = (
  fields: Fields<Measured>,
  rows: readonly Measured[],
  { output, sort }: Listing,
  at: number,
): string => {
  const columns = output === null ? fields.all : chosen(fields, output)
  const instances = sorted(fields, rows, sort).map(row => toObject(columns, row))
  return `${JSON.stringify({ time: sayTime(at), instances })}\n`
}

const hideCursor = '\x1b[?25l'
const showCursor = '\x1b[?25h'

/** Drawn over what was there: a screen that is cleared first flickers. */
const screenOf = (text: string, isDrawn: boolean): string => {
  if (!isDrawn) return `${text}\n`
  const lines = text.trimEnd().split('\n')
  const room = Math.max(2, process.stdout.rows - 1)
  const cut = lines.length > room ? [...lines.slice(0, room - 1), `… ${lines.length} lines`] : lines
  return `\x1b[H${cut.map(line => `${line}\x1b[K\n`).join('')}\x1b[J`
}

const write = async (text: string): Promise<void> => {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain')
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise(resolve => {
    const over = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', over)
      resolve()
    }
    const timer = setTimeout(over, ms)
    signal.addEventListener('abort', over)
  })
