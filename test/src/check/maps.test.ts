/**
 * Goal: S18: two sandboxes whose maps share users of the host are told of, once, and nobody else.
 * Method: rows of maps.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { checkMapsOfAll } from '../../../src/check/maps.ts'
import type { Mapped } from '../../../src/check/maps.ts'

const of = (sandbox: string, ...outside: readonly (readonly [first: number, count: number])[]) => {
  const map = outside.map(([first, count], index) => ({
    ...{ inside: 1000 * index, outside: first, count },
  }))
  const ids = outside.length === 0 ? {} : { ids: { users: map, groups: [] } }
  return {
    subject: { sandbox: { name: sandbox, file: `${sandbox}.yaml` } },
    spec: ids,
  } as unknown as Mapped
}

const told = (...all: readonly Mapped[]): readonly string[] =>
  checkMapsOfAll(all).map(({ file, path, message }) =>
    `${file} ${path.join()} ${message}`.replace(/, too: .*/, ''),
  )

const text = (file: string, which: string, other: string): string =>
  `${file}.yaml uid-map users ${which} of the host are in the uid-map of sandbox ${other}`

test('S18: ranges that share users are told of in the later file', () => {
  assert.equal(told(of('a', [1000, 1000]), of('b', [1999, 1])), [text('b', '1999', 'a')])
  assert.equal(told(of('a', [0, 10], [5000, 100]), of('b', [5050, 100])), [
    text('b', '5050 to 5099', 'a'),
  ])
  assert.equal(told(of('a', [1, 9]), of('b', [9, 9]), of('c', [5, 1])), [
    text('b', '9', 'a'),
    text('c', '5', 'a'),
  ])
})

test('S18: neighbours, one sandbox and those without a map are not', () => {
  assert.equal(told(of('a', [1000, 1000]), of('b', [2000, 1000])), [])
  assert.equal(told(of('a', [1000, 1000]), of('a', [1000, 1000])), [])
  assert.equal(told(of('a'), of('b', [0, 100])), [])
})

test('S18: once, however many processes there are', () => {
  const [a, b] = [of('a', [1, 10]), of('b', [1, 10])]
  assert.is(told(a, a, b, b, b).length, 1)
  assert.equal(told(a, b, of('c', [1, 10])), [
    text('b', '1 to 10', 'a'),
    `${text('c', '1 to 10', 'a')} and of 1 more`,
  ])
})

test.run()
