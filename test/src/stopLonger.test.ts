/**
 * Goal: an application that asks for more time to stop is given it also when everything stops, and
 *   a service manager is told how long that may take.
 * Method: `decide`, from a start to the end of the supervisor; what a manager is told is read off.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Effect } from '../../machines/vocabulary.ts'
import { tidingsOf } from '../../src/systemd.ts'
import { good } from './orderWords.ts'
import { orderWorld } from './orderWorld.ts'
import type { World } from './orderWorld.ts'

const limits = ({ effects }: World): readonly number[] =>
  effects.flatMap(effect =>
    effect.type === 'armTimer' && effect.timer === 'stop' ? [effect.due] : [],
  )

const stopping = (): World => {
  const world = orderWorld(good)
  world.load({ web: { count: 2, version: '1' } })
  world.settle()
  world.say({ type: 'signal.received', signal: 'SIGTERM' })
  return world
}

const asksFor = (world: World, instance: string, extendMs: number): void => {
  const { incarnation = 0 } = world.knots.get(instance) ?? {}
  world.say({ type: 'app.notified', instance, incarnation, extendMs })
}

test('the limit of the whole follows the one that asked for most', () => {
  const world = stopping()
  const [first = 0] = limits(world)
  assert.is(first, world.mono() + 15_000, 'ten seconds beyond the longest')
  asksFor(world, 's/web.0', 5_000)
  assert.equal(limits(world), [first], 'that is within the limit')
  asksFor(world, 's/web.1', 60_000)
  assert.equal(limits(world), [first, world.mono() + 61_000 + 10_000])
  world.exit('s/web.0')
  world.exit('s/web.1')
  assert.is(world.state().tree.value, 'stopped')
})

test('when the time is over after all, everything is killed', () => {
  const world = stopping()
  asksFor(world, 's/web.0', 60_000)
  world.pass(71_000)
  world.effects.length = 0
  world.say({ type: 'timer.elapsed', timer: 'stop' })
  const killed = world.effects.filter(
    effect => effect.type === 'signal' && effect.signal === 'SIGKILL',
  )
  assert.is(killed.length, 2)
})

test('a manager is told of each limit', () => {
  const world = stopping()
  const told = (effects: readonly Effect[]): readonly string[] =>
    tidingsOf({ heard: [], effects, state: world.state() }, world.mono())
  assert.equal(told([]), [])
  const stop = { type: 'armTimer', timer: 'stop', due: world.mono() + 71_000 } as const
  assert.equal(told([stop]), ['EXTEND_TIMEOUT_USEC=72000000'])
  const kill = { ...stop, timer: 'kill', instance: 's/web.0' } as const
  assert.equal(told([kill]), [])
})

test.run()
