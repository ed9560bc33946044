/**
 * Control groups of one container: which are made, and what is written into them. A limit goes
 * to the hierarchy that has its controller: version 1 where it is there, else version 2.
 */
import { scopeName } from '../../native/cgroup.ts'
import type { Groups } from '../../native/cgroup.ts'
import type { Step } from '../../native/plan.ts'
import type { Spec } from '../spec.ts'

/** `v1`, `v2`: the groups of the whole supervisor (`…/lithos.slice`), as they are on this host. */
export const cgroupSteps = (spec: Spec, { v1, v2 }: Groups, instance: string): readonly Step[] => {
  if (spec.cgroup === null) return []
  const scope = scopeName(instance)
  const old = v1.map(({ controllers, dir }) => ({ controllers, dir: `${dir}/${scope}` }))
  const wanted = spec.cgroup.controllers.filter(controller => controller !== 'name')
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
  ]
}

const limit = (file: string, value: string, optional = false): Step => ({
  do: 'limit',
  file,
  value,
  optional,
})

/** What the original takes for "no limit", the default of `memory-limit`. */
const unlimited = 0x7fff_ffff_ffff_ffffn

/**
 * A group is kept from one life to the next. Version 1 refuses a limit above that of memory and
 * swap together, and one of both together below it; so the latter is lifted first, and all three
 * writes succeed whether the limit rises or falls.
 */
const memoryLimits = (
  { memoryLimit }: Spec,
  old: string | null,
  unified: string | null,
): readonly Step[] => {
  if (old !== null)
    return [
      limit(`${old}/memory.memsw.limit_in_bytes`, '-1', true),
      limit(`${old}/memory.limit_in_bytes`, memoryLimit),
      limit(`${old}/memory.memsw.limit_in_bytes`, memoryLimit, true),
    ]
  if (unified === null) return []
  const none = BigInt(memoryLimit) >= unlimited
  return [
    limit(`${unified}/memory.max`, none ? 'max' : memoryLimit),
    // The original counts memory and swap as one. Here swap is counted by itself, so: none.
    limit(`${unified}/memory.swap.max`, none ? 'max' : '0', true),
  ]
}

const cpuLimits = (
  { cpuShares }: Spec,
  old: string | null,
  unified: string | null,
): readonly Step[] => {
  if (old !== null) return [limit(`${old}/cpu.shares`, String(cpuShares))]
  return unified === null ? [] : [limit(`${unified}/cpu.weight`, String(weightOf(cpuShares)))]
}

/** 1024 shares are 100 of weight, the default of both, and proportions are kept. */
const weightOf = (shares: number): number =>
  Math.min(10_000, Math.max(1, Math.round((shares * 100) / 1024)))
