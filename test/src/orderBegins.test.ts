/**
 * Goal: an order that a reload begins knows who is up already; after a start nobody is ended or
 *   replaced by what is remembered, before the configuration is read.
 * Method: a sandbox of made-up applications under `decide`; definite stories.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  chain,
  expectedOf,
  good,
  launches,
  ready,
  rolling,
  signals,
  upOf,
  versions,
} from './orderWords.ts'
import { orderWorld } from './orderWorld.ts'
import type { Declared, Processes, World } from './orderWorld.ts'

/** Its journal is lost, too. */
const forgetful = (world: World): void => world.restart(false)

test('an order that a reload begins knows who is up already, and leaves them alone', () => {
  const alone: Processes = { db: { count: 2, version: '1' } }
  for (const change of [() => {}, (world: World) => world.restart(), forgetful]) {
    const world = orderWorld(good)
    world.load(alone)
    world.settle()
    change(world)
    world.effects.length = 0
    world.load({ ...alone, web: { count: 1, version: '1', policy: { after: ['db'] } } })
    world.settle()
    assert.equal(launches(world), ['s/web.0'])
    assert.equal(signals(world), [])
    // And again, when nobody has asked for an order in between.
    world.load(alone)
    world.settle()
    assert.is(world.state().sandboxes.get('s')?.context.order, undefined)
    world.load({ ...alone, web: { count: 1, version: '2', policy: { after: ['db'] } } })
    world.settle()
    assert.is(world.state().instances.get('s/web.0')?.value, 'running')
  }
})

test('an order that a reload begins waits for who is on its way', () => {
  const world = orderWorld(good)
  world.load({ db: { count: 1, version: '1', policy: { ready } } })
  while (!world.knots.has('s/db.0')) world.step(() => 0)
  world.load({
    db: { count: 1, version: '1', policy: { ready } },
    web: { count: 1, version: '1', policy: { after: ['db'] } },
  })
  world.step(() => 0)
  assert.not.ok(world.knots.get('s/db.0')?.isReady)
  assert.is(world.state().instances.get('s/web.0')?.value, 'waiting')
  world.settle()
  assert.is(world.state().instances.get('s/web.0')?.value, 'running')
})

test('a process that is rolled for the first time is rolled, and not replaced at once', () => {
  let least = Infinity
  const world = orderWorld(good, self => (least = Math.min(least, upOf(self, 'web'))))
  world.load({ web: { count: 3, version: '1', policy: { ready } } })
  world.settle()
  least = Infinity
  world.load({ web: { count: 3, version: '2', policy: rolling(1, 0) } })
  for (let i = 0; i < 200; i++) world.step(() => 0)
  assert.equal(versions(world), ['s/web.0 2', 's/web.1 2', 's/web.2 2'])
  assert.is(least, 2)
})

/** As `chain`, of another version. */
const second: Processes = Object.fromEntries(
  Object.entries(chain).map(([name, one]) => [name, { ...one, version: '2' }]),
)

/** The memory of one whose last turns could not be written; what runs goes on meanwhile. */
const forgotten = (processes: Processes): World => {
  const world = orderWorld(good)
  world.load(chain)
  world.settle()
  world.effects.length = 0
  world.load(processes)
  world.step(() => 0)
  return world
}

test('a start ends and replaces nobody by what it remembers, but by what it reads', () => {
  const { db } = chain as { db: Declared }
  for (const [last, next, replaced] of [
    // An upgrade, a removal of some, a removal of all: each was taken back, which is forgotten.
    [second, chain, []],
    [{ db }, chain, []],
    [{}, chain, []],
    // And what was not taken back goes on.
    [second, second, ['s/web.0', 's/web.1', 's/db.0']],
    [{ db }, { db }, ['s/web.0', 's/web.1']],
  ] as const) {
    const world = forgotten(last)
    assert.equal(signals(world), ['s/proxy.0'])
    // It has ended while nobody was there: those that it is after are the next ones.
    world.knots.delete('s/proxy.0')
    world.load(next)
    world.effects.length = 0
    world.restart()
    assert.equal(signals(world), [])
    world.settle()
    assert.equal(signals(world), replaced)
    assert.equal(versions(world), expectedOf(next))
  }
})

test.run()
