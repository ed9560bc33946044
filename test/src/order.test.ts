/**
 * Goal: processes are started after those they are after and ended before them; an upgrade replaces
 *   no more at a time than allowed, waits for each to be ready, and is gone on with by any later
 *   life of the supervisor; a version that never gets ready leaves the others untouched.
 * Method: a sandbox of made-up applications under `decide`; definite stories, then random ones in
 *   which everything may die at any time. SEED=123 repeats one.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Effect, Policy } from '../../machines/vocabulary.ts'
import { fatesIn, livesIn } from '../../src/outcome.ts'
import { prng } from '../prng.ts'
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
import type { Processes, Said, World } from './orderWorld.ts'

const seed = Number(process.env['SEED'] ?? Date.now() % 100_000)

test('started in order, each when the one before is ready', () => {
  const world = orderWorld(good)
  world.load(chain)
  world.settle()
  assert.equal(launches(world), ['s/db.0', 's/web.0', 's/web.1', 's/proxy.0'])
})

test('ended in reverse when everything stops', () => {
  const world = orderWorld(good)
  world.load(chain)
  world.settle()
  world.say({ type: 'signal.received', signal: 'SIGTERM' })
  world.settle()
  assert.equal(signals(world), ['s/proxy.0', 's/web.0', 's/web.1', 's/db.0'])
  assert.is(world.state().tree.value, 'stopped')
})

test('when the time of an orderly stop is over, nothing that dies is started again', () => {
  const world = orderWorld(good)
  world.load(chain)
  world.settle()
  world.say({ type: 'signal.received', signal: 'SIGTERM' })
  world.effects.length = 0
  world.pass(3_600_000)
  world.say({ type: 'timer.elapsed', timer: 'stop' })
  assert.is(world.state().tree.value, 'abandoning')
  for (const name of ['s/db.0', 's/web.0', 's/web.1', 's/proxy.0']) world.exit(name)
  assert.equal(launches(world), [])
  assert.is(world.state().tree.value, 'stopped')
})

test('replaced in order when all of them change', () => {
  const world = orderWorld(good)
  world.load(chain)
  world.settle()
  world.effects.length = 0
  world.load(
    Object.fromEntries(Object.entries(chain).map(([n, one]) => [n, { ...one, version: '2' }])),
  )
  world.settle()
  const order = world.effects.flatMap(effect =>
    effect.type === 'signal'
      ? [`-${effect.instance}`]
      : effect.type === 'launch'
        ? [effect.instance]
        : [],
  )
  assert.equal(order.slice(0, 4), ['-s/proxy.0', '-s/web.0', '-s/web.1', '-s/db.0'])
  assert.equal(order.slice(4), ['s/db.0', 's/web.0', 's/web.1', 's/proxy.0'])
})

test('who dies while its first is down waits for it, and a restart does not hurry it', () => {
  const world = orderWorld(version => version === 'bad')
  world.load(chain)
  world.settle()
  world.load({ ...chain, db: { ...chain['db']!, version: 'bad' } })
  for (let i = 0; i < 20; i++) world.step(() => 0)
  world.exit('s/web.0')
  for (let i = 0; i < 20; i++) world.step(() => 0)
  const web = () => world.state().instances.get('s/web.0')
  assert.is(web()?.value, 'waiting')
  assert.equal(web()?.context.waitsFor, ['db'])
  world.say({ type: 'instance.restart', instance: 's/web.0', by: 'uid 0' })
  assert.is(web()?.value, 'waiting')
  world.load(chain)
  world.settle()
  assert.is(web()?.value, 'running')
  assert.is(launches(world).filter(name => name === 's/web.0').length, 2)
})

test('who is to end, and dies before its turn, is started after others or not at all', () => {
  for (const isDbDown of [true, false]) {
    const world = orderWorld(good)
    world.load(chain)
    world.settle()
    world.load({ db: chain['db']! })
    world.step(() => 0)
    assert.equal(signals(world), ['s/proxy.0'])
    world.pass(5_000)
    if (isDbDown) world.exit('s/db.0')
    world.effects.length = 0
    world.exit('s/web.0')
    // Those that are after it still live: they may need it.
    assert.equal(launches(world), isDbDown ? [] : ['s/web.0'])
    world.settle()
    assert.equal(versions(world), ['s/db.0 1'])
    assert.is(launches(world).includes('s/web.0'), !isDbDown)
  }
})

for (const [unavailable, surge] of [
  [1, 0],
  [2, 0],
  [0, 1],
  [0, 2],
  [1, 1],
] as const)
  test(`rolling, ${unavailable} unavailable, surge ${surge}: never fewer than allowed`, () => {
    let least = Infinity
    const world = orderWorld(good, self => (least = Math.min(least, upOf(self, 'web'))))
    const web = { count: 4, version: '1', policy: rolling(unavailable, surge) }
    world.load({ web })
    world.settle()
    least = Infinity
    world.load({ web: { ...web, version: '2' } })
    for (let i = 0; i < 200; i++) world.step(() => 0)
    least = Math.min(least, upOf(world, 'web'))
    assert.equal(versions(world), ['s/web.0 2', 's/web.1 2', 's/web.2 2', 's/web.3 2'])
    assert.is(least, 4 - unavailable)
    assert.equal(world.state().sandboxes.get('s')?.context.order?.lent, [])
  })

test('a version that never gets ready: the old ones are untouched, and back it goes', () => {
  for (const [unavailable, surge] of [
    [1, 0],
    [0, 1],
  ] as const) {
    const world = orderWorld(version => version === 'bad')
    const web = { count: 3, version: '1', policy: rolling(unavailable, surge) }
    world.load({ web })
    world.settle()
    const before = versions(world)
    world.effects.length = 0
    world.load({ web: { ...web, version: 'bad' } })
    for (let i = 0; i < 200; i++) world.step(() => 0)
    assert.is(upOf(world, 'web'), 3 - unavailable)
    world.load({ web })
    for (let i = 0; i < 200; i++) world.step(() => 0)
    assert.equal(versions(world), before)
    const touched = new Set(signals(world))
    assert.equal([...touched], [unavailable === 1 ? 's/web.0' : 's/web.3'])
  }
})

/** What must hold of every effect, whatever has happened before. */
const judge = (world: World, effect: Effect): void => {
  if (effect.type !== 'launch') return
  const { instance, wanted } = effect
  const now = world.state().sandboxes.get('s')?.context.wanted[instance] ?? wanted
  for (const process of now.policy?.after ?? []) {
    const all = [...world.state().instances].filter(([name]) => name.startsWith(`s/${process}.`))
    const meant = world.state().sandboxes.get('s')?.context.wanted ?? {}
    for (const [name, { value }] of all)
      assert.ok(
        // One that is replaced while others are up is no reason to wait.
        meant[name]?.policy?.rolling !== undefined || !(name in meant) || value === 'running',
        `${instance} is started while ${name} is ${String(value)}`,
      )
  }
}

test("a launch that the death of the supervisor has prevented is nobody's fault", () => {
  const world = orderWorld(good)
  const version = (version: string): Processes => ({
    web: { count: 2, version, policy: rolling(0, 1) },
  })
  world.load(version('1'))
  world.settle()
  const before = livesIn(world.state(), 's')
  world.load(version('2'))
  for (let i = 0; i < 10 && !world.knots.has('s/web.2'); i++) world.step(() => 0)
  const { incarnation = 0 } = world.knots.get('s/web.2') ?? {}
  world.knots.delete('s/web.2')
  world.say({
    ...{ type: 'knot.refused', instance: 's/web.2', incarnation, code: 'ECANCELED' },
    ...{ step: 'launching the container', about: 'the supervisor ended' },
  } as Said)
  const verdicts = fatesIn(world.state(), 's', before).map(fate => fate.verdict)
  assert.equal(verdicts, ['pending', 'pending', 'pending'])
  world.settle()
  assert.equal(versions(world), ['s/web.0 2', 's/web.1 2'])
})

test(`whatever dies and when: what is wanted comes to run, in order (SEED=${seed})`, () => {
  const random = prng(seed)
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T
  for (let round = 0; round < 150; round++) {
    const world = orderWorld(version => version === 'bad', judge)
    const policies: readonly Policy[] = [{ ready }, {}, rolling(1, 0), rolling(0, 1), rolling(2, 1)]
    let last: Processes = {}
    for (let i = 0; i < 60; i++) {
      const chance = random()
      if (chance < 0.12) {
        const version = () => pick(['1', '2', '3', 'bad'])
        // Sometimes nobody asks for an order, and the next time somebody does.
        const ordered = random() < 0.8 ? 0.7 : 0
        const policy = () => pick(ordered > 0 ? policies : policies.slice(0, 2))
        const after = (...names: string[]) =>
          random() < ordered && names.length > 0 ? { after: names } : {}
        const next = (name: string, counts: readonly number[], ...names: string[]) => {
          const [count, policies] = [pick(counts), { ...policy(), ...after(...names) }]
          const still = random() < 0.3 ? last[name] : undefined
          return still ?? { count, version: version(), policy: policies }
        }
        last = {
          db: next('db', [1, 2]),
          web: next('web', [0, 1, 3], 'db'),
          proxy: next('proxy', [1], 'web', 'db'),
        }
        world.load(last)
      } else if (chance < 0.2 && world.knots.size > 0) world.exit(pick([...world.knots.keys()]))
      else if (chance < 0.26) world.restart(random() < 0.8)
      else if (chance < 0.3 && world.knots.size > 0)
        world.say({ type: 'instance.restart', instance: pick([...world.knots.keys()]), by: 'x' })
      else world.step(random)
    }
    if (random() < 0.5) world.restart(random() < 0.7)
    const mended = Object.fromEntries(
      Object.entries(last).map(([name, one]) => [
        name,
        { ...one, version: one.version === 'bad' ? '1' : one.version },
      ]),
    )
    world.load(mended)
    for (let i = 0; i < 600; i++) world.step(random)
    assert.equal(versions(world), expectedOf(mended), `round ${round}`)
    world.say({ type: 'signal.received', signal: 'SIGTERM' })
    for (let i = 0; i < 200 && world.state().tree.value !== 'stopped'; i++) world.step(random)
    assert.is(world.knots.size, 0, `round ${round}: all ended`)
  }
})

test.run()
