/**
 * Compares what the kernel shows with what was promised, and what was promised with the default.
 * Pure. 100 is as strict as the default; what is weaker costs by how much it opens, and what was
 * promised and is not so costs all that its check is worth.
 */
import { capabilityNames } from '../config/capabilities.ts'
import { weaknesses } from '../plan/confinement.ts'
import type { SpecConfinement } from '../spec.ts'
import { descriptorsOf, groupsOf, mountsOf } from './judgePlaces.ts'
import { isIdentity } from './proc.ts'
import type { Audited, Finding, Process, Promised, Range, Seen } from './shapes.ts'

/** What each check is worth: together 100. */
export const worth = {
  capabilities: 20,
  'system calls': 20,
  namespaces: 10,
  landlock: 5,
  mounts: 15,
  user: 10,
  'no-new-privileges': 10,
  descriptors: 5,
  limits: 5,
} as const

export type Check = keyof typeof worth

/** With one of these a process has nearly all others, or what the kernel guards by them. */
const mighty = (
  'sys_admin sys_module sys_rawio sys_ptrace sys_boot dac_read_search bpf perfmon mac_admin ' +
  'mac_override setfcap net_admin'
).split(' ')

/** `promised` null: nobody knows it any more. `strict`: the default for such a container. */
export const judge = (
  name: string,
  seen: Seen,
  promised: Promised | null,
  strict: Promised,
  confinement: SpecConfinement | undefined = undefined,
): Audited => {
  const why = promised === null ? unknownPromise : null
  const findings = [
    ...shortOf(seen, promised ?? strict).map(finding =>
      why === null ? finding : { ...finding, kind: 'weaker' as const, why },
    ),
    ...(promised === null ? rootOf(seen) : weakerThan(promised, strict, seen, confinement)),
  ]
  const cost = (check: string): number =>
    findings.filter(finding => finding.check === check).reduce((sum, next) => sum + next.cost, 0)
  const lost = Object.entries(worth).map(([check, most]) => Math.min(most, cost(check)))
  const score = lost.reduce((left, each) => left - each, 100)
  return { name, pid: seen.processes[0]?.pid ?? 0, promised, seen, findings, score }
}

const unknownPromise = 'its launch specification is not known: another version has started it'

const rootOf = ({ processes: [first] }: Seen): readonly Finding[] =>
  first?.uids.includes(0) === true
    ? [{ ...broken('user', isHostRoot), kind: 'weaker', why: unknownPromise }]
    : []

const isHostRoot = 'is root of the host'

const broken = (check: Check, text: string): Finding => ({
  kind: 'broken',
  check,
  text,
  cost: worth[check],
})

// ---------------------------------------------------------------------------
// Seen, against promised
// ---------------------------------------------------------------------------

const shortOf = (seen: Seen, promised: Promised): readonly Finding[] => [
  ...seen.processes.flatMap(process => processOf(process, promised, seen)),
  ...[...promised.own]
    .filter(kind => !seen.own.has(kind))
    .map(kind => broken('namespaces', `shares the ${kind} namespace with the host`)),
  ...mapsOf(seen, promised),
  ...mountsOf(seen, promised).map(text => broken('mounts', text)),
  ...descriptorsOf(seen).map(text => broken('descriptors', text)),
  ...groupsOf(seen, promised).map(text => broken('limits', text)),
]

const processOf = (process: Process, promised: Promised, seen: Seen): readonly Finding[] => {
  const who = process === seen.processes[0] ? '' : ` (process ${process.pid}, ${process.name})`
  const more = process.capabilities & ~promised.capabilities
  return [
    ...(more === 0n
      ? []
      : [broken('capabilities', `has ${capabilityNames(more).join(', ')}${who}`)]),
    ...(promised.isFiltered && process.seccomp === 0
      ? [broken('system calls', `no filter is installed${who}`)]
      : []),
    ...(promised.cannotGain && !process.cannotGain
      ? [broken('no-new-privileges', `new privileges can be gained${who}`)]
      : []),
    ...idsOf(process, promised).map(text => broken('user', `${text}${who}`)),
  ]
}

const SETGID = 1n << 6n
const SETUID = 1n << 7n

/** Who may change its user has perhaps done so; then it must be somebody of its own. */
const idsOf = (process: Process, promised: Promised): readonly string[] => {
  const wrong = (
    what: string,
    ids: readonly number[],
    expected: number,
    map: readonly Range[],
    mayChange: boolean,
  ): readonly string[] =>
    (Number.isNaN(expected) ? [] : ids)
      .filter(id => id !== expected && !(mayChange && (map.length === 0 || isOutside(map, id))))
      .slice(0, 1)
      .map(id => `runs as ${what} ${id} of the host instead of ${expected}`)
  // A setuid program of the image may have made it somebody else.
  const mayGain = !promised.cannotGain
  const mayGroup = mayGain || (promised.capabilities & SETGID) !== 0n
  const mayUser = mayGain || (promised.capabilities & SETUID) !== 0n
  return [
    ...wrong('user', process.uids, promised.uid, promised.uidMap, mayUser),
    ...wrong('group', process.gids, promised.gid, promised.gidMap, mayGroup),
    ...(process.groups.length > 0 && !mayGroup && promised.rootless?.keepsGroups !== true
      ? [`has supplementary groups: ${process.groups.join(' ')}`]
      : []),
  ]
}

const isOutside = (map: readonly Range[], id: number): boolean =>
  map.some(({ outside, count }) => id >= outside && id < outside + count)

const mapsOf = (seen: Seen, promised: Promised): readonly Finding[] =>
  (['uidMap', 'gidMap'] as const).flatMap(key => {
    const shown = sayMap(isIdentity(seen[key]) ? [] : seen[key])
    const wanted = sayMap(promised[key])
    const name = key === 'uidMap' ? 'uid-map' : 'gid-map'
    return shown === wanted
      ? []
      : [broken('user', `its ${name} is ${shown || 'none'} instead of ${wanted || 'none'}`)]
  })

export const sayMap = (map: readonly Range[]): string =>
  map.map(({ inside, outside, count }) => `${inside} ${outside} ${count}`).join(', ')

const hasGroups = ({ groups }: Process): boolean => groups.length > 0

const onlyOneUser = 'he has no further ids, so nobody can leave a group'

// ---------------------------------------------------------------------------
// Promised, against the default
// ---------------------------------------------------------------------------

const weakerThan = (
  promised: Promised,
  strict: Promised,
  { existing, processes }: Seen,
  confinement: SpecConfinement | undefined,
): readonly Finding[] => {
  const keys = new Set(weaknesses(confinement).map(({ key }) => key))
  const weaker = (check: Check, text: string, cost: number, key: string): Finding => ({
    kind: 'weaker',
    check,
    text,
    cost,
    why: keys.has(key) ? `${key} of the sandbox` : key,
  })
  const given = capabilityNames(promised.capabilities & ~strict.capabilities)
  const shown = strict.hidden.filter(path => existing.has(path) && !promised.hidden.includes(path))
  const thawed = strict.frozen.filter(path => existing.has(path) && !promised.frozen.includes(path))
  return [
    ...(given.length === 0
      ? []
      : [
          weaker(
            'capabilities',
            `has ${given.join(', ')}`,
            given.some(name => mighty.includes(name)) ? worth.capabilities : 4 * given.length,
            'capabilities',
          ),
        ]),
    ...(strict.isFiltered && !promised.isFiltered
      ? [weaker('system calls', 'may make every system call', worth['system calls'], 'seccomp')]
      : []),
    ...(strict.isWalled && !promised.isWalled
      ? [
          weaker(
            'landlock',
            'has no second wall',
            worth.landlock,
            keys.has('landlock') ? 'landlock' : 'a kernel without Landlock, or sys_admin',
          ),
        ]
      : []),
    ...(strict.cannotGain && !promised.cannotGain
      ? [
          weaker(
            'no-new-privileges',
            'may gain privileges by programs of its image',
            worth['no-new-privileges'],
            'no-new-privileges',
          ),
        ]
      : []),
    ...(promised.uid === 0 && promised.rootless === undefined
      ? [weaker('user', isHostRoot, worth.user, 'user-id 0 without a uid-map')]
      : []),
    ...(promised.rootless?.keepsGroups === true && processes.some(hasGroups)
      ? [weaker('user', 'keeps the groups of who has started the supervisor', 5, onlyOneUser)]
      : []),
    ...shown.map(path => weaker('mounts', `sees ${path}`, 2, 'masked-paths')),
    ...thawed.map(path =>
      weaker('mounts', `may write to ${path} as root`, 10, 'writable-proc-sys'),
    ),
  ]
}
