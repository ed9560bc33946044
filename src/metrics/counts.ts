/**
 * What the metrics remember, and what a finished turn adds to it: arithmetic of turns alone, so
 * that turns out of the journal count like turns just taken, and nothing is counted twice. Changed
 * in place: a copy for each turn would be the dearest part of it.
 */
import type { Effect, Input } from '../../machines/vocabulary.ts'
import { endOf } from '../wait.ts'

/** How a life ended, as a label: few words, and each means another thing to do. */
export const causes = [
  /** By itself, with code 0. */
  'exited',
  /** By itself, with another code. */
  'failed',
  /** By a signal that nobody here has sent. */
  'signal',
  /** The kernel killed it for lack of memory. */
  'oom',
  /** We asked it to end, and it did; or it had to be killed. */
  'stopped',
  'killed',
  /** It could not be started. */
  'refused',
  /** While no supervisor ran, and nothing is left that tells. */
  'unknown',
] as const
export type Cause = (typeof causes)[number]

export interface ProcessCounts {
  /** Attempts, with those that failed. */
  started: number
  /** Of them, those of an instance that had lived before. */
  restarts: number
  /** Deaths that are not normal, as the original counts them. */
  failures: number
  oomKills: number
  readonly deaths: Record<Cause, number>
}

/** Seconds, cumulative only when they are told: `buckets[i]` counts those up to `bounds[i]`. */
export interface Histogram {
  readonly buckets: number[]
  sum: number
  count: number
}

export const bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const

/** The present or last life of an instance, as far as the next turn has to know it. */
interface LifeCounts {
  incarnation: number
  /** When it was decided, in milliseconds of CLOCK_MONOTONIC; null: it runs, or was adopted. */
  decided: number | null
  /** There is, or was, a process. */
  born: boolean
  asked: 'SIGTERM' | 'SIGKILL' | null
  over: boolean
}

export interface Counts {
  /** The last turn that is counted. */
  seq: number
  turns: number
  /** Turns that are in no journal any more and never were counted. */
  missed: number
  /** Starts of the supervisor, by how it came to them. */
  readonly starts: Record<'started' | 'replaced' | 'crashed', number>
  startedAt: number
  stalls: number
  /** Of all processes, also of those that are forgotten; the original tells these. */
  readonly all: { started: number; failures: number; deaths: number }
  readonly inputs: Map<string, number>
  readonly processes: Map<string, ProcessCounts>
  /** Start latency by sandbox. */
  readonly starting: Map<string, Histogram>
  readonly lives: Map<string, LifeCounts>
}

export const newCounts = (): Counts => ({
  seq: 0,
  turns: 0,
  missed: 0,
  starts: { started: 0, replaced: 0, crashed: 0 },
  startedAt: 0,
  stalls: 0,
  all: { started: 0, failures: 0, deaths: 0 },
  inputs: new Map(),
  processes: new Map(),
  starting: new Map(),
  lives: new Map(),
})

export const newProcess = (): ProcessCounts => ({
  started: 0,
  restarts: 0,
  failures: 0,
  oomKills: 0,
  deaths: Object.fromEntries(causes.map(cause => [cause, 0])) as Record<Cause, number>,
})

/** `web/http` of `web/http.2`. */
export const processOf = (instance: string): string => instance.slice(0, instance.lastIndexOf('.'))

export const sandboxOfName = (name: string): string => name.slice(0, name.indexOf('/'))

export interface Turn {
  readonly seq: number
  readonly heard: readonly Input[]
  readonly effects: readonly Effect[]
}

/** Adds a turn. One that is counted already adds nothing. */
export const count = (counts: Counts, { seq, heard, effects }: Turn): void => {
  if (seq <= counts.seq) return
  counts.seq = seq
  counts.turns += 1
  for (const input of heard) {
    counts.inputs.set(input.type, (counts.inputs.get(input.type) ?? 0) + 1)
    hear(counts, input)
  }
  const mono = heard.at(-1)?.mono ?? 0
  for (const effect of effects) see(counts, effect, mono)
}

// ---------------------------------------------------------------------------
// What was heard
// ---------------------------------------------------------------------------

const hear = (counts: Counts, input: Input): void => {
  switch (input.type) {
    case 'tree.started':
      counts.starts[wayOf(input.reason ?? '')] += 1
      counts.startedAt = input.at
      return
    case 'journal.stalled':
      counts.stalls += 1
      return
    case 'knot.launched':
      lifeOf(counts, input).born = true
      return
    case 'knot.adopted': {
      const life = lifeOf(counts, input)
      life.born = true
      // How long it took nobody has seen.
      if (input.appPid !== undefined) life.decided = null
      return
    }
    case 'app.started': {
      const life = lifeOf(counts, input)
      if (life.decided !== null)
        observe(counts, sandboxOfName(input.instance), (input.mono - life.decided) / 1000)
      life.decided = null
      return
    }
    case 'knot.exited':
      return die(counts, input, causeOf(counts, input), isFailure(counts, input))
    case 'knot.refused':
      return die(counts, input, 'refused', true)
  }
}

const wayOf = (reason: string): keyof Counts['starts'] =>
  reason.startsWith('after a crash')
    ? 'crashed'
    : reason.startsWith('restarted in place')
      ? 'replaced'
      : 'started'

interface OfLife {
  readonly instance: string
  readonly incarnation: number
}

/** One that was never heard of is a life that began before anybody counted. */
const lifeOf = (counts: Counts, { instance, incarnation }: OfLife): LifeCounts => {
  const known = counts.lives.get(instance)
  if (known !== undefined && known.incarnation === incarnation) return known
  const life = { incarnation, decided: null, born: false, asked: null, over: false }
  counts.lives.set(instance, life)
  return life
}

const processCounts = (counts: Counts, instance: string): ProcessCounts => {
  const name = processOf(instance)
  const known = counts.processes.get(name)
  if (known !== undefined) return known
  const fresh = newProcess()
  counts.processes.set(name, fresh)
  return fresh
}

const observe = (counts: Counts, sandbox: string, seconds: number): void => {
  const known = counts.starting.get(sandbox)
  const histogram = known ?? { buckets: bounds.map(() => 0), sum: 0, count: 0 }
  if (known === undefined) counts.starting.set(sandbox, histogram)
  // A clock that was read late by one and early by the other is no negative time.
  const taken = Math.max(0, seconds)
  const index = bounds.findIndex(bound => taken <= bound)
  if (index >= 0) histogram.buckets[index] = (histogram.buckets[index] ?? 0) + 1
  histogram.sum += taken
  histogram.count += 1
}

type Exited = Extract<Input, { readonly type: 'knot.exited' }>

const causeOf = (counts: Counts, input: Exited): Cause => {
  const { asked } = lifeOf(counts, input)
  if (asked !== null) return asked === 'SIGKILL' ? 'killed' : 'stopped'
  const status = input.app ?? input.status
  if (status === null || status === undefined) return 'unknown'
  const end = endOf(status)
  if (end.kind === 'exited') return end.code === 0 ? 'exited' : 'failed'
  return end.signal === 'SIGKILL' && (input.oom?.kills ?? 0) > 0 ? 'oom' : 'signal'
}

/** A knot ends with 0 where the end was normal; where nobody could wait for it, this is a guess. */
const isFailure = (counts: Counts, input: Exited): boolean => {
  if (input.status !== null) return input.status !== 0
  if (lifeOf(counts, input).asked !== null) return false
  const end = input.app === undefined ? null : endOf(input.app)
  return end === null || end.kind === 'exited' || end.signal !== 'SIGTERM'
}

const die = (
  counts: Counts,
  input: OfLife & { readonly oom?: { readonly kills: number } },
  cause: Cause,
  isFailed: boolean,
): void => {
  const life = lifeOf(counts, input)
  const process = processCounts(counts, input.instance)
  process.deaths[cause] += 1
  process.oomKills += input.oom?.kills ?? 0
  counts.all.deaths += 1
  if (isFailed) {
    process.failures += 1
    counts.all.failures += 1
  }
  life.over = true
  life.decided = null
}

// ---------------------------------------------------------------------------
// What was done
// ---------------------------------------------------------------------------

const see = (counts: Counts, effect: Effect, mono: number): void => {
  if (effect.type === 'signal') {
    const life = lifeOf(counts, effect)
    life.asked = effect.signal
  }
  if (effect.type !== 'launch') return
  const { instance, incarnation } = effect
  const process = processCounts(counts, instance)
  const before = counts.lives.get(instance)
  process.started += 1
  counts.all.started += 1
  if (before !== undefined && before.over) process.restarts += 1
  const fresh = { decided: mono, born: false, asked: null, over: false }
  counts.lives.set(instance, { incarnation, ...fresh })
}

/** What no instance belongs to any more is forgotten: names that come and go are bounded. */
export const forget = (counts: Counts, instances: ReadonlySet<string>): void => {
  const processes = new Set([...instances].map(processOf))
  const sandboxes = new Set([...processes].map(sandboxOfName))
  for (const name of counts.lives.keys()) if (!instances.has(name)) counts.lives.delete(name)
  for (const name of counts.processes.keys())
    if (!processes.has(name)) counts.processes.delete(name)
  for (const name of counts.starting.keys()) if (!sandboxes.has(name)) counts.starting.delete(name)
}
