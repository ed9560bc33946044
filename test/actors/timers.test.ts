/**
 * Goal: every deadline elapses once, never early, in the order of the instants, and costs
 * little while it waits.
 * Method: real timers of a few milliseconds, and a clock that is set by hand where the order or
 * a far instant is what matters.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { stamp } from '../../actors/clock.ts'
import { createTimers } from '../../actors/timers.ts'
import type { Timers } from '../../actors/timers.ts'
import type { Input, InputOf } from '../../machines/vocabulary.ts'
import { until } from '../native/standIn.ts'

let facts: InputOf<'timer.elapsed'>[] = []
let timers: Timers
let now: number | null = null
const clock = () => (now === null ? stamp() : { at: 0, mono: now })
const hear = (fact: Input) => {
  if (fact.type === 'timer.elapsed') facts.push(fact)
}

test.before.each(() => {
  facts = []
  now = null
  timers = createTimers(hear, clock)
})
test.after.each(() => timers.close())

const arm = (instance: string, due: number) =>
  timers.perform({ type: 'armTimer', instance, timer: 'restart', due })
const disarm = (instance: string) =>
  timers.perform({ type: 'disarmTimer', instance, timer: 'restart' })
const names = () => facts.map(({ instance }) => instance)

test('never early, by the clock that the fact is stamped with', async () => {
  const start = stamp().mono
  const dues = Array.from({ length: 20 }, (_, index) => start + 2 + index * 0.7)
  dues.forEach((due, index) => arm(`s/p.${index}`, due))
  await until(() => facts.length === 20, 'all')
  facts.forEach(({ mono }, index) => assert.ok(mono >= (dues[index] ?? Infinity)))
  assert.equal(
    names(),
    dues.map((_, index) => `s/p.${index}`),
  )
})

test('what is due already is told soon, but not from within the arming', async () => {
  arm('s/past.0', stamp().mono - 1000)
  assert.equal(facts, [])
  await until(() => facts.length === 1, 'it')
})

test('armed anew means the new instant, disarmed means never', async () => {
  const { mono } = stamp()
  arm('s/moved.0', mono + 1)
  arm('s/moved.0', mono + 30)
  arm('s/gone.0', mono + 1)
  arm('s/soon.0', mono + 5)
  disarm('s/gone.0')
  await until(() => facts.length === 2, 'both')
  assert.equal(names(), ['s/soon.0', 's/moved.0'])
  assert.ok((facts[1]?.mono ?? 0) >= mono + 30)
})

test('the timers of one instance, and of the tree itself, are different ones', async () => {
  const due = stamp().mono
  timers.perform({ type: 'armTimer', instance: 's/p.0', timer: 'kill', due })
  timers.perform({ type: 'armTimer', instance: 's/p.0', timer: 'start', due })
  timers.perform({ type: 'armTimer', timer: 'stop', due })
  timers.perform({ type: 'disarmTimer', instance: 's/p.0', timer: 'start' })
  await until(() => facts.length === 2, 'both')
  assert.equal(
    facts.map(({ timer, instance }) => [timer, instance]),
    [
      ['kill', 's/p.0'],
      ['stop', undefined],
    ],
  )
  assert.not('instance' in (facts[1] ?? {}))
})

test('what is armed by a fact that is being told waits for the next time', async () => {
  let rounds = 0
  timers.close()
  timers = createTimers(() => {
    rounds += 1
    if (rounds < 1000) arm('s/again.0', stamp().mono - 1)
  }, clock)
  arm('s/again.0', stamp().mono)
  let others = 0
  const other = (): void => {
    others += 1
    if (rounds < 1000) setImmediate(other)
  }
  setImmediate(other)
  await until(() => rounds === 1000, 'a thousand rounds')
  assert.ok(others > 100, 'the loop was not starved')
})

test('ten thousand, half of them disarmed, in order', async () => {
  now = 0
  let seed = 7
  const random = () => (seed = (seed * 48271) % 2147483647)
  const dues = new Map<string, number>()
  for (let index = 0; index < 10_000; index += 1) {
    const due = 1 + (random() % 5000)
    dues.set(`s/p.${index}`, due)
    arm(`s/p.${index}`, due)
  }
  for (let index = 0; index < 10_000; index += 2) disarm(`s/p.${index}`)
  now = 2500
  arm('s/now.0', 2500)
  await until(() => facts.length > 0, 'those that are due')
  const expected = [...dues].filter(([name, due]) => due <= 2500 && Number(name.slice(4)) % 2 === 1)
  assert.is(facts.length, expected.length + 1)
  const told = facts.map(({ instance = '' }) => dues.get(instance) ?? 2500)
  assert.equal(
    told,
    told.toSorted((a, b) => a - b),
  )
})

test('an instant beyond the longest timer of Node is waited for', async () => {
  now = 0
  arm('s/far.0', 2 ** 40)
  await new Promise(resolve => setTimeout(resolve, 20))
  assert.equal(facts, [])
})

test.run()
