/** What a process and all below it use together: the figures of lithos_ps. */
import { bootTime, familyOf, memoryOf, ticksPerSecond } from '../../native/processes.ts'
import type { Sweep } from '../../native/processes.ts'

export interface Usage {
  readonly processes: number
  readonly threads: number
  /** Bytes. */
  readonly resident: number
  readonly swapped: number
  /** Clock ticks; of children that were waited for. */
  readonly user: number
  readonly system: number
  readonly childUser: number
  readonly childSystem: number
}

/** A child of a knot: the application, or what was left to the knot by one that has ended. */
export interface Head extends Usage {
  readonly pid: number
  /** Seconds since 1970. */
  readonly startTime: number
}

export const noUsage: Usage = {
  processes: 0,
  threads: 0,
  resident: 0,
  swapped: 0,
  user: 0,
  system: 0,
  childUser: 0,
  childSystem: 0,
}

const add = (a: Usage, b: Usage): Usage => ({
  processes: a.processes + b.processes,
  threads: a.threads + b.threads,
  resident: a.resident + b.resident,
  swapped: a.swapped + b.swapped,
  user: a.user + b.user,
  system: a.system + b.system,
  childUser: a.childUser + b.childUser,
  childSystem: a.childSystem + b.childSystem,
})

/** Most are one process, and there are thousands of them. */
export const sum = (all: readonly Usage[]): Usage =>
  all.length === 1 ? (all[0] as Usage) : all.reduce(add, noUsage)

export const memoryIn = ({ resident, swapped }: Usage): number => resident + swapped

export const ticksIn = ({ user, system, childUser, childSystem }: Usage): number =>
  user + system + childUser + childSystem

export const cpuMsOf = (usage: Usage): number => (ticksIn(usage) * 1000) / ticksPerSecond

/** The heads of many knots at once: one reading of all their memory. */
export const headsOf = (
  sweep: Sweep,
  knots: readonly number[],
): ReadonlyMap<number, readonly Head[]> => {
  if (knots.length === 0) return new Map()
  const boot = bootTime()
  const families = knots.map(knot =>
    (sweep.children.get(knot) ?? []).map(head => familyOf(sweep, head)),
  )
  const memory = memoryOf(families.flat(2))
  const usageOf = (pid: number): Usage => {
    const process = sweep.processes.get(pid)
    if (process === undefined) return noUsage
    const { resident = 0, swapped = 0 } = memory.get(pid) ?? {}
    const { threads, user, system, childUser, childSystem } = process
    return { processes: 1, threads, resident, swapped, user, system, childUser, childSystem }
  }
  const headOf = (family: readonly number[]): Head => {
    const [pid = 0] = family
    const birth = sweep.processes.get(pid)?.birth ?? 0
    return {
      ...(family.length === 1 ? usageOf(pid) : sum(family.map(usageOf))),
      pid,
      startTime: boot + Math.floor(birth / ticksPerSecond),
    }
  }
  return new Map(knots.map((knot, index) => [knot, (families[index] ?? []).map(headOf)]))
}
