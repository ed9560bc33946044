/**
 * Goal: ranges are inclusive, maps half-open, and a map is allowed when all its ids are, however
 * many ranges that takes.
 * Method: tables; and small random maps and ranges counted out id by id.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { firstForbidden, isMapped, toOutside } from '../../../src/config/idMaps.ts'
import { areAllInRanges, isInRanges, readRange } from '../../../src/config/ranges.ts'
import { chance, seedOf } from './reading.ts'

test('ranges', () => {
  assert.equal(readRange('5'), { from: 5, to: 5 })
  assert.equal(readRange('1-5'), { from: 1, to: 5 })
  assert.equal(readRange('0-4294967295'), { from: 0, to: 4_294_967_295 })
  assert.equal(readRange('+5'), { from: 5, to: 5 })
  assert.equal(readRange('5-1'), { from: 5, to: 1 })
  for (const text of '1- -5 1-2-3 0x10 1k 4294967296 *'.split(' ')) {
    assert.is(readRange(text), null, text)
  }
  for (const text of [' 1-5', '1 - 5', '1-5 ', '']) assert.is(readRange(text), null)
  assert.is(isInRanges([{ from: 5, to: 1 }], 3), false)
})

const DOCUMENTED = [
  { inside: 0, outside: 1000, count: 1 },
  { inside: 1, outside: 1, count: 1 },
]
const USUAL = [{ inside: 0, outside: 100_000, count: 65_536 }]

test('translation and membership agree', () => {
  assert.equal(
    [0, 1, 2, 3].map(id => toOutside(DOCUMENTED, id)),
    [1000, 1, null, null],
  )
  assert.equal(
    [0, 1, 2].map(id => isMapped(DOCUMENTED, id)),
    [true, true, false],
  )
  assert.equal(
    [0, 65_535, 65_536].map(id => toOutside(USUAL, id)),
    [100_000, 165_535, null],
  )
  assert.is(isMapped(USUAL, 65_536), false)
  assert.is(toOutside([], 7), 7)
  assert.is(isMapped([], 7), false)
})

test('S18: a map is judged by its outside', () => {
  const allowed = [{ from: 1000, to: 1000 }]
  assert.is(firstForbidden([{ inside: 0, outside: 1000, count: 1 }], allowed), null)
  const tooMany = { inside: 0, outside: 1000, count: 2 }
  assert.is(firstForbidden([tooMany], allowed), tooMany)
  const adjacent = [
    { from: 11, to: 20 },
    { from: 1, to: 10 },
  ]
  assert.is(firstForbidden([{ inside: 0, outside: 1, count: 20 }], adjacent), null)
  assert.not(firstForbidden([{ inside: 0, outside: 1, count: 21 }], adjacent) === null)
})

test('random ranges, counted out', () => {
  const next = chance(seedOf())
  const small = (): number => Math.floor(next() * 12)
  for (let round = 0; round < 5000; round++) {
    const ranges = Array.from({ length: small() % 4 }, () => ({ from: small(), to: small() }))
    const [first, count] = [small(), small()]
    const ids = Array.from({ length: count }, (_, index) => first + index)
    assert.is(
      areAllInRanges(ranges, first, count),
      ids.every(id => isInRanges(ranges, id)),
      JSON.stringify({ ranges, first, count }),
    )
  }
})

test.run()
