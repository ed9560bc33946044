/**
 * The state of an instance as people and scripts are told it: one row, made of what the machine
 * knows and of whether the kernel still knows the process.
 */
import type { Ending, Memory } from '../machines/life.ts'
import { readStat } from '../native/proc.ts'
import type { State } from './decide.ts'
import { sayRefusal } from './sentence.ts'
import { sayTime } from './time.ts'
import { sayEnd, sayOom } from './wait.ts'

export interface Status {
  readonly name: string
  /** As in the machine; `lost`: said to live, but no such process is there. */
  readonly state: string
  readonly pid: number | null
  readonly knotPid: number | null
  readonly uptimeMs: number | null
  readonly restarts: number
  readonly last: string | null
  readonly lastAt: number | null
  readonly wanted: boolean
}

export interface Clock {
  readonly mono: number
}

export const isAlive = (pid: number, birth: number): boolean => {
  const stat = readStat(pid)
  return stat !== null && stat.birth === birth && stat.state !== 'Z'
}

/** `isAlive`: whether a process with this pid and this start time exists. */
export const statusOf = (
  state: State,
  { mono }: Clock,
  isAlive: (pid: number, birth: number) => boolean,
): readonly Status[] =>
  [...state.instances.values()]
    .map(({ value, context }) => ({
      ...describe(context, mono),
      state: shownState(value),
    }))
    .map(status => {
      const life = state.instances.get(status.name)?.context.life
      const isLost = life?.pid != null && life.birth !== null && !isAlive(life.pid, life.birth)
      return isLost ? { ...status, state: 'lost' } : status
    })
    .sort((a, b) => byName(a.name, b.name))

/** What is no other state to who looks from outside. */
const shownStates: Readonly<Record<string, string>> = { readying: 'starting', leaving: 'stopping' }

export const shownState = (value: string): string => shownStates[value] ?? value

const describe = (
  { name, want, life, restarts, last }: Memory,
  mono: number,
): Omit<Status, 'state'> => ({
  name,
  // 0: it was gone before anybody could look.
  pid: life?.appPid || null,
  knotPid: life?.pid ?? null,
  uptimeMs: life === null ? null : Math.max(0, mono - life.launchedAt),
  restarts,
  last: last === null ? null : sayEnding(last),
  lastAt: last?.at ?? null,
  wanted: want !== null,
})

export const sayEnding = ({ status, app, refusal, oom }: Ending): string => {
  if (refusal !== null) return sayRefusal(refusal)
  if (app !== null) return sayEnd(app) + (oom === undefined ? '' : sayOom(app, oom))
  return status === null ? 'unknown' : `knot ${sayEnd(status)}`
}

/** `web/http.2` before `web/http.10`. */
const byName = (a: string, b: string): number => {
  const [nameA, indexA] = split(a)
  const [nameB, indexB] = split(b)
  return nameA < nameB ? -1 : nameA > nameB ? 1 : indexA - indexB
}

const split = (name: string): readonly [string, number] => {
  const dot = name.lastIndexOf('.')
  return [name.slice(0, dot), Number(name.slice(dot + 1))]
}

/** A sandbox whose present configuration cannot be taken: it goes on with the one before. */
export interface Refused {
  readonly sandbox: string
  /** Milliseconds since 1970; null where it was not written down. */
  readonly since: number | null
  readonly reasons: readonly string[]
}

export const refusedIn = ({ sandboxes }: Pick<State, 'sandboxes'>): readonly Refused[] =>
  [...sandboxes.values()]
    .filter(({ context }) => context.reasons.length > 0)
    .map(({ context: { name, reasons, refusedAt } }) => ({
      sandbox: name,
      since: refusedAt ?? null,
      reasons,
    }))
    .sort((a, b) => (a.sandbox < b.sandbox ? -1 : 1))

export const sayRefused = ({ sandbox, since, reasons }: Refused): string => {
  const [first = ''] = reasons
  const more = reasons.length > 1 ? ` (and ${reasons.length - 1} more, see --json)` : ''
  const when = since === null ? '' : ` since ${sayTime(since)}`
  return `${sandbox}: configuration refused${when}: ${first}${more}`
}
