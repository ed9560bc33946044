/**
 * How long, how often and how many a sandbox allows: each is kept to and warned of, as the ceilings
 * of limits.ts are, so that one that was lowered binds at the next start, whatever stands in the
 * image. What contradicts itself is judged as it is written, before this.
 */
import type { StopStep } from '../config/policy.ts'
import type { Container, Process } from '../config/shapes.ts'
import { mistake, warning } from './finding.ts'
import type { Finding, KeyPath } from './finding.ts'
import { sayMs } from './policy.ts'
import { nameOf } from './subject.ts'
import type { Subject } from './subject.ts'

/** The subject as it is granted. */
export const bounded = (subject: Subject): Subject => ({
  ...subject,
  process: { ...subject.process, value: grantedProcess(subject) },
  container: { ...subject.container, value: grantedContainer(subject) },
})

const atMost = (wish: number, max: number | null): number =>
  max === null ? wish : Math.min(wish, max)
const atLeast = (wish: number, min: number | null): number =>
  min === null ? wish : Math.max(wish, min)

const grantedContainer = ({ container: { value }, sandbox }: Subject): Container => {
  const bounds = sandbox.value
  const { ready, healthy, preStop, stop } = value
  const killTimeoutMs = atMost(value.killTimeoutMs, bounds.killTimeoutMaxMs)
  return {
    ...value,
    killTimeoutMs,
    restartTimeoutMs: atLeast(value.restartTimeoutMs, bounds.restartTimeoutMinMs),
    ready: ready && { ...ready, timeoutMs: atMost(ready.timeoutMs, bounds.readyTimeoutMaxMs) },
    healthy: healthy && {
      ...healthy,
      periodMs: atLeast(healthy.periodMs, bounds.probePeriodMinMs),
    },
    preStop: preStop && {
      ...preStop,
      timeoutMs: atMost(preStop.timeoutMs, bounds.preStopTimeoutMaxMs),
    },
    stop: stop && cut(stop, killTimeoutMs, bounds.killTimeoutMaxMs),
  }
}

/** The first signals have their time; those for which none is left follow at once. */
const cut = (
  steps: readonly StopStep[],
  killTimeoutMs: number,
  maxMs: number | null,
): readonly StopStep[] => {
  if (maxMs === null) return steps
  let left = maxMs
  return steps.map(step => {
    const waitMs = Math.min(left, step.waitMs ?? killTimeoutMs)
    left -= step.signal === 'SIGKILL' ? 0 : waitMs
    return { ...step, waitMs }
  })
}

const grantedProcess = ({ process: { value }, sandbox }: Subject): Process => {
  const { upgrade } = value
  const { surgeMax } = sandbox.value
  return upgrade === 'all' || surgeMax === null
    ? value
    : { ...value, upgrade: { ...upgrade, surge: Math.min(upgrade.surge, surgeMax) } }
}

// ---------------------------------------------------------------------------
// What is said of it
// ---------------------------------------------------------------------------

/** Of each time: where it is asked for, its default, and the key that bounds it. */
interface Time {
  readonly path: KeyPath
  readonly of: (container: Container) => number | null
  readonly unasked: number | null
  readonly bound: string
}

const stopMs = ({ stop, killTimeoutMs }: Container): number | null =>
  stop &&
  stop
    .filter(({ signal }) => signal !== 'SIGKILL')
    .reduce((sum, { waitMs }) => sum + (waitMs ?? killTimeoutMs), 0)

const times: readonly Time[] = [
  {
    path: ['restart-timeout'],
    of: ({ restartTimeoutMs }) => restartTimeoutMs,
    unasked: 1_000,
    bound: 'restart-timeout-min',
  },
  {
    path: ['kill-timeout'],
    // Where there are steps, they are what counts.
    of: ({ stop, killTimeoutMs }) => (stop === null ? killTimeoutMs : null),
    unasked: 5_000,
    bound: 'kill-timeout-max',
  },
  { path: ['stop'], of: stopMs, unasked: null, bound: 'kill-timeout-max' },
  {
    path: ['pre-stop', 'timeout'],
    of: ({ preStop }) => preStop?.timeoutMs ?? null,
    unasked: 10_000,
    bound: 'pre-stop-timeout-max',
  },
  {
    path: ['ready', 'timeout'],
    of: ({ ready }) => ready?.timeoutMs ?? null,
    unasked: 60_000,
    bound: 'ready-timeout-max',
  },
  {
    path: ['healthy', 'period'],
    of: ({ healthy }) => healthy?.periodMs ?? null,
    unasked: 10_000,
    bound: 'probe-period-min',
  },
]

export const checkBoundedBy = (subject: Subject): readonly Finding[] => [
  ...checkTimes(subject),
  ...checkSurge(subject),
]

const checkTimes = (subject: Subject): readonly Finding[] => {
  const { file, value } = subject.container
  const granted = grantedContainer(subject)
  return times.flatMap(({ path, of, unasked, bound }) => {
    const [asked, given] = [of(value), of(granted)]
    if (asked === null || given === null || asked === given || asked === unasked) return []
    return [
      warning(
        file,
        path,
        `${path.join('.')}: ${nameOf(subject)} asks for ${sayMs(asked)} and gets ` +
          `${sayMs(given)}, see \`${bound}\` of ${subject.sandbox.file}`,
      ),
    ]
  })
}

const checkSurge = (subject: Subject): readonly Finding[] => {
  const { name, file, value } = subject.process
  const [asked, given] = [value.upgrade, grantedProcess(subject).upgrade]
  if (asked === 'all' || given === 'all' || asked.surge === given.surge) return []
  const path = [name, 'upgrade']
  const what =
    `upgrade: ${nameOf(subject)} asks for a surge of ${asked.surge}, and \`surge-max\` of ` +
    `${subject.sandbox.file} is ${given.surge}`
  return given.surge + given.maxUnavailable > 0
    ? [warning(file, path, what)]
    : [mistake(file, path, `${what}: nothing could be replaced; raise max-unavailable`)]
}
