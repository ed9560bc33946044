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

/** Said once for two sandboxes and a kind of map, in the file of the later one. */
export const checkMapsOfAll = (all: readonly Mapped[]): readonly Finding[] => {
  const mapped = all.filter(({ spec }) => spec.ids !== undefined)
  const said = new Set<string>()
  return mapped.flatMap((later, index) =>
    mapped.slice(0, index).flatMap(earlier =>
      kinds.flatMap(([key, ids]) => {
        const [a, b] = [earlier.subject.sandbox, later.subject.sandbox]
        const pair = `${key} ${a.name} ${b.name}`
        const shared = a.name === b.name ? null : overlap(mapOf(earlier, ids), mapOf(later, ids))
        if (shared === null || said.has(pair)) return []
        said.add(pair)
        const [first, last] = shared
        const which = first === last ? `${first}` : `${first} to ${last}`
        return [
          warning(
            b.file,
            [key],
            `${ids} ${which} of the host are in the ${key} of sandbox ${a.name}, too: who breaks ` +
              'out of a container of one owns what belongs to the other. ' +
              'Give each a range of its own',
          ),
        ]
      }),
    ),
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
