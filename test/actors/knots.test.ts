/**
 * Goal: every life is told once, in order, with the status it had, whoever saw it end.
 * Method: stand-ins for the knot in real namespaces, killed, refused, adopted; also by a
 * supervisor that is not their parent.
 */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { stamp } from '../../actors/clock.ts'
import { createKnots } from '../../actors/knots.ts'
import type { Knots, KnotsOptions, Launch } from '../../actors/knots.ts'
import type { Input, InputOf } from '../../machines/vocabulary.ts'
import * as proc from '../../native/proc.ts'
import { survey } from '../../native/survey.ts'
import { openWorkshop, until } from '../native/standIn.ts'
import type { Workshop } from '../native/standIn.ts'

let workshop: Workshop
let knots: Knots
let facts: Input[] = []
let knotsDir = ''
const plans = new Map<string, string>()

test.before(() => {
  workshop = openWorkshop()
  knotsDir = join(workshop.dir, 'knots')
})
test.after(() => workshop.close())
test.before.each(() => {
  facts = []
  knots = createKnots(fact => facts.push(fact), options())
})
test.after.each(async () => {
  for (const { instance, incarnation } of launched())
    knots.perform({ type: 'signal', instance, incarnation, pid: 0, signal: 'SIGKILL' }, 0)
  await until(() => knots.alive() === 0, 'all to end')
  for (const { instance, incarnation } of launched()) knots.forget(instance, incarnation)
  knots.close()
  assert.equal(readdirSync(knotsDir), [], 'no file is left')
})

const options = (): KnotsOptions => ({
  stamp,
  knotsDir,
  env: ['TERM=dumb'],
  prepare: ({ instance }) => ({
    plan: Buffer.from(plans.get(instance) ?? 'stay'),
    argv: [workshop.standIn, '--name', instance, '--master', '/m.yaml', '--config', '{}'],
    about: step => ({ step: `taking step ${step}`, about: `/path/${step}` }),
  }),
})

const launch = (instance: string, plan: string, incarnation = 1): void => {
  plans.set(instance, plan)
  const wanted = { spec: 'abc', config: '{}', restartMs: 0, killMs: 0 }
  const effect: Launch = { type: 'launch', instance, incarnation, wanted }
  knots.perform(effect, incarnation)
}

const ofType = <T extends Input['type']>(type: T): InputOf<T>[] =>
  facts.filter((fact): fact is InputOf<T> => fact.type === type)
const launched = () => ofType('knot.launched')
const exits = () => ofType('knot.exited')
const story = (instance: string): string[] =>
  facts.flatMap(fact => ('instance' in fact && fact.instance === instance ? [fact.type] : []))

test('a life from launch to its end, with both statuses and the uptime', async () => {
  launch('sb/web.0', 'run 3', 41)
  await until(() => exits().length === 1, 'the end')
  assert.equal(story('sb/web.0'), ['knot.launched', 'app.started', 'knot.exited'])
  const [exit] = exits()
  assert.is(exit?.status, 2 << 8, 'of the knot')
  assert.is(exit?.app, 3 << 8, 'of the application')
  assert.is(exit?.keptBy, 'child')
  assert.is(exit?.incarnation, 41)
  assert.ok((exit?.uptimeMs ?? -1) >= 0 && (exit?.uptimeMs ?? Infinity) < 10_000)
  const [birth] = launched()
  assert.is(birth?.pid, exit?.pid)
  assert.is(proc.readStat(birth?.pid ?? 0)?.state, 'Z', 'kept until it is forgotten')
  assert.is(proc.readStat(birth?.pid ?? 0)?.birth, birth?.birth)
})

test('the file tells whose life it is, before and after', async () => {
  launch('sb/web.1', 'stay', 7)
  await until(() => ofType('app.started').length === 1, 'the start')
  const [birth] = launched()
  const lines = readFileSync(join(knotsDir, 'sb:web.1@7'), 'utf8').split('\n')
  assert.is(lines[0], 'knot sb/web.1 7 abc')
  assert.ok(lines.includes(`pid ${birth?.pid} ${birth?.birth}`))
  assert.is(proc.readStat(ofType('app.started')[0]?.pid ?? 0)?.parent, birth?.pid)
})

test('S31: TERM reaches the knot, and only of the incarnation that is meant', async () => {
  launch('sb/web.2', 'stay', 5)
  await until(() => ofType('app.started').length === 1, 'the start')
  const signal = { type: 'signal', instance: 'sb/web.2', pid: 0, signal: 'SIGTERM' } as const
  knots.perform({ ...signal, incarnation: 4 }, 0)
  knots.perform({ ...signal, incarnation: 5 }, 0)
  await until(() => exits().length === 1, 'the end')
  assert.is(exits()[0]?.status, 0)
  assert.is(exits()[0]?.app, 15)
})

test('a killed knot: its own status, none of the application, and how long it ran', async () => {
  launch('sb/web.3', 'deaf')
  await until(() => ofType('app.started').length === 1, 'the start')
  process.kill(launched()[0]?.pid ?? 0, 'SIGKILL')
  await until(() => exits().length === 1, 'the end')
  const [exit] = exits()
  assert.is(exit?.status, 9)
  assert.is(exit?.app, undefined)
  assert.ok((exit?.uptimeMs ?? -1) >= 0)
})

test('an end before any start has no uptime', async () => {
  launch('sb/web.4', 'vanish 9')
  await until(() => exits().length === 1, 'the end')
  assert.equal(story('sb/web.4'), ['knot.launched', 'knot.exited'])
  assert.is(exits()[0]?.uptimeMs, undefined)
  assert.is(exits()[0]?.status, 9 << 8)
})

test('a refusal is one fact, with the words of the step and the name of the error', async () => {
  launch('sb/web.5', 'refuse 4 2')
  await until(() => ofType('knot.refused').length === 1, 'the refusal')
  await new Promise(resolve => setTimeout(resolve, 20))
  assert.equal(story('sb/web.5'), ['knot.launched', 'knot.refused'])
  const [refused] = ofType('knot.refused')
  assert.is(refused?.step, 'taking step 4')
  assert.is(refused?.about, '/path/4')
  assert.is(refused?.code, 'ENOENT')
})

test('what cannot be prepared or executed is refused, and leaves nothing', async () => {
  knots.close()
  const before = readdirSync('/proc/self/fd').length
  const why = { step: 'evaluating', about: '/c.yaml', code: 'config' }
  knots = createKnots(fact => facts.push(fact), {
    ...options(),
    prepare: ({ instance }) =>
      instance === 'sb/a.0'
        ? { refused: why }
        : {
            plan: Buffer.alloc(0),
            argv: ['/no/knot'],
            about: index => ({ step: 'step', about: String(index) }),
          },
  })
  launch('sb/a.0', '')
  launch('sb/b.0', '')
  await until(() => ofType('knot.refused').length === 2, 'both refusals')
  assert.equal(
    ofType('knot.refused').map(({ step, about, code }) => ({ step, about, code })),
    // Nobody waits for an exec: that it failed is said like the failure of a step.
    [why, { step: 'step', about: '-2', code: 'ENOENT' }],
  )
  knots.forget('sb/b.0', 1)
  assert.equal(readdirSync(knotsDir), [])
  const now = readdirSync('/proc/self/fd').length
  assert.ok(now <= before + 2, `an epoll and an inotify: ${before}, then ${now}`)
})

test('what fails after its status file was made leaves none', async () => {
  const limit = (bytes: string): void => {
    execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}:`])
  }
  // A page of status is less than that, the plan is more.
  limit('8192')
  try {
    launch('sb/large.0', 'x'.repeat(100_000))
  } finally {
    limit('unlimited')
  }
  await until(() => ofType('knot.refused').length === 1, 'the refusal')
  const [refused] = ofType('knot.refused')
  assert.equal([refused?.step, refused?.code], ['keeping the plan in memory', 'EFBIG'])
  assert.equal(readdirSync(knotsDir), [])
  knots.forget('sb/large.0', 1)
})

test('two hundred start and are killed at once', async () => {
  const before = readdirSync('/proc/self/fd').length
  const names = Array.from({ length: 200 }, (_, index) => `sb/many.${index}`)
  for (const name of names) launch(name, 'stay')
  await until(() => ofType('app.started').length === 200, 'all to start')
  assert.is(knots.alive(), 200)
  for (const { pid } of launched()) process.kill(pid, 'SIGKILL')
  await until(() => exits().length === 200, 'all ends')
  for (const name of names)
    assert.equal(story(name), ['knot.launched', 'app.started', 'knot.exited'])
  assert.ok(exits().every(({ status }) => status === 9))
  assert.ok(ofType('app.started').every(({ pid }) => pid > 0))
  for (const name of names) knots.forget(name, 1)
  // Node closes something of its own now and then.
  const now = readdirSync('/proc/self/fd').length
  assert.ok(now <= before, `${before} descriptors, then ${now}`)
  assert.equal(proc.childrenOf(process.pid).filter(isZombie), [])
})

const isZombie = (pid: number) => proc.readStat(pid)?.state === 'Z'

test('what is left of a former life stays until it is forgotten, whatever follows it', async () => {
  launch('sb/again.0', 'run 0', 1)
  await until(() => exits().length === 1, 'the first end')
  launch('sb/again.0', 'run 0', 2)
  await until(() => exits().length === 2, 'the second end')
  assert.equal(readdirSync(knotsDir).sort(), ['sb:again.0@1', 'sb:again.0@2'])
  knots.forget('sb/again.0', 1)
  assert.equal(readdirSync(knotsDir), ['sb:again.0@2'])
})

test('one that ended unheard is kept, with its status, until it is forgotten', async () => {
  launch('sb/unheard.0', 'run 3', 7)
  await until(() => exits().length === 1, 'the end')
  const [found] = survey(knotsDir, '/m.yaml').knots
  assert.is(found?.state, 'zombie')
  const next = createKnots(fact => facts.push(fact), options())
  if (found !== undefined) {
    assert.equal(next.keep(found), { status: 2 << 8, keptBy: 'child' })
    // What has ended cannot be signalled, and is told by nobody else.
    const { instance, incarnation, pid } = found
    next.perform({ type: 'signal', instance, incarnation, pid, signal: 'SIGTERM' }, 0)
    assert.is(next.alive(), 0)
  }
  assert.equal(readdirSync(knotsDir), ['sb:unheard.0@7'])
  next.forget('sb/unheard.0', 7)
  assert.equal(readdirSync(knotsDir), [])
  assert.is(proc.readStat(found?.pid ?? 0), null, 'it is reaped')
  next.close()
  assert.is(exits().length, 1)
})

test('lines of unknown kind, torn lines and a file that is gone do no harm', async () => {
  launch('sb/odd.0', 'stay')
  await until(() => ofType('app.started').length === 1, 'the start')
  writeFileSync(join(knotsDir, 'sb:odd.0@1'), 'spoken 1 2 3\nexited x y z\nexi', { flag: 'a' })
  process.kill(launched()[0]?.pid ?? 0, 'SIGKILL')
  await until(() => exits().length === 1, 'the end')
  assert.equal([exits()[0]?.status, exits()[0]?.app], [9, undefined])
})

test.run()
