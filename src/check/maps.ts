/**
 * User namespaces of several sandboxes: where two maps share users of the host, who breaks out of
 * one container owns the files and processes of the other. A warning, because sandboxes of one
 * owner may mean it so: they share files.
 */
import { warning } from '../evaluate/finding.ts'
import type { Finding } from '../evaluate/finding.ts'
import type { Examined } from '../evaluate/sandbox.ts'
import type { IdMapping } from '../config/shapes.ts'

export type Mapped = Pick<Examined, 'subject' | 'spec'>

/** Said once for a sandbox and a kind of map, however many others share it. */
export const checkMapsOfAll = (all: readonly Mapped[]): readonly Finding[] =>
  kinds.flatMap(([key, ids]) => {
    const found = new Map<string, Shared>()
    // One of each: a sandbox may have one map for hundreds of processes.
    const before = new Map<string, Mapped>()
    for (const later of all) {
      const map = mapOf(later, ids)
      const { name } = later.subject.sandbox
      if (map.length === 0 || before.has(keyOf(later, ids))) continue
      for (const earlier of before.values()) {
        const other = earlier.subject.sandbox.name
        const range = other === name ? null : overlap(mapOf(earlier, ids), map)
        if (range === null) continue
        const shared = found.get(name) ?? { later, range, others: new Set<string>() }
        found.set(name, shared)
        shared.others.add(other)
      }
      before.set(keyOf(later, ids), later)
    }
    return [...found.values()].map(shared => tell(key, ids, shared))
  })

interface Shared {
  readonly later: Mapped
  /** With the first of the others. */
  readonly range: readonly [first: number, last: number]
  readonly others: Set<string>
}

const keyOf = (mapped: Mapped, ids: 'users' | 'groups'): string =>
  `${mapped.subject.sandbox.name} ${JSON.stringify(mapOf(mapped, ids))}`

const tell = (key: string, ids: string, { later, range, others }: Shared): Finding => {
  const [first, last] = range
  const [name = '', ...more] = others
  const which = first === last ? `${first}` : `${first} to ${last}`
  const whose = `of sandbox ${name}${more.length === 0 ? '' : ` and of ${more.length} more`}`
  return warning(
    later.subject.sandbox.file,
    [key],
    `${ids} ${which} of the host are in the ${key} ${whose}, too: who breaks ` +
      'out of a container of one owns what belongs to the other. ' +
      'Give each a range of its own',
  )
}

const kinds = [
  ['uid-map', 'users'],
  ['gid-map', 'groups'],
] as const

const mapOf = ({ spec }: Mapped, ids: 'users' | 'groups'): readonly IdMapping[] =>
  spec.ids?.[ids] ?? []

const overlap = (
  one: readonly IdMapping[],
  other: readonly IdMapping[],
): readonly [first: number, last: number] | null => {
  for (const a of one)
    for (const b of other) {
      const first = Math.max(a.outside, b.outside)
      const last = Math.min(a.outside + a.count, b.outside + b.count) - 1
      if (first <= last) return [first, last]
    }
  return null
}
