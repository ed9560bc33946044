/**
 * What is told: everything that is counted, and what is at this moment. Pure; read lazily, family
 * by family. Labels are names out of the configuration and words of fixed lists, so their number
 * is bounded by what is configured; what is told of each instance is left out where there are more
 * than `instancesMax` of them.
 */
import type { State } from '../decide.ts'
import { instanceFamilies } from './instances.ts'
import { bounds, causes, processOf, sandboxOfName } from './counts.ts'
import type { Counts, Histogram, ProcessCounts } from './counts.ts'
import type { Family, Labels, Sample } from './openMetrics.ts'

export interface Usage {
  readonly memoryBytes: number | null
  readonly cpuSeconds: number | null
}

export interface Moment {
  readonly counts: Counts
  readonly state: State
  readonly version: string
  /** Of the state machines. */
  readonly phases: readonly string[]
  readonly instanceStates: readonly string[]
  /** Finished turns that the archive does not have yet; null: there is none. */
  readonly lag: number | null
  /** What an instance uses; empty where it cannot be known. */
  readonly usage: ReadonlyMap<string, Usage>
  /** How far the clock of 1970 is ahead of the monotonic one, in milliseconds. */
  readonly bootAt: number
  readonly self: {
    readonly residentBytes: number
    readonly cpuSeconds: number
    readonly openFiles: number
  }
}

export const instancesMax = 2_000

/** Instances that wait for a moment: to be started, or to be killed. */
export const queueOf = ({ instances }: State): number =>
  [...instances.values()].filter(({ context: { timer } }) =>
    timer === null ? false : timer.timer === 'restart' || timer.timer === 'kill',
  ).length

export function* familiesOf(moment: Moment): Generator<Family> {
  yield* ofSupervisor(moment)
  yield* ofSandboxes(moment)
  yield* ofProcesses(moment)
  if (moment.state.instances.size <= instancesMax) yield* instanceFamilies(moment)
}

// ---------------------------------------------------------------------------
// The supervisor
// ---------------------------------------------------------------------------

const gauge = (name: string, help: string, value: number): Family => ({
  name,
  type: 'gauge',
  help,
  ...unitOf(name),
  samples: [{ labels: {}, value }],
})

const counter = (name: string, help: string, value: number): Family => ({
  ...gauge(name, help, value),
  type: 'counter',
})

export const unitOf = (name: string): Pick<Family, 'unit'> =>
  name.endsWith('_seconds') ? { unit: 'seconds' } : name.endsWith('_bytes') ? { unit: 'bytes' } : {}

function* ofSupervisor(moment: Moment): Generator<Family> {
  const { counts, state, version, self } = moment
  const { instances } = state
  yield {
    name: 'lithos_build',
    type: 'info',
    help: 'The version that runs.',
    samples: [{ labels: { version }, value: 1 }],
  }
  yield {
    name: 'lithos_supervisor_state',
    type: 'gauge',
    help: '1 for what the supervisor is doing now.',
    samples: moment.phases.map(phase => ({
      labels: { state: phase },
      value: state.tree.value === phase ? 1 : 0,
    })),
  }
  yield {
    name: 'lithos_supervisor_starts',
    type: 'counter',
    help: 'Starts of the supervisor: by somebody, in place of itself, or after a crash.',
    samples: Object.entries(counts.starts).map(([how, value]) => ({ labels: { how }, value })),
  }
  yield gauge(
    'lithos_supervisor_start_time_seconds',
    'When this image of the supervisor began, in seconds since 1970.',
    counts.startedAt / 1000,
  )
  yield counter('lithos_turns', 'Turns taken: each is written to the journal.', counts.turns)
  yield gauge('lithos_journal_last_turn', 'The number of the last turn.', counts.seq)
  yield {
    name: 'lithos_inputs',
    type: 'counter',
    help: 'Facts and commands heard.',
    samples: [...counts.inputs].map(([type, value]) => ({ labels: { type }, value })),
  }
  yield gauge('lithos_queue', 'Instances that wait to be started or killed.', queueOf(state))
  if (moment.lag !== null)
    yield gauge(
      'lithos_journal_lag_turns',
      'Turns that are in memory and not yet in the archive on disk.',
      moment.lag,
    )
  yield counter('lithos_journal_stalls', 'How often a journal could not be written.', counts.stalls)
  yield counter(
    'lithos_metrics_missed_turns',
    'Turns that nobody could count: they had left the journal before.',
    counts.missed,
  )
  yield gauge(
    'lithos_metrics_instances_untold',
    'Instances that are too many to be told one by one.',
    instances.size <= instancesMax ? 0 : instances.size,
  )
  yield counter('process_cpu_seconds', 'Of the supervisor itself.', self.cpuSeconds)
  yield gauge('process_resident_memory_bytes', 'Of the supervisor itself.', self.residentBytes)
  yield gauge('process_open_fds', 'Descriptors of the supervisor itself.', self.openFiles)
}

// ---------------------------------------------------------------------------
// Sandboxes
// ---------------------------------------------------------------------------

function* ofSandboxes({ counts, state }: Moment): Generator<Family> {
  const sandboxes = [...state.sandboxes.values()].map(({ context }) => context)
  yield {
    name: 'lithos_sandbox_refused',
    type: 'gauge',
    help: '1 where the configuration is refused and the one before it is kept.',
    samples: sandboxes.map(({ name, reasons }) => ({
      labels: { sandbox: name },
      value: reasons.length > 0 ? 1 : 0,
    })),
  }
  yield {
    name: 'lithos_start_seconds',
    type: 'histogram',
    help: 'From the decision to start an instance until its application runs.',
    unit: 'seconds',
    samples: histograms(counts.starting),
  }
}

function* histograms(all: ReadonlyMap<string, Histogram>): Generator<Sample> {
  for (const [sandbox, { buckets, sum, count }] of all) {
    let below = 0
    for (const [index, bound] of bounds.entries()) {
      below += buckets[index] ?? 0
      yield { suffix: '_bucket', labels: { sandbox, le: sayBound(bound) }, value: below }
    }
    yield { suffix: '_bucket', labels: { sandbox, le: '+Inf' }, value: count }
    yield { suffix: '_sum', labels: { sandbox }, value: sum }
    yield { suffix: '_count', labels: { sandbox }, value: count }
  }
}

/** OpenMetrics wants numbers with a point here. */
const sayBound = (bound: number): string => (Number.isInteger(bound) ? `${bound}.0` : `${bound}`)

// ---------------------------------------------------------------------------
// Processes
// ---------------------------------------------------------------------------

/** `web/http`, of all that are wanted or live, with how many instances are in which state. */
export const processesIn = ({ instances }: State): ReadonlyMap<string, Map<string, number>> => {
  const found = new Map<string, Map<string, number>>()
  for (const [instance, { value }] of instances) {
    const name = processOf(instance)
    const states = found.get(name) ?? new Map<string, number>()
    states.set(String(value), (states.get(String(value)) ?? 0) + 1)
    found.set(name, states)
  }
  return found
}

export const labelsOf = (process: string): Labels => {
  const sandbox = sandboxOfName(process)
  return { sandbox, process: process.slice(sandbox.length + 1) }
}

function* ofProcesses({ counts, state, instanceStates }: Moment): Generator<Family> {
  const processes = processesIn(state)
  const each = (valueOf: (counted: ProcessCounts) => number): readonly Sample[] =>
    [...processes.keys()].map(name => {
      const counted = counts.processes.get(name)
      return { labels: labelsOf(name), value: counted === undefined ? 0 : valueOf(counted) }
    })
  yield {
    name: 'lithos_instances',
    type: 'gauge',
    help: 'Instances by the state they are in.',
    samples: [...processes].flatMap(([name, states]) =>
      instanceStates.map(value => ({
        labels: { ...labelsOf(name), state: value },
        value: states.get(value) ?? 0,
      })),
    ),
  }
  yield {
    name: 'lithos_starts',
    type: 'counter',
    help: 'Attempts to start an instance, also those that failed.',
    samples: each(({ started }) => started),
  }
  yield {
    name: 'lithos_restarts',
    type: 'counter',
    help: 'Of those, attempts for an instance that had lived before.',
    samples: each(({ restarts }) => restarts),
  }
  yield {
    name: 'lithos_failures',
    type: 'counter',
    help: 'Deaths that are not normal, and refused starts.',
    samples: each(({ failures }) => failures),
  }
  yield {
    name: 'lithos_deaths',
    type: 'counter',
    help: 'Ends of lives, by their cause.',
    samples: [...processes.keys()].flatMap(name =>
      causes.map(cause => ({
        labels: { ...labelsOf(name), cause },
        value: counts.processes.get(name)?.deaths[cause] ?? 0,
      })),
    ),
  }
  yield {
    name: 'lithos_oom_kills',
    type: 'counter',
    help: 'Processes that the kernel killed for lack of memory.',
    samples: each(({ oomKills }) => oomKills),
  }
}
