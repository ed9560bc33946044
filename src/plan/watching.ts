/**
 * How the knot sees that an application is ready and well, and how it ends it. Nothing where
 * nothing was asked for.
 */
import { constants } from 'node:os'
import type { Probe } from '../../machines/vocabulary.ts'
import { placeOf } from '../../native/addresses.ts'
import type { ProbeKind, Step } from '../../native/plan.ts'
import { addressBits } from '../config/addresses.ts'
import type { Spec } from '../spec.ts'

/** A directory of procfs that every kernel has, and no application needs. */
const notifyDirectory = '/proc/driver'

const attemptMs: Readonly<Record<Probe['kind'], number>> = {
  tcp: 5_000,
  http: 5_000,
  exec: 10_000,
  notify: 0,
  fd: 0,
}

export const watchSteps = (spec: Spec): readonly Step[] => {
  const { ready, healthy, preStop } = spec.policy ?? {}
  const common = { timeoutMs: 0, periodMs: 0, failures: 1, startDelayMs: 0 }
  return [
    ...(isNotified(spec) ? [notifyStep(spec)] : []),
    ...(ready === undefined
      ? []
      : [
          {
            ...probeStep(spec, 'ready', ready.probe),
            ...common,
            timeoutMs: ready.timeoutMs,
          } as const,
        ]),
    ...(healthy === undefined
      ? []
      : [
          {
            ...probeStep(spec, 'healthy', healthy.probe),
            ...common,
            periodMs: healthy.periodMs,
            failures: healthy.failures,
            startDelayMs: healthy.startDelayMs,
          } as const,
        ]),
    ...(preStop === undefined ? [] : commandSteps(preStop)),
    ...stopSteps(spec),
  ]
}

const notifyStep = ({ extendTo }: Spec): Step => ({
  do: 'notify',
  directory: notifyDirectory,
  extendTo: extendTo ?? {},
})

const probeStep = (spec: Spec, what: 'ready' | 'healthy', probe: Probe) =>
  ({
    do: 'probe',
    what,
    how: howOf(spec, probe),
    attemptMs: probe.attemptMs ?? attemptMs[probe.kind],
  }) as const

const howOf = (spec: Spec, probe: Probe): ProbeKind => {
  const { port = 0, host = '127.0.0.1', path = '/', fd = 0, command = [] } = probe
  switch (probe.kind) {
    case 'tcp':
      return { kind: 'tcp', port, isGiven: isGiven(spec, port) }
    case 'notify':
      return { kind: 'notify' }
    case 'fd':
      return { kind: 'fd', fd }
    case 'exec':
      return { kind: 'exec', words: command }
    case 'http':
      return {
        kind: 'http',
        host: { text: host, ...addressBits(host) },
        port,
        request:
          `GET ${path} HTTP/1.1\r\nHost: ${placeOf(host, port)}\r\nUser-Agent: lithos\r\n` +
          'Accept: */*\r\nConnection: close\r\n\r\n',
      }
  }
}

/** It listens before the application begins. */
const isGiven = ({ sockets = [], ownSockets = [] }: Spec, port: number): boolean =>
  [...sockets, ...ownSockets].some(socket => socket.port === port)

const commandSteps = ({
  command: [program = '', ...words],
  timeoutMs,
}: {
  readonly command: readonly string[]
  readonly timeoutMs: number
}): readonly Step[] => [{ do: 'preStop', program, arguments: words, timeoutMs }]

const stopSteps = ({ stop }: Spec): readonly Step[] =>
  stop === undefined
    ? []
    : [
        {
          do: 'stop',
          signals: stop.map(({ signal, waitMs }) => ({
            signal: constants.signals[signal as NodeJS.Signals],
            waitMs,
          })),
        },
      ]

/** From the first signal to the last. */
export const killTimeoutOf = ({ stop, killTimeoutMs }: Spec): number =>
  stop?.reduce((sum, { waitMs }) => sum + waitMs, 0) ?? killTimeoutMs

// ---------------------------------------------------------------------------
// What the application is given for it
// ---------------------------------------------------------------------------

const isNotified = ({ policy }: Spec): boolean =>
  policy?.ready?.probe.kind === 'notify' || policy?.healthy?.probe.kind === 'notify'

export const readySteps = ({ policy }: Spec): readonly Step[] => {
  const probe = policy?.ready?.probe
  return probe?.kind === 'fd' ? [{ do: 'readyFd', fd: probe.fd ?? 0 }] : []
}

/** As sd_notify(3) and sd_watchdog_enabled(3) look for them. */
export const watchVariables = (spec: Spec) => {
  const { healthy } = spec.policy ?? {}
  const isWatched = healthy?.probe.kind === 'notify'
  const variables: (readonly [string, string])[] = [
    ...(isNotified(spec) ? [['NOTIFY_SOCKET', `${notifyDirectory}/notify`] as const] : []),
    ...(isWatched ? [['WATCHDOG_USEC', String(healthy.periodMs * 1000)] as const] : []),
  ]
  return { variables, pidVariables: isWatched ? ['WATCHDOG_PID'] : [] }
}
