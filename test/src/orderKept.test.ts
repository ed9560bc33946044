/**
 * Goal: an order is kept from its first configuration to the end of the last who is in it, what was
 *   accepted as ready stays so over a restart, starts are spread over a restart, too, and no socket
 *   is closed that those want who have not been told yet.
 * Method: definite stories that the simulator has found, under `decide`.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { decide, emptyState } from '../../src/decide.ts'
import type { State } from '../../src/decide.ts'
import type { Effect, Input, Policy, Socket } from '../../machines/vocabulary.ts'
import { good, ready, rolling, signals, versions } from './orderWords.ts'
import { orderWorld } from './orderWorld.ts'
import type { Processes } from './orderWorld.ts'

const probe = { kind: 'tcp', port: 80 } as const

test('who is first ends last, also where several others end together', () => {
  const world = orderWorld(good)
  const db = { count: 1, version: '1' }
  const late: Policy = { after: ['db'] }
  world.load({ log: db, db, web: { ...db, policy: late } })
  world.settle()
  world.say({ type: 'signal.received', signal: 'SIGTERM' })
  assert.equal(signals(world), ['s/log.0', 's/web.0'])
  world.settle()
  assert.equal(signals(world), ['s/log.0', 's/web.0', 's/db.0'])
})

test('the first configuration that replaces one by one does so, or with a spare one', () => {
  for (const [maxUnavailable, surge] of [
    [1, 0],
    [0, 1],
  ] as const) {
    const world = orderWorld(good)
    world.load({ web: { count: 3, version: '1' } })
    world.settle()
    world.load({ web: { count: 3, version: '2', policy: { rolling: { maxUnavailable, surge } } } })
    world.step(() => 0)
    assert.is(signals(world).length, maxUnavailable)
    world.settle()
    const all = [...world.knots].map(([name, { config }]) => `${name} ${config}`).sort()
    assert.equal(all, ['s/web.0 2', 's/web.1 2', 's/web.2 2'])
  }
})

test('nobody stands in for those that are as they are to be', () => {
  const world = orderWorld(good)
  const web = { count: 2, version: '1', policy: { rolling: { maxUnavailable: 0, surge: 1 } } }
  world.load({ web })
  world.settle()
  world.effects.length = 0
  world.restart(false)
  world.settle()
  assert.equal(
    world.effects.flatMap(({ type }) => (type === 'launch' || type === 'signal' ? [type] : [])),
    [],
  )
})

test('an order is remembered for as long as somebody in it is ending', () => {
  const world = orderWorld(good)
  const both: Processes = {
    db: { count: 1, version: '1' },
    web: { count: 1, version: '1', policy: { after: ['db'] } },
  }
  world.load(both)
  world.settle()
  world.load({ db: both['db']! })
  world.step(() => 0)
  assert.equal(signals(world), ['s/web.0'])
  world.say({ type: 'config.remove', sandbox: 's', by: 'uid 0' })
  assert.equal(signals(world), ['s/web.0'])
  world.settle()
  assert.equal(signals(world), ['s/web.0', 's/db.0'])
})

test('who lives otherwise than it was told is replaced, whatever is read before its turn', () => {
  const world = orderWorld(good)
  const web = { count: 2, version: '1', policy: { rolling: { maxUnavailable: 0, surge: 1 } } }
  world.load({ web })
  world.settle()
  // It has died, and another one was started in its place while nobody was there.
  const stranger = { incarnation: 0, config: 'other', pid: 99, policy: undefined }
  world.knots.set('s/web.0', { ...stranger, isReady: true, isStopping: false })
  world.restart()
  world.step(() => 0)
  assert.ok(world.knots.has('s/web.2'), 'one stands in for it')
  assert.equal(signals(world), [])
  world.load({ web })
  world.step(() => 0.9)
  world.settle()
  assert.is(world.knots.get('s/web.0')?.config, '1')
  assert.equal([...world.knots.keys()].sort(), ['s/web.0', 's/web.1'])
})

const line: Processes = {
  db: { count: 1, version: '1', policy: { rolling: { maxUnavailable: 0, surge: 1 } } },
  web: { count: 1, version: '1', policy: { after: ['db'] } },
  proxy: { count: 1, version: '1', policy: { after: ['web'] } },
}

test('who is told to end counts as going, whatever it is told beside that', () => {
  const world = orderWorld(good)
  world.load(line)
  world.settle()
  world.exit('s/proxy.0')
  world.load({ ...line, db: { ...line['db']!, version: '2' } })
  world.step(() => 0)
  assert.ok(world.knots.has('s/db.1'), 'one stands in for it, and is not up yet')
  world.say({ type: 'config.remove', sandbox: 's', by: 'uid 0' })
  assert.equal(signals(world), ['s/web.0'])
})

test('who has stood in for others ends before those it is after, also in the same turn', () => {
  const world = orderWorld(good)
  const web = { count: 1, version: '1', policy: { after: ['db'], ready, ...line['db']!.policy } }
  const db = { count: 1, version: '1' }
  world.load({ db, web })
  world.settle()
  world.load({ db, web: { ...web, version: '2' } })
  const isNew = () => world.knots.get('s/web.0')?.config === '2'
  while (!isNew()) world.step(() => 0)
  // It gets ready while nobody was there, and what is read then takes away the first.
  world.restart()
  const { incarnation = 0 } = world.knots.get('s/web.0') ?? {}
  world.say({ type: 'app.ready', instance: 's/web.0', incarnation })
  world.effects.length = 0
  world.load({ web: { ...web, version: '2' } })
  while (signals(world).length === 0) world.step(() => 0)
  assert.equal(signals(world), ['s/web.1'])
  world.settle()
  assert.equal(signals(world), ['s/web.1', 's/db.0'])
})

test('who is down is replaced in turn, though others that are to be replaced are down, too', () => {
  const world = orderWorld(good)
  const web = { count: 3, version: '1', policy: rolling(1, 0) }
  world.load({ web })
  world.settle()
  world.load({ web: { ...web, version: '2' } })
  world.step(() => 0)
  for (const instance of ['s/web.1', 's/web.2']) {
    const { incarnation = 0 } = world.knots.get(instance) ?? {}
    world.say({ type: 'app.unready', instance, incarnation, reason: 'no answer' })
  }
  assert.equal(signals(world), ['s/web.0'], 'until the new one has proved itself')
  world.settle()
  assert.equal(versions(world), ['s/web.0 2', 's/web.1 2', 's/web.2 2'])
})

test('who was accepted is not held up by what was said of him before', () => {
  const world = orderWorld(() => true)
  const ready = { probe, timeoutMs: 1_000, onTimeout: 'accept' } as const
  world.load({
    db: { count: 1, version: '1', policy: { ready } },
    web: { count: 1, version: '1', policy: { after: ['db'] } },
  })
  world.settle()
  const life = () => world.state().instances.get('s/db.0')?.context.life
  assert.is(world.knots.size, 2)
  world.restart()
  const { incarnation = 0 } = life() ?? {}
  // As an adoption tells once more what it has found.
  const about = { instance: 's/db.0', incarnation }
  world.say({ type: 'app.unready', ...about, reason: 'nobody listens on port 80' })
  assert.is(life()?.isReady, true)
  assert.is(life()?.unready, 'nobody listens on port 80')
  world.exit('s/web.0')
  world.settle()
  assert.ok(world.knots.has('s/web.0'))
  // When it was ready after all, it counts that it is so no longer.
  world.say({ type: 'app.ready', ...about })
  world.say({ type: 'app.unready', ...about, reason: 'it reloads' })
  assert.is(life()?.isReady, false)
})

// ---------------------------------------------------------------------------
// Starts and sockets
// ---------------------------------------------------------------------------

const play = (state: State, turns: readonly (readonly object[])[]): [State, readonly Effect[]] => {
  let last: readonly Effect[] = []
  turns.forEach((inputs, index) => {
    const heard = inputs.map(one => ({ at: 1_000, mono: 1_000, ...one }) as Input)
    const decision = decide(state, heard, index + 1)
    state = decision.state
    last = decision.effects
  })
  return [state, last]
}

const begin = (bootId: string, startRate: number) => [
  { type: 'tree.started', pid: 1, bootId, version: '1', startRate },
  { type: 'tree.surveyed', adopted: 0, lost: 0 },
]
const wanting = (...names: readonly string[]) => [
  {
    ...{ type: 'config.loaded', sandbox: 's' },
    wanted: Object.fromEntries(
      names.map(name => [name, { spec: 'x', config: name, restartMs: 0, killMs: 0 }]),
    ),
  },
]

test('starts are spread over a restart of the supervisor, as long as the rate is the same', () => {
  const firstAfter = (again: readonly object[]): number => {
    const turns = [begin('b', 2), wanting('s/a.0', 's/a.1', 's/a.2'), again]
    const [, effects] = play(emptyState(), [...turns, wanting('s/a.0', 's/a.1', 's/a.2', 's/a.3')])
    if (effects.some(({ type }) => type === 'launch')) return 1_000
    const [timer] = effects.flatMap(effect => (effect.type === 'armTimer' ? [effect.due] : []))
    return timer ?? 0
  }
  assert.is(firstAfter(begin('b', 2)), 2_500)
  assert.is(firstAfter(begin('b', 4)), 1_000)
  assert.is(firstAfter(begin('other', 2)), 1_000)
})

test('a socket stays open for those that have not been told yet that they are to have it', () => {
  const key = 'tcp:0.0.0.0:80'
  const socket: Socket = {
    ...{ key, host: '0.0.0.0', port: 80, backlog: 1, uid: 0, gid: 0 },
    ...{ reuseAddr: true, reusePort: false, setNonBlock: false },
  }
  const adopted = ['s/db.0', 's/web.0'].map((instance, index) => ({
    ...{ type: 'knot.adopted', instance, incarnation: 1, pid: 9 + index, birth: 1 },
    ...{ config: 'old', bornAt: 0, appPid: 8 },
  }))
  const [started, surveyed] = begin('b', 1_000)
  const want = { spec: 'x', config: 'new', restartMs: 0, killMs: 0 }
  const policy: Policy = { after: ['db'] }
  const wanted = { 's/db.0': { ...want, sockets: [socket] }, 's/web.0': { ...want, policy } }
  const [state, effects] = play(emptyState(), [
    [started!, { type: 'socket.recovered', key, from: 'knot' }, ...adopted, surveyed!],
    [{ type: 'config.loaded', sandbox: 's', wanted }],
  ])
  assert.equal(Object.keys(state.sandboxes.get('s')?.context.order?.held ?? {}), ['s/db.0'])
  assert.not.ok(effects.some(({ type }) => type === 'closeSocket'))
})

test.run()
