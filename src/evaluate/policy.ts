/**
 * What was asked for beyond starting, restarting and stopping: what it means, and what of it
 * contradicts itself. A contradiction refuses the sandbox: whoever has written it believes in
 * something that would never happen.
 */
import type { Policy, Probe } from '../../machines/vocabulary.ts'
import type { BackoffConfig } from '../config/policy.ts'
import type { ProbeConfig } from '../config/probes.ts'
import type { Container } from '../config/shapes.ts'
import { referencesIn, replaceReferences, readPort } from '../config/variables.ts'
import type { Spec, SpecStopStep } from '../spec.ts'
import { mistake, warning } from './finding.ts'
import type { Finding, KeyPath } from './finding.ts'
import { nameOf } from './subject.ts'
import type { Subject } from './subject.ts'

// ---------------------------------------------------------------------------
// What it means
// ---------------------------------------------------------------------------

/** Nothing where nothing was asked for: hashes stay what they were. */
export const policyOf = (subject: Subject): Pick<Spec, 'policy' | 'stop' | 'extendTo'> => {
  const { backoff, intensity, preStop, stop, killTimeoutMs } = subject.container.value
  const { after, upgrade } = subject.process.value
  const put = valueOf(subject)
  const { ready, healthy } = subject.container.value
  const policy: Policy = {
    ...(ready !== null && { ready: { ...ready, probe: probeOf(ready.probe, put) } }),
    ...(healthy !== null && { healthy: { ...healthy, probe: probeOf(healthy.probe, put) } }),
    ...(backoff !== null && { backoff }),
    ...(intensity !== null && { intensity }),
    ...(preStop !== null && { preStop: { ...preStop, command: preStop.command.map(put) } }),
    ...(after.length > 0 && { after: [...new Set(after)].sort() }),
    ...(upgrade !== 'all' && { rolling: upgrade }),
  }
  return {
    ...(Object.keys(policy).length > 0 && { policy }),
    ...(stop !== null && { stop: stepsOf(stop, killTimeoutMs) }),
    ...extensionsOf(subject),
  }
}

/** Only an application that can ask for more has to be bounded. */
const extensionsOf = ({ sandbox, container }: Subject): Pick<Spec, 'extendTo'> => {
  const { readyTimeoutMaxMs: readyMs, killTimeoutMaxMs: stopMs } = sandbox.value
  const { ready, healthy } = container.value
  const canAsk = [ready, healthy].some(probed => probed?.probe.kind === 'notify')
  if (!canAsk || (readyMs === null && stopMs === null)) return {}
  return {
    extendTo: { ...(readyMs !== null && { readyMs }), ...(stopMs !== null && { stopMs }) },
  }
}

/** A list that does not end with KILL is ended by it, `kill-timeout` after its last signal. */
const stepsOf = (
  steps: NonNullable<Container['stop']>,
  killTimeoutMs: number,
): readonly SpecStopStep[] =>
  steps
    .filter(({ signal }) => signal !== 'SIGKILL')
    .map(({ signal, waitMs }) => ({ signal, waitMs: waitMs ?? killTimeoutMs }))

type Put = (text: string) => string

const valueOf =
  ({ process }: Subject): Put =>
  text =>
    replaceReferences(text, name => process.value.variables.get(name) ?? '')

const probeOf = (probe: ProbeConfig, put: Put): Probe => {
  const { attemptMs } = probe
  const attempt = attemptMs === null ? {} : { attemptMs }
  switch (probe.kind) {
    case 'tcp':
      return { kind: 'tcp', port: Number(put(probe.port)), ...attempt }
    case 'http': {
      const { kind, host, path } = probe
      return { kind, port: Number(put(probe.port)), host, path, ...attempt }
    }
    case 'exec':
      return { kind: 'exec', command: probe.command.map(put), ...attempt }
    case 'fd':
      return { kind: 'fd', fd: probe.fd, ...attempt }
    case 'notify':
      return { kind: 'notify', ...attempt }
  }
}

// ---------------------------------------------------------------------------
// What contradicts itself
// ---------------------------------------------------------------------------

/** In a container configuration alone. */
export const checkContainerPolicy = (file: string, container: Container): readonly Finding[] => [
  ...checkReferences(file, container),
  ...checkCurve(file, container),
  ...checkInPlace(file, container),
  ...(container.healthy?.probe.kind === 'fd'
    ? [
        mistake(
          file,
          ['healthy', 'fd'],
          'healthy: a line on a descriptor is written once; use it for `ready`',
        ),
      ]
    : []),
]

type Place = readonly [path: KeyPath, text: string]

const placesOf = ({ ready, healthy, preStop }: Container): readonly Place[] => [
  ...placesIn('ready', ready?.probe),
  ...placesIn('healthy', healthy?.probe),
  ...(preStop?.command ?? []).map((text): Place => [['pre-stop'], text]),
]

const placesIn = (key: string, probe: ProbeConfig | undefined): readonly Place[] => {
  switch (probe?.kind) {
    case 'tcp':
      return [[[key, 'tcp'], probe.port]]
    case 'http':
      return [[[key, 'http', 'port'], probe.port]]
    case 'exec':
      return probe.command.map((text, index): Place => [[key, 'exec', index], text])
    default:
      return []
  }
}

const checkReferences = (file: string, container: Container): readonly Finding[] =>
  placesOf(container).flatMap(([path, text]) =>
    [...new Set(referencesIn(text))]
      .filter(name => !container.variables.has(name))
      .map(name =>
        mistake(
          file,
          path,
          `undefined variable "${name}": it is not declared in \`variables\`, and others cannot ` +
            'be used here',
        ),
      ),
  )

export const sayMs = (ms: number): string => `${ms / 1000} s`

/** The shortest that `restarts` pauses can be together, when each life ends at once. */
const shortestMs = (restarts: number, restartMs: number, backoff: BackoffConfig | null): number => {
  let sum = 0
  let pause = backoff?.initialMs ?? 0
  for (let index = 0; index < restarts; index++) {
    sum += Math.max(restartMs, pause * (1 - (backoff?.jitter ?? 0)))
    pause = Math.min(pause * (backoff?.factor ?? 1), backoff?.maxMs ?? 0)
  }
  return sum
}

const checkCurve = (file: string, container: Container): readonly Finding[] => {
  const { backoff, intensity, restartTimeoutMs } = container
  const findings: Finding[] = []
  if (backoff !== null && backoff.maxMs < backoff.initialMs)
    findings.push(
      mistake(
        file,
        ['backoff', 'max'],
        `backoff: max is ${sayMs(backoff.maxMs)}, which is less than initial, ` +
          sayMs(backoff.initialMs),
      ),
    )
  else if (backoff !== null && backoff.maxMs < restartTimeoutMs)
    findings.push(
      mistake(
        file,
        ['backoff', 'max'],
        `backoff: max is ${sayMs(backoff.maxMs)}, but restart-timeout keeps ` +
          `${sayMs(restartTimeoutMs)} between two starts anyway, so the curve would never count; ` +
          'lower restart-timeout or raise max',
      ),
    )
  if (intensity === null) return findings
  const shortest = shortestMs(intensity.restarts, restartTimeoutMs, backoff)
  if (shortest > intensity.periodMs)
    findings.push(
      mistake(
        file,
        ['intensity', 'period'],
        `intensity: more than ${intensity.restarts} restarts in ${sayMs(intensity.periodMs)} can ` +
          `never be, for ${backoff === null ? 'restart-timeout' : 'backoff'} spreads them over ` +
          `${sayMs(Math.round(shortest))} at least; allow fewer restarts or a longer period`,
      ),
    )
  return findings
}

/** What is started again in its place is so by its knot, which counts nothing. */
const checkInPlace = (file: string, container: Container): readonly Finding[] =>
  (['backoff', 'intensity'] as const)
    .filter(key => container.restartProcessOnly && container[key] !== null)
    .map(key =>
      mistake(
        file,
        [key],
        `${key}: with restart-process-only the application is started again in its place, ` +
          `restart-timeout after its last start, and ${key} would never count; leave one out`,
      ),
    )

/** With the process that uses it. */
export const checkPolicy = (subject: Subject): readonly Finding[] => [
  ...checkProbePorts(subject),
  ...checkKind(subject),
  ...checkRolling(subject),
]

const checkProbePorts = (subject: Subject): readonly Finding[] =>
  placesOf(subject.container.value)
    .filter(([path]) => path.at(-1) === 'tcp' || path.at(-1) === 'port')
    .flatMap(([path, text]) => {
      const read = readPort(valueOf(subject)(text))
      return read._tag === 'Right' && read.right > 0
        ? []
        : [
            mistake(
              subject.container.file,
              path,
              `${path.join('.')}: ${JSON.stringify(text)} is no port for ${nameOf(subject)}`,
            ),
          ]
    })

const checkKind = ({ process }: Subject): readonly Finding[] =>
  process.value.kind !== 'Command'
    ? []
    : (['after', 'upgrade'] as const)
        .filter(key =>
          key === 'after' ? process.value.after.length > 0 : process.value.upgrade !== 'all',
        )
        .map(key =>
          mistake(
            process.file,
            [process.name, key],
            `${key}: ${process.name} is a Command, which is run by hand and never started by us`,
          ),
        )

const checkRolling = (subject: Subject): readonly Finding[] => {
  const { sandbox, process, container } = subject
  const { upgrade, instances, ipAddresses, kind } = process.value
  if (upgrade === 'all' || kind === 'Command') return []
  const path = [process.name, 'upgrade']
  const findings: Finding[] = []
  const needed = instances + upgrade.surge
  if (sandbox.value.bridgedNetwork !== null && ipAddresses.length < needed)
    findings.push(
      mistake(
        process.file,
        path,
        `upgrade: ${upgrade.surge} more than the ${instances} instances of ${process.name} live ` +
          `during an upgrade and need addresses, too; \`ip-addresses\` has ${ipAddresses.length}`,
      ),
    )
  if (container.value.ready === null)
    findings.push(
      warning(
        process.file,
        path,
        `upgrade: ${container.file} has no \`ready\`, so ${process.name} counts as up as soon as ` +
          'its program is executed',
      ),
    )
  return findings
}
