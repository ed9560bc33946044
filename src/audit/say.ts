/** An audit for people, and the same for programs. */
import { capabilityNames } from '../config/capabilities.ts'
import { sayMap } from './judge.ts'
import { writablePlaces } from './judgePlaces.ts'
import { isIdentity } from './proc.ts'
import { namespaceKinds } from './shapes.ts'
import type { Audited, Process, Seen } from './shapes.ts'

export interface Skipped {
  readonly name: string
  readonly reason: string
}

export interface Report {
  readonly audited: readonly Audited[]
  readonly skipped: readonly Skipped[]
}

/** Null where nothing was audited. */
export const lowestOf = ({ audited }: Report): number | null =>
  audited.length === 0 ? null : Math.min(...audited.map(({ score }) => score))

export const isBroken = ({ audited }: Report): boolean =>
  audited.some(({ findings }) => findings.some(({ kind }) => kind === 'broken'))

// ---------------------------------------------------------------------------
// For people
// ---------------------------------------------------------------------------

export const sayReport = (report: Report): string =>
  [
    ...report.audited.map(sayAudited),
    ...report.skipped.map(({ name, reason }) => `${name}: not audited, ${reason}\n`),
    summaryOf(report),
  ].join('\n')

const summaryOf = (report: Report): string => {
  const count = report.audited.length
  if (count === 0) return 'no instance was audited\n'
  const broken = report.audited.filter(({ findings }) => findings.some(isOf('broken'))).length
  const instances = count === 1 ? '1 instance' : `${count} instances`
  const promises = broken === 0 ? 'each as promised' : `${broken} less confined than promised`
  return `${instances}, lowest score ${lowestOf(report)}, ${promises}\n`
}

const isOf =
  (kind: string) =>
  (finding: { readonly kind: string }): boolean =>
    finding.kind === kind

const sayAudited = ({ name, pid, seen, promised, findings, score }: Audited): string => {
  const { length } = seen.processes
  const facts = [
    ...factsOf(seen, promised?.rootless === undefined),
    ...findings.map(({ kind, text, why }) => [kind, why === undefined ? text : `${text}: ${why}`]),
  ]
  return [
    `${name}, pid ${pid}, ${length === 1 ? '1 process' : `${length} processes`}: score ${score}`,
    ...facts.map(([word = '', text = '']) => `  ${word.padEnd(12)}  ${text}`),
    '',
  ].join('\n')
}

const listed = (words: readonly (string | number)[]): string => words.join(' ') || 'none'

const factsOf = (
  seen: Seen,
  isOfHost: boolean,
): readonly (readonly [word: string, text: string])[] => {
  const [first] = seen.processes
  if (first === undefined) return []
  const where = isOfHost ? 'on the host' : 'of the supervisor, which runs without root'
  const [soft, hard] = seen.resources.get('Max open files') ?? []
  const limits = [...seen.limits].flatMap(([file, value]) =>
    value === null || isNoLimit(value) ? [] : `${file.slice(file.lastIndexOf('/') + 1)} ${value}`,
  )
  return [
    ['user', `${first.uids[0]}:${first.gids[0]} ${where}, ${sayUsers(seen)}`],
    ['capabilities', listed(capabilityNames(first.capabilities))],
    ['privileges', first.cannotGain ? 'cannot be gained' : 'can be gained'],
    ['system calls', saySeccomp(first)],
    ['namespaces', `its own: ${listed(namespaceKinds.filter(kind => seen.own.has(kind)))}`],
    ['writable', listed(writablePlaces(seen))],
    ['limits', [`open files ${soft ?? 'any'}/${hard ?? 'any'}`, ...limits].join(', ')],
    ['descriptors', listed(seen.descriptors.map(({ fd, target }) => `${fd}→${target}`))],
    ...(seen.label === null ? [] : [['label', seen.label] as const]),
  ]
}

/** The largest number of pages, in bytes, is what version 1 calls unlimited. */
const isNoLimit = (value: string): boolean =>
  value.startsWith('max') || value === '-1' || Number(value) > 2 ** 62

const sayUsers = ({ uidMap, gidMap }: Seen): string =>
  isIdentity(uidMap) && isIdentity(gidMap)
    ? 'no user namespace'
    : `users ${sayMap(uidMap) || 'none'}; groups ${sayMap(gidMap) || 'none'}`

const saySeccomp = ({ seccomp, filters }: Process): string =>
  seccomp === 0
    ? 'all of them'
    : seccomp === 1
      ? 'read, write and exit'
      : `filtered${filters === null ? '' : filters === 1 ? ' once' : ` ${filters} times`}`

// ---------------------------------------------------------------------------
// For programs
// ---------------------------------------------------------------------------

export const toJson = (report: Report): string =>
  `${JSON.stringify({
    score: lowestOf(report),
    broken: isBroken(report),
    instances: report.audited.map(({ name, pid, score, findings, promised, seen }) => ({
      name,
      pid,
      score,
      isPromiseKnown: promised !== null,
      findings: findings.map(({ kind, check, text, cost, why }) => ({
        ...{ kind, check, text, cost },
        ...(why !== undefined && { why }),
      })),
      seen: jsonOf(seen),
    })),
    skipped: report.skipped,
  })}\n`

const jsonOf = (seen: Seen) => ({
  processes: seen.processes.map(process => ({
    pid: process.pid,
    name: process.name,
    uids: process.uids,
    gids: process.gids,
    groups: process.groups,
    capabilities: capabilityNames(process.capabilities),
    noNewPrivileges: process.cannotGain,
    seccomp: process.seccomp,
    filters: process.filters,
  })),
  namespaces: namespaceKinds.filter(kind => seen.own.has(kind)),
  uidMap: seen.uidMap,
  gidMap: seen.gidMap,
  mounts: seen.mounts.map(({ at, type, readonly, nosuid, nodev, noexec, isShared }) => ({
    ...{ at, type, readonly, nosuid, nodev, noexec, isShared },
  })),
  descriptors: seen.descriptors.map(({ fd, target }) => ({ fd, target })),
  groups: seen.groups,
  limits: Object.fromEntries(seen.limits),
  resources: Object.fromEntries(seen.resources),
  oomScoreAdj: seen.oomScoreAdj,
  label: seen.label,
})
