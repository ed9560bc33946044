/** Everything about one instance, in sections: for `lithos show`, as text and as JSON. */
import { readFileSync } from 'node:fs'
import { startAt } from '../../machines/again.ts'
import { scopeName } from '../../native/cgroup.ts'
import { weaknesses } from '../plan/confinement.ts'
import { socketAddress } from '../sentence.ts'
import { outputOf } from '../spec.ts'
import type { Spec, SpecVolume } from '../spec.ts'
import { sayEnding } from '../status.ts'
import { sayInstant } from '../time.ts'
import { saySpan, sayUptime } from '../wait.ts'
import { cpuMsOf, memoryIn } from './family.ts'
import type { Row } from './rows.ts'
import { sayCpuTime, sayMemory } from './units.ts'

type Json = string | number | boolean | null | readonly string[]

export interface Fact {
  readonly name: string
  readonly value: Json
  /** For people, where it is not the value itself. */
  readonly text?: string
}

export interface Section {
  readonly title: string
  readonly facts: readonly Fact[]
}

const fact = (name: string, value: Json | undefined, text?: string): readonly Fact[] =>
  value === undefined || value === null
    ? []
    : [{ name, value, ...(text !== undefined && { text }) }]

const measured = (
  name: string,
  value: number | null | undefined,
  say: (value: number) => string,
) => (value === null || value === undefined ? [] : fact(name, value, say(value)))

/** `mono`: now, milliseconds of CLOCK_MONOTONIC. */
export const aboutRow = (row: Row, mono: number): readonly Section[] =>
  [
    { title: 'instance', facts: stateOf(row, mono) },
    { title: 'last_end', facts: lastEndOf(row) },
    { title: 'use', facts: useOf(row) },
    ...(row.spec === null ? [] : aboutSpec(row, row.spec)),
  ].filter(({ facts }) => facts.length > 0)

const stateOf = (row: Row, mono: number): readonly Fact[] => {
  const { life, asked } = row.memory
  return [
    ...fact('name', row.name),
    ...fact('state', row.state),
    ...fact('because', asked ?? row.plight),
    ...fact('waits_for', row.memory.waitsFor),
    ...fact('status', life?.notice?.status),
    ...fact('ready', life?.policy?.ready === undefined ? undefined : life.isReady === true),
    ...fact('failures', row.memory.trouble?.failures),
    ...fact('wanted', row.wanted),
    ...fact('outdated', row.isOutdated),
    ...(row.state === 'backoff' || row.state === 'failed'
      ? measured('next_start_in', Math.max(0, Math.round(startAt(row.memory) - mono)), saySpan)
      : []),
    ...(life === null ? [] : fact('since', sayInstant(life.since))),
    ...measured('uptime', row.uptimeMs === null ? null : Math.round(row.uptimeMs), sayUptime),
    ...fact('pid', row.pid),
    ...fact('knot_pid', row.knotPid),
    ...fact('life', life?.incarnation),
    ...fact('restarts', row.restarts),
    ...fact('hears_sigterm', row.pid === null ? undefined : hearsSigterm(row.pid)),
  ]
}

const lastEndOf = ({ memory: { last } }: Row): readonly Fact[] =>
  last === null
    ? []
    : [
        ...fact('how', sayEnding(last)),
        ...fact('at', sayInstant(last.at)),
        ...measured('after', Math.round(last.uptimeMs), saySpan),
        ...fact('because', last.asked),
        ...fact('life', last.incarnation),
      ]

const useOf = ({ usage }: Row): readonly Fact[] =>
  usage === null
    ? []
    : [
        ...measured('memory', memoryIn(usage), sayMemory),
        ...measured('resident', usage.resident, sayMemory),
        ...measured('swap', usage.swapped, sayMemory),
        ...measured('cpu', Math.round(cpuMsOf(usage)), sayCpuTime),
        ...fact('processes', usage.processes),
        ...fact('threads', usage.threads),
      ]

const aboutSpec = (row: Row, spec: Spec): readonly Section[] => [
  { title: 'program', facts: programOf(spec) },
  { title: 'image', facts: imageOf(spec) },
  { title: 'limits', facts: limitsOf(spec) },
  { title: 'network', facts: networkOf(row, spec) },
  { title: 'confinement', facts: confinementOf(spec) },
  { title: 'places', facts: placesOf(row, spec) },
]

const pairs = (entries: readonly (readonly [string, string])[]): readonly string[] | undefined =>
  entries.length === 0 ? undefined : entries.map(([key, value]) => `${key}=${value}`)

const some = (texts: readonly string[]): readonly string[] | undefined =>
  texts.length === 0 ? undefined : texts

const programOf = (spec: Spec): readonly Fact[] => [
  ...fact('executable', spec.executable),
  ...fact('arguments', some(spec.arguments)),
  ...fact('workdir', spec.workdir),
  ...fact('user', spec.user),
  ...fact('group', spec.group),
  ...fact('environ', pairs(spec.environ)),
  ...fact('secrets', some([...secretsIn(spec, 'environ'), ...secretsIn(spec, 'files')])),
  ...measured('restart_timeout', spec.restartTimeoutMs, saySpan),
  ...measured('kill_timeout', spec.killTimeoutMs, saySpan),
  ...fact('restart_process_only', spec.restartProcessOnly),
  ...fact('normal_exit_codes', some(spec.normalExitCodes.map(String))),
]

/** Names only: their values are nobody's business. */
const secretsIn = ({ secrets }: Spec, where: 'environ' | 'files'): readonly string[] =>
  (secrets?.[where] ?? []).map(([name]) => (where === 'files' ? `/run/secrets/${name}` : name))

const imageOf = (spec: Spec): readonly Fact[] => [
  ...fact('image', spec.image),
  ...fact('config', spec.config),
  ...fact('variables', pairs(spec.variables)),
  ...fact('volumes', some(spec.volumes.map(sayVolume))),
]

const sayVolume = (volume: SpecVolume): string =>
  volume.kind === 'tmpfs'
    ? `${volume.target}: tmpfs, ${sayMemory(volume.size)}`
    : volume.kind === 'statedir'
      ? `${volume.target}: state directory${volume.path === '/' ? '' : `, ${volume.path}`}`
      : `${volume.target}: ${volume.kind}, ${volume.base}${volume.path === '/' ? '' : volume.path}`

const unlimited = 2n ** 63n - 1n

const limitsOf = ({ memoryLimit, filenoLimit, cpuShares, limits }: Spec): readonly Fact[] => [
  ...(BigInt(memoryLimit) >= unlimited
    ? []
    : measured('memory_limit', Number(memoryLimit), sayMemory)),
  ...(limits?.memoryHigh === undefined
    ? []
    : measured('memory_high', Number(limits.memoryHigh), sayMemory)),
  ...fact('pids_limit', limits?.pids),
  ...fact('cpu_shares', cpuShares),
  ...(limits?.cpuQuota === undefined
    ? []
    : fact('cpu_quota', limits.cpuQuota, `${limits.cpuQuota}%`)),
  ...fact('io_weight', limits?.ioWeight),
  ...fact('fileno_limit', Number(filenoLimit)),
]

const networkOf = ({ index }: Row, spec: Spec): readonly Fact[] => {
  const sockets = [...(spec.sockets ?? []), ...(spec.ownSockets ?? [])]
  return [
    ...fact('sockets', some(sockets.map(one => `${socketAddress(one)} at descriptor ${one.fd}`))),
    ...fact('bridge', spec.network?.bridge),
    ...fact('ip', spec.network?.addresses[index]),
    ...fact('gateway', spec.network?.gateway),
  ]
}

const confinementOf = ({ confinement, ids }: Spec): readonly Fact[] => {
  const weaker = weaknesses(confinement).map(({ key, consequence }) => `${key}: ${consequence}`)
  return [
    ...fact('weaker', weaker, weaker.length === 0 ? 'nothing: as strict as can be' : undefined),
    ...fact('user_namespace', ids !== undefined),
  ]
}

const placesOf = ({ name }: Row, spec: Spec): readonly Fact[] => [
  ...fact('output', spec.interactive ? undefined : outputOf(spec, name)),
  ...fact('stdout_stderr_file', spec.outputFile),
  ...fact('log', spec.places.log),
  ...fact('state_dir', `${spec.places.states}/${name}`),
  ...(spec.cgroup === null ? [] : fact('cgroup', `${spec.cgroup.name}/${scopeName(name)}`)),
]

const sigterm = 15

/** Whether it has a handler: what has none dies of it, unless it is ignored. */
const hearsSigterm = (pid: number): boolean | undefined => {
  try {
    const caught = /^SigCgt:\s*([\da-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return caught === undefined
      ? undefined
      : ((BigInt(`0x${caught}`) >> BigInt(sigterm - 1)) & 1n) === 1n
  } catch {
    return undefined
  }
}
