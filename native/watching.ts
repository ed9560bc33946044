/** What the watch of a knot has said (watch.c), as facts without the life they are about. */
import { errnoName } from './attempt.ts'
import type { StatusLine, WatchLine } from './statusFile.ts'

export type WatchFact =
  | { readonly type: 'app.ready' }
  | { readonly type: 'app.unready'; readonly reason: string }
  | { readonly type: 'app.unhealthy'; readonly reason: string }
  | { readonly type: 'app.notified'; readonly status?: string; readonly extendMs?: number }
  | { readonly type: 'preStop.ended'; readonly code: number; readonly reason?: string }

const hasEnded = 'it has ended, and is started again in its place'
const whyUnready: ReadonlyMap<string, string> = new Map([
  ['stopping', 'it stops'],
  ['ended', hasEnded],
])

/** Null: it is about something else. */
export const factOf = (line: StatusLine, wasReady: boolean): WatchFact | null => {
  switch (line.said) {
    case 'died':
      return wasReady ? { type: 'app.unready', reason: hasEnded } : null
    case 'ready':
      return { type: 'app.ready' }
    case 'unready':
      return { type: 'app.unready', reason: whyUnready.get(line.why) ?? 'it reloads' }
    case 'waiting':
      return { type: 'app.unready', reason: sayReason(line.reason, line.detail) }
    case 'unhealthy':
      return {
        type: 'app.unhealthy',
        reason:
          sayReason(line.reason, line.detail) +
          (line.count > 1 ? `, ${line.count} times in a row` : ''),
      }
    case 'notified':
      return {
        type: 'app.notified',
        ...(line.status !== '' && { status: line.status }),
        ...(line.extendMs > 0 && { extendMs: line.extendMs }),
      }
    case 'prestop':
      return line.status === -1
        ? { type: 'preStop.ended', code: 137, reason: 'it did not end in time' }
        : { type: 'preStop.ended', code: codeOf(line.status) }
    default:
      return null
  }
}

/** Of what was said to an earlier supervisor: what was to be added once is not added again. */
export const factsOf = (lines: readonly WatchLine[]): readonly WatchFact[] =>
  lines.flatMap(
    line => factOf(line.said === 'notified' ? { ...line, extendMs: 0 } : line, false) ?? [],
  )

/** As a shell counts. */
const codeOf = (status: number): number =>
  (status & 127) === 0 ? (status >> 8) & 255 : 128 + (status & 127)

/** By `enum reason` of watch.h. */
const reasons: readonly ((detail: number) => string)[] = [
  () => 'it is well',
  port => `nobody listens on port ${port}`,
  port => `port ${port} is not its own`,
  port => `it does not wait for connections on port ${port}`,
  errno => callsFailed.get(errnoName(errno)) ?? errnoName(errno),
  ms => `no answer within ${ms / 1000}s`,
  status => `it answered with status ${status}`,
  () => 'it answered with something that is not HTTP',
  status =>
    (status & 127) === 0
      ? `the command exited with code ${codeOf(status)}`
      : `the command was killed by signal ${status & 127}`,
  ms => `its watchdog has heard nothing for ${ms / 1000}s`,
  () => 'whoever looked was disturbed',
  () => 'it has not said that it is',
]

const sayReason = (reason: number, detail: number): string =>
  reasons[reason]?.(detail) ?? `for a reason with number ${reason}`

const callsFailed: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'the connection was refused'],
  ['ECONNRESET', 'the connection was reset'],
  ['EHOSTUNREACH', 'the address cannot be reached'],
  ['ENOENT', 'the command is not there'],
  ['EACCES', 'the command may not be executed'],
])
