/**
 * Goal: what a status file says of an application that is started again in its place, to who
 *   reads it when all of that is over: whether it was ready before, and is to be started.
 * Method: the lines of such a life, cut off after each of them.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { isBetween, lifeIn, wasReady } from '../../native/statusLife.ts'
import { factsOf } from '../../native/watching.ts'

const lines = [
  'knot web/http.0 7 aa',
  'pid 42 9',
  'launched 100',
  'started 101 2',
  'ready 110',
  'unready 120 reloading',
  'died 130 256 101',
  'started 140 3',
  'waiting 150 11 0',
]

const after = (count: number) => {
  const life = lifeIn('web:http.0@7', `${lines.slice(0, count).join('\n')}\n`)
  return [
    wasReady(life) ? 'was ready' : 'was not ready',
    ...(isBetween(life) ? ['between two starts'] : []),
    ...factsOf(life.watched ?? []).map(({ type }) => type),
  ].join(', ')
}

test('a life in which it is started again in its place, from each of its moments', () => {
  assert.equal(
    lines.map((line, index) => `${line.split(' ')[0]}: ${after(index + 1)}`),
    [
      'knot: was not ready',
      'pid: was not ready',
      'launched: was not ready',
      'started: was not ready',
      'ready: was ready, app.ready',
      'unready: was ready, app.unready',
      'died: was ready, between two starts, app.unready',
      'started: was ready, app.unready',
      'waiting: was not ready, app.unready',
    ],
  )
})

test('who was never ready is not missed when he ends', () => {
  const life = lifeIn('web:http.0@7', 'started 101 2\nwaiting 110 11 0\ndied 130 256 101\n')
  assert.not.ok(wasReady(life))
  assert.not.ok(isBetween(life))
  assert.is(life.watched, undefined)
})

test.run()
