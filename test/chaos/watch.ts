/**
 * Looks at every knot of a world again and again, and says what nobody has a reason for: two of
 * one instance, one that is gone or another although nobody has ended it.
 */
import { allPids, commandLine, isInit, readStat } from '../../native/proc.ts'
import type { Cast } from './cast.ts'

export interface Seen {
  readonly instance: string
  readonly pid: number
  readonly birth: number
}

export interface Watch {
  /** Every knot that was ever seen, and the instant at which it was seen last. */
  readonly everSeen: ReadonlyMap<string, Seen & { readonly lastAt: number }>
  readonly faults: string[]
  readonly counts: { samples: number; doubled: number; lost: number }
  /** Whoever ends an application says so before. */
  readonly excuse: (knot: Seen) => void
  readonly sample: () => readonly Seen[]
}

export const keyOf = ({ instance, pid, birth }: Seen): string => `${instance} ${pid} ${birth}`

/** Not the child of a knot, which has its arguments between fork and exec. */
const knotsOf = (master: string): readonly Seen[] =>
  allPids().flatMap(pid => {
    const words = commandLine(pid)
    if (words?.[1] !== '--name' || words[4] !== master || !isInit(pid)) return []
    const stat = readStat(pid)
    const isAlive = stat !== null && stat.state !== 'Z'
    return isAlive ? [{ instance: words[2] ?? '', pid, birth: stat.birth }] : []
  })

export const watch = ({ world, fates }: Cast): Watch => {
  const everSeen = new Map<string, Seen & { readonly lastAt: number }>()
  const expected = new Map<string, Seen>()
  const excused = new Set<string>()
  const faults: string[] = []
  const counts = { samples: 0, doubled: 0, lost: 0 }

  const fault = (kind: 'doubled' | 'lost', text: string): void => {
    counts[kind] += 1
    faults.push(`sample ${counts.samples}: ${text}`)
  }

  const compare = (instance: string, now: Seen | undefined): void => {
    const before = expected.get(instance)
    if (now !== undefined) expected.set(instance, now)
    if (before === undefined || (now !== undefined && keyOf(now) === keyOf(before))) return
    if (!excused.has(keyOf(before)))
      fault('lost', `${keyOf(before)} is ${now === undefined ? 'gone' : `now ${keyOf(now)}`}`)
    if (now === undefined) expected.delete(instance)
  }

  const sample = (): readonly Seen[] => {
    counts.samples += 1
    const found = knotsOf(world.master)
    const byName = new Map<string, Seen>()
    for (const knot of found) {
      const other = byName.get(knot.instance)
      if (other !== undefined) fault('doubled', `${keyOf(other)} and ${keyOf(knot)}`)
      byName.set(knot.instance, knot)
      everSeen.set(keyOf(knot), { ...knot, lastAt: Date.now() })
    }
    for (const [instance, fate] of fates)
      if (fate === 'ours') compare(instance, byName.get(instance))
    return found
  }

  return {
    everSeen,
    faults,
    counts,
    excuse: knot => void excused.add(keyOf(knot)),
    sample,
  }
}
