/**
 * Maps of user and group ids. Half-open everywhere: `count` ids from `inside` on, and not one
 * more. (The original translated one too many when it set the owners of volumes.)
 */
import { areAllInRanges } from './ranges.ts'
import type { IdMapping, Range } from './shapes.ts'

const isIn = ({ inside, count }: IdMapping, id: number): boolean =>
  inside <= id && id < inside + count

export const isMapped = (map: readonly IdMapping[], id: number): boolean =>
  map.some(mapping => isIn(mapping, id))

/** Whether an id of the host is one of those inside. */
export const isOutside = (map: readonly IdMapping[], id: number): boolean =>
  map.some(({ outside, count }) => outside <= id && id < outside + count)

/** The id outside; null when there is none. Without a map, inside and outside are the same. */
export const toOutside = (map: readonly IdMapping[], id: number): number | null => {
  if (map.length === 0) return id
  const mapping = map.find(one => isIn(one, id))
  return mapping === undefined ? null : mapping.outside + (id - mapping.inside)
}

/** The first mapping whose outside is not within the allowed ranges; null if all are. */
export const firstForbidden = (
  map: readonly IdMapping[],
  allowed: readonly Range[],
): IdMapping | null =>
  map.find(({ outside, count }) => !areAllInRanges(allowed, outside, count)) ?? null

/** What the kernel takes in one map, and the bytes of its text. */
const rangesMax = 340
const bytesMax = 4095
const idsEnd = 2 ** 32 - 1

/** What the kernel would refuse, in words; null: nothing. */
export const whyUnusable = (map: readonly IdMapping[]): string | null => {
  const text = map.map(({ inside, outside, count }) => `${inside} ${outside} ${count}\n`).join('')
  if (map.length > rangesMax || text.length > bytesMax)
    return `it has ${map.length} entries, more than the kernel takes`
  for (const [index, mapping] of map.entries()) {
    const { inside, outside, count } = mapping
    if (count === 0) return `entry ${index + 1} has a \`count\` of 0`
    if (inside + count > idsEnd || outside + count > idsEnd)
      return `entry ${index + 1} goes beyond the highest id, ${idsEnd - 1}`
    for (const side of ['inside', 'outside'] as const) {
      const other = map
        .slice(0, index)
        .findIndex(one => doOverlap(one[side], one.count, mapping[side], count))
      if (other !== -1)
        return `entries ${other + 1} and ${index + 1} overlap ${side} of the container`
    }
  }
  return null
}

const doOverlap = (a: number, ofA: number, b: number, ofB: number): boolean =>
  a < b + ofB && b < a + ofA
