/**
 * Control groups of one container: which are made, and what is written into them. A limit goes
 * to the hierarchy that has its controller: version 1 where it is there, else version 2.
 */
import { scopeName } from '../../native/cgroup.ts'
import type { Groups } from '../../native/cgroup.ts'
import type { Step } from '../../native/plan.ts'
import type { Spec } from '../spec.ts'

/** `v1`, `v2`: the groups of the whole supervisor (`…/lithos.slice`), as they are on this host. */
export const cgroupSteps = (
  spec: Spec,
  { v1, v2, withheld = [] }: Groups,
  instance: string,
): readonly Step[] => {
  // Without root there may be none to be had; then the log has said so.
  if (spec.cgroup === null || (v1.length === 0 && v2 === null)) return []
  const scope = scopeName(instance)
  const joined = spec.cgroup.controllers.filter(controller => !withheld.includes(controller))
  const old = v1
    .filter(({ controllers }) => controllers.some(controller => joined.includes(controller)))
    .map(({ controllers, dir }) => ({ controllers, dir: `${dir}/${scope}` }))
  const wanted = joined.filter(controller => controller !== 'name')
  const served = new Set(old.flatMap(({ controllers }) => controllers))
  // Joining version 2 costs milliseconds: only for a controller that version 1 has not.
  const unified =
    v2 !== null && wanted.some(controller => !served.has(controller)) ? `${v2}/${scope}` : null

  const dirOf = (controller: string): string | null =>
    old.find(({ controllers }) => controllers.includes(controller))?.dir ?? null
  return [
    ...old.map(({ dir }): Step => ({ do: 'cgroup', dir, join: 'tasks' })),
    ...(unified === null ? [] : [{ do: 'cgroup', dir: unified, join: 'procs' } as const]),
    ...(wanted.includes('memory') ? memoryLimits(spec, dirOf('memory'), unified) : []),
    ...(wanted.includes('cpu') ? cpuLimits(spec, dirOf('cpu'), unified) : []),
    ...(wanted.includes('blkio') ? ioLimits(spec, dirOf('blkio'), unified) : []),
    ...(withheld.includes('pids')
      ? []
      : pidsLimits(spec, dirOf('pids') ?? unified ?? `${v1[0]?.dir ?? '/sys/fs/cgroup'}/${scope}`)),
  ]
}

/** Whether somebody wants a limit of one of these. A share is none: it counts among equals. */
export const isLimitedBy = (
  { memoryLimit, limits }: Spec,
  controllers: readonly string[],
): boolean => {
  const wanted: Readonly<Record<string, boolean>> = {
    memory: BigInt(memoryLimit) < unlimited || limits?.memoryHigh !== undefined,
    cpu: limits?.cpuQuota !== undefined,
    blkio: limits?.ioWeight !== undefined,
    pids: limits?.pids !== undefined,
  }
  return controllers.some(controller => wanted[controller] === true)
}

const limit = (file: string, value: string, optional = false): Step => ({
  do: 'limit',
  file,
  value,
  optional,
})

/**
 * What a life without this limit has to set back, for the group is that of the life before. A
 * kernel that cannot limit is told of only where somebody wants it to.
 */
const ours = (file: string, value: string | number | undefined, none: string): Step =>
  value === undefined ? limit(file, none, true) : limit(file, String(value))

/** What the original takes for "no limit", the default of `memory-limit`. */
const unlimited = 0x7fff_ffff_ffff_ffffn

/**
 * A group is kept from one life to the next. Version 1 refuses a limit above that of memory and
 * swap together, and one of both together below it; so the latter is lifted first, and all three
 * writes succeed whether the limit rises or falls.
 */
const memoryLimits = (
  { memoryLimit, limits }: Spec,
  old: string | null,
  unified: string | null,
): readonly Step[] => {
  const none = BigInt(memoryLimit) >= unlimited
  const bytes = none ? -1n : BigInt(memoryLimit)
  if (old !== null)
    return [
      limit(`${old}/memory.memsw.limit_in_bytes`, '-1', true),
      limit(`${old}/memory.limit_in_bytes`, memoryLimit),
      limit(`${old}/memory.memsw.limit_in_bytes`, memoryLimit, true),
      // Version 1 knows no slowing down: it reclaims what is above this when the host is short.
      ours(`${old}/memory.soft_limit_in_bytes`, limits?.memoryHigh, '-1'),
      { do: 'countKills', file: `${old}/memory.oom_control`, limit: bytes },
    ]
  if (unified === null) return []
  return [
    limit(`${unified}/memory.max`, none ? 'max' : memoryLimit),
    // The original counts memory and swap as one. Here swap is counted by itself, so: none.
    limit(`${unified}/memory.swap.max`, none ? 'max' : '0', true),
    ours(`${unified}/memory.high`, limits?.memoryHigh, 'max'),
    { do: 'countKills', file: `${unified}/memory.events`, limit: bytes },
  ]
}

const cpuLimits = (
  { cpuShares, limits }: Spec,
  old: string | null,
  unified: string | null,
): readonly Step[] => {
  const quota = limits?.cpuQuota === undefined ? undefined : (limits.cpuQuota * periodUs) / 100
  if (old !== null)
    return [
      limit(`${old}/cpu.shares`, String(cpuShares)),
      ours(`${old}/cpu.cfs_quota_us`, quota, '-1'),
    ]
  if (unified === null) return []
  const max = quota === undefined ? undefined : `${quota} ${periodUs}`
  return [
    limit(`${unified}/cpu.weight`, String(weightOf(cpuShares))),
    ours(`${unified}/cpu.max`, max, 'max'),
  ]
}

/** The default of both versions. */
const periodUs = 100_000

/** By that scheduler of disks which knows weights in version 1; version 2 has two that do. */
const ioLimits = (
  { limits }: Spec,
  old: string | null,
  unified: string | null,
): readonly Step[] => {
  const weight = limits?.ioWeight
  const bfq = weight === undefined ? undefined : Math.min(1000, weight)
  if (old !== null) return [ours(`${old}/blkio.bfq.weight`, bfq, '100')]
  if (unified === null) return []
  return [
    limit(`${unified}/io.bfq.weight`, String(bfq ?? 100), true),
    ours(`${unified}/io.weight`, weight === undefined ? undefined : `default ${weight}`, '100'),
  ]
}

/** Who is not limited joins only where the administrator names this controller. */
const pidsLimits = ({ limits, cgroup }: Spec, dir: string): readonly Step[] =>
  limits?.pids !== undefined || cgroup?.controllers.includes('pids')
    ? [ours(`${dir}/pids.max`, limits?.pids, 'max')]
    : []

/** 1024 shares are 100 of weight, the default of both, and proportions are kept. */
const weightOf = (shares: number): number =>
  Math.min(10_000, Math.max(1, Math.round((shares * 100) / 1024)))
