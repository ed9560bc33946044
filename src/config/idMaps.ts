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
