/** Ranges of ids and ports: `N` or `N-M`, both ends inclusive; `5-1` is a range of nothing. */
import { readPlain, U32_MAX } from './numbers.ts'
import type { Range } from './shapes.ts'

export const readRange = (text: string): Range | null => {
  const [first = '', second, ...more] = text.split('-')
  const from = readPlain(first, U32_MAX)
  const to = second === undefined ? from : readPlain(second, U32_MAX)
  return typeof from === 'number' && typeof to === 'number' && more.length === 0
    ? { from, to }
    : null
}

export const isInRanges = (ranges: readonly Range[], id: number): boolean =>
  ranges.some(({ from, to }) => from <= id && id <= to)

/** Whether `count` ids from `first` on all lie in the ranges, taken together. */
export const areAllInRanges = (ranges: readonly Range[], first: number, count: number): boolean => {
  const end = first + count
  let covered = first
  for (const { from, to } of ranges.toSorted((a, b) => a.from - b.from)) {
    if (from > covered) break
    covered = Math.max(covered, to + 1)
  }
  return covered >= end
}
