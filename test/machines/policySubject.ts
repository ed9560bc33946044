/**
 * The instance as `explore` wants it, with all that can be asked for: readiness, health, a curve,
 * an end of patience, a command before the stop, and others to wait for.
 */
import type { Trouble } from '../../machines/again.ts'
import { instanceMachine } from '../../machines/instance.ts'
import type { Life, Memory } from '../../machines/life.ts'
import type { Policy, Wanted } from '../../machines/vocabulary.ts'
import type { Said } from './chart.ts'
import { later } from './explore.ts'
import type { Subject } from './explore.ts'
import { says } from './subjects.ts'

const instance = 'web/a.0'
const probe = { kind: 'tcp', port: 80 } as const

/** Long enough that no end is old, and no life long. */
const strict: Policy = {
  ready: { probe, timeoutMs: 3_000, onTimeout: 'restart' },
  healthy: { probe, periodMs: 1_000, failures: 3, startDelayMs: 0 },
  backoff: { initialMs: 500, factor: 2, maxMs: 1_000, jitter: 0.1, resetAfterMs: 1e12 },
  intensity: { restarts: 1, periodMs: 1e12, retryMs: 5_000 },
  preStop: { command: ['/bin/drain'], timeoutMs: 1_000 },
}
const lenient: Policy = { ready: { probe, timeoutMs: 3_000, onTimeout: 'accept' } }
const wanted: Wanted = { spec: 's', config: 'S', restartMs: 1_000, killMs: 0, policy: strict }
const other: Wanted = { ...wanted, config: 'L', policy: lenient }

const reduceTrouble = ({ ends, until, failedAt }: Trouble, mono: number): Trouble => ({
  failures: 1,
  ends: ends.map(() => 1),
  until: until > mono ? later : 0,
  ...(failedAt !== undefined && { failedAt: 1 }),
})

const reduceLife = ({ notice: _, ...life }: Life): Life => ({
  ...life,
  // A knot of the original has no number, which makes a difference.
  incarnation: life.incarnation === 0 ? 0 : 7,
  spec: null,
  pid: life.pid === null ? null : 42,
  birth: life.birth === null ? null : 9,
  appPid: life.appPid === null ? null : 43,
  launchedAt: 0,
  since: 0,
})

const ofLife =
  (said: (life: Life | null) => object) =>
  ({ life }: Memory): Said =>
    ({ instance, incarnation: life?.incarnation ?? 7, ...said(life) }) as unknown as Said

const knotOf = (life: Life | null, more = 0) => ({
  pid: (life?.pid ?? 42) + more,
  birth: life?.birth ?? 9,
})
const appPidOf = (life: Life | null): number => life?.appPid ?? 43

export const policySubject: Subject<Memory> = {
  machine: instanceMachine,
  input: { name: instance },
  alphabet: {
    ...says<Memory>({
      want: { type: 'want', wanted },
      'want held': { type: 'want', wanted, waitsFor: ['db'] },
      'want other': { type: 'want', wanted: other },
      hold: { type: 'hold', waitsFor: ['db'] },
      release: { type: 'hold', waitsFor: [] },
      unwant: { type: 'unwant' },
      abandon: { type: 'abandon' },
      ask: { type: 'instance.restart', instance, by: 'uid 0' },
      'restart elapsed': { type: 'timer.elapsed', instance, timer: 'restart' },
      'start elapsed': { type: 'timer.elapsed', instance, timer: 'start' },
      'kill elapsed': { type: 'timer.elapsed', instance, timer: 'kill' },
      'ready elapsed': { type: 'timer.elapsed', instance, timer: 'ready' },
      'preStop elapsed': { type: 'timer.elapsed', instance, timer: 'preStop' },
      'retry elapsed': { type: 'timer.elapsed', instance, timer: 'retry' },
    }),
    launched: ofLife(() => ({ type: 'knot.launched', pid: 42, birth: 9 })),
    refused: ofLife(() => ({ type: 'knot.refused', step: 'mounting', about: '', code: 'EIO' })),
    started: ofLife(life => ({ type: 'app.started', pid: appPidOf(life) })),
    // In its place, with restart-process-only.
    'started anew': ofLife(life => ({ type: 'app.started', pid: appPidOf(life) + 1 })),
    exited: ofLife(() => ({ type: 'knot.exited', pid: 42, status: 0 })),
    adopted: ofLife(life => ({
      type: 'knot.adopted',
      ...{ ...knotOf(life), config: '', bornAt: 0, appPid: appPidOf(life) },
    })),
    'adopted anew': ofLife(life => ({
      type: 'knot.adopted',
      ...{ ...knotOf(life), config: '', bornAt: 0, appPid: appPidOf(life) + 1 },
    })),
    'adopted another': ofLife(life => ({
      type: 'knot.adopted',
      ...{ ...knotOf(life, 1), config: 'S', bornAt: 0, appPid: 43 },
      incarnation: (life?.incarnation ?? 7) + 1,
    })),
    'adopted original': ofLife(life => ({
      type: 'knot.adopted',
      ...{ ...knotOf(life, 1), config: 'S', bornAt: 0, appPid: 43, incarnation: 0 },
    })),
    'adopted early': ofLife(life => ({
      type: 'knot.adopted',
      ...{ ...knotOf(life), config: '', bornAt: 0 },
    })),
    ready: ofLife(() => ({ type: 'app.ready' })),
    unready: ofLife(() => ({ type: 'app.unready', reason: 'it reloads' })),
    unhealthy: ofLife(() => ({ type: 'app.unhealthy', reason: 'no answer' })),
    notified: ofLife(() => ({ type: 'app.notified', status: 'warm' })),
    extended: ofLife(() => ({ type: 'app.notified', extendMs: 9_000 })),
    'pre-stop ended': ofLife(() => ({ type: 'preStop.ended', code: 0 })),
    'former ready': ({ life }) =>
      ({ type: 'app.ready', instance, incarnation: (life?.incarnation ?? 7) - 1 }) as Said,
  },
  reduce: ({ trouble, waitsFor, isToBlame, ...memory }, mono) => ({
    ...memory,
    life: memory.life && reduceLife(memory.life),
    restarts: 0,
    notBefore: memory.notBefore > mono ? later : 0,
    timer: memory.timer && { ...memory.timer, due: 0 },
    last: null,
    asked: memory.asked === null ? null : 'asked',
    ...(waitsFor !== undefined && { waitsFor }),
    ...(isToBlame !== undefined && { isToBlame }),
    ...(trouble !== undefined && { trouble: reduceTrouble(trouble, mono) }),
  }),
  label: (value, { life }) => (life !== null && life.pid === null ? `${value} without pid` : value),
}

const idle = 'stopped; waiting; backoff; failed'
const readying = 'readying without pid; readying'
const running = 'running without pid; running'
const leaving = 'leaving without pid; leaving'
const stopping = 'stopping without pid; stopping'
const killing = 'killing without pid; killing'
const starting = 'starting without pid; starting'
const ending = `${leaving}; ${stopping}; ${killing}`

/** As in explored.test.ts. */
export const policyIgnores: readonly (readonly [string, string, string])[] = [
  [
    `${idle}; ${starting}; ${readying}; ${running}; ${ending}`,
    'former ready',
    'a late fact about a former life says nothing about this one',
  ],
  [
    idle,
    'launched; refused; started; started anew; exited; ready; unready; unhealthy; notified; ' +
      'extended; pre-stop ended',
    'there is no life that this could be about',
  ],
  [`${idle}; starting without pid; ${killing}`, 'abandon', 'nobody lives, or is killed already'],
  ['stopped', 'unwant; ask', 'it is not wanted'],
  ['waiting', 'ask', 'who waits for others cannot be hurried; it is told that it waits'],
  [`${starting}; ${ending}`, 'ask', 'it is a new life already, or one will follow'],
  [
    `${readying}; ${running}; ${ending}`,
    'launched',
    'a launch is said before its application, so the pid is known',
  ],
  [killing, 'started; started anew', 'it is killed as a whole, with its application'],
  [ending, 'ready; unready; unhealthy', 'it is to end, and nobody asks any more'],
  [starting, 'unready', 'nobody has said that it was ready'],
  [starting, 'unhealthy', 'nobody has asked yet'],
  [
    `${starting}; ${readying}; ${running}; ${stopping}; ${killing}`,
    'pre-stop ended; preStop elapsed',
    'no such command runs in its name, or not any more',
  ],
  [`${idle}; ${ending}; ${starting}; ${running}`, 'ready elapsed', 'elapsed as it was disarmed'],
  ['stopped; waiting; failed', 'restart elapsed', 'as above'],
  [`${starting}; ${readying}; ${running}; ${ending}`, 'restart elapsed', 'as above'],
  [idle, 'start elapsed; kill elapsed; preStop elapsed', 'as above'],
  [`starting without pid; ${readying}; ${running}; ${ending}`, 'start elapsed', 'as above'],
  [`${starting}; ${readying}; ${running}; ${leaving}`, 'kill elapsed', 'as above'],
  ['stopped; waiting; backoff', 'retry elapsed', 'as above'],
  [`${starting}; ${readying}; ${running}; ${ending}`, 'retry elapsed', 'as above'],
]
