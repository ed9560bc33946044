/** A wait status, an error code, a span of time: as people read them. */
import { constants } from 'node:os'
import { getSystemErrorMap } from 'node:util'

const signalNames: ReadonlyMap<number, string> = new Map(
  Object.entries(constants.signals)
    .filter(([name]) => name !== 'SIGIOT' && name !== 'SIGPOLL' && name !== 'SIGUNUSED')
    .map(([name, number]) => [number, name]),
)

export type End =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'killed'; readonly signal: string; readonly number: number; core: boolean }

/** What waitpid(2) reports, taken apart. */
export const endOf = (status: number): End => {
  const number = status & 0x7f
  return number === 0
    ? { kind: 'exited', code: (status >> 8) & 0xff }
    : {
        kind: 'killed',
        number,
        signal: signalNames.get(number) ?? `signal ${number}`,
        core: (status & 0x80) !== 0,
      }
}

/** The words of the original: people grep for them. */
export const sayEnd = (status: number): string => {
  const end = endOf(status)
  return end.kind === 'exited'
    ? `exited with code ${end.code}`
    : `killed by signal ${end.signal}[${end.number}]${end.core ? ' (core dumped)' : ''}`
}

/** What to add to the end of an application with this wait status. */
export const sayOom = (
  status: number | null,
  { kills, limit }: { readonly kills: number; readonly limit: number | null },
): string => {
  const bound = limit === null ? 'there is no memory-limit' : `memory-limit is ${sayBytes(limit)}`
  const isItself = status !== null && (status & 0x7f) === constants.signals.SIGKILL
  return isItself
    ? `, for lack of memory (${bound})`
    : `, after ${kills} of its processes were killed for lack of memory (${bound})`
}

/** With the largest unit that says it exactly: `64Mi`. */
const sayBytes = (bytes: number): string => {
  for (const [unit, size] of [
    ['Gi', 1024 ** 3],
    ['Mi', 1024 ** 2],
    ['ki', 1024],
  ] as const)
    if (bytes > 0 && bytes % size === 0) return `${bytes / size}${unit}`
  return `${bytes} bytes`
}

/**
 * `ENOENT` to `no such file or directory (ENOENT)`, `status 256` to how the program of a step
 * ended; what is no code stays as it is.
 */
export const sayCode = (code: string): string => {
  const [, status] = /^status (\d+)$/.exec(code) ?? []
  if (status !== undefined) return sayEnd(Number(status))
  const text = messages().get(code)
  return text === undefined ? code : `${text} (${code})`
}

let known: ReadonlyMap<string, string> | null = null
const messages = (): ReadonlyMap<string, string> =>
  (known ??= new Map([...getSystemErrorMap().values()]))

/** As lithos_ps shows it: `5s`, `1m5s`, `1h1m40s`, `1d1h0m`, `3days`. */
export const sayUptime = (ms: number): string => {
  const s = Math.max(0, Math.floor(ms / 1000))
  const [days, hours, minutes, seconds] = [
    Math.floor(s / 86_400),
    Math.floor(s / 3600) % 24,
    Math.floor(s / 60) % 60,
    s % 60,
  ]
  if (s < 60) return `${s}s`
  if (s < 3600) return `${minutes}m${seconds}s`
  if (s < 86_400) return `${hours}h${minutes}m${seconds}s`
  if (s < 3 * 86_400) return `${days}d${hours}h${minutes}m`
  return `${days}days`
}

/** A short span with the precision that matters: `3ms`, `1.5s`, `2m5s`. */
export const saySpan = (ms: number): string =>
  ms < 1000 ? `${Math.round(ms)}ms` : ms < 10_000 ? `${(ms / 1000).toFixed(1)}s` : sayUptime(ms)
