/**
 * Goal: whatever became of the supervisor before, what it launched is found, and no end is
 * lost.
 * Method: a supervisor in a process of its own launches stand-ins and is killed; a second one,
 * which is not their parent, surveys and adopts.
 */
import { spawn as spawnProcess } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { closeSync, openSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { stamp } from '../../actors/clock.ts'
import { createKnots } from '../../actors/knots.ts'
import type { Knots } from '../../actors/knots.ts'
import type { Input, InputOf } from '../../machines/vocabulary.ts'
import { memoryFile } from '../../native/files.ts'
import * as pidfd from '../../native/pidfd.ts'
import * as proc from '../../native/proc.ts'
import { spawn } from '../../native/spawn.ts'
import { survey } from '../../native/survey.ts'
import type { Found } from '../../native/survey.ts'
import { openWorkshop, until } from '../native/standIn.ts'
import type { Workshop } from '../native/standIn.ts'

const master = '/etc/lithos-test/master.yaml'
let workshop: Workshop
let knotsDir = ''
let former: ChildProcess | null = null
let knots: Knots
let facts: Input[] = []
/** Children of this process, which no survey finds in every case. */
const children: pidfd.Pidfd[] = []

test.before(() => {
  workshop = openWorkshop()
})
test.after(() => workshop.close())
test.before.each(() => {
  knotsDir = join(workshop.dir, 'knots')
  facts = []
  knots = createKnots(fact => facts.push(fact), {
    stamp,
    knotsDir,
    env: [],
    prepare: () => ({ refused: { step: 'nothing', about: 'here', code: 'is launched' } }),
  })
})
test.after.each(async () => {
  former?.kill('SIGKILL')
  for (const child of children.splice(0)) {
    pidfd.signal(child, 'SIGKILL')
    await until(() => E.isRight(pidfd.wait(child, false)), 'its end')
    pidfd.close(child)
  }
  for (const found of look()) {
    if (found.pidfd === null) continue
    pidfd.signal(found.pidfd, 'SIGKILL')
    pidfd.close(found.pidfd)
  }
  await until(() => look().every(({ state }) => state !== 'alive'), 'all to end')
  knots.close()
  rmSync(knotsDir, { recursive: true, force: true })
})

const look = (): readonly Found[] => {
  const { knots: found } = survey(knotsDir, master)
  return found.toSorted((a, b) => a.instance.localeCompare(b.instance))
}

const runFormerTree = async (...launches: string[]): Promise<void> => {
  const script = join(import.meta.dirname ?? '', 'formerTree.ts')
  const words = ['--import=tsx', script, workshop.standIn, knotsDir, master, ...launches]
  const child = spawnProcess(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  former = child
  let isRunning = false
  child.stdout?.on('data', () => (isRunning = true))
  await until(() => isRunning, 'the former supervisor')
}

const killFormerTree = async (): Promise<void> => {
  const child = former
  if (child === null) return
  child.kill('SIGKILL')
  await until(() => child.signalCode !== null, 'its death')
}

const exits = () =>
  facts.filter((fact): fact is InputOf<'knot.exited'> => fact.type === 'knot.exited')

test('the living are found after their parent has died, adopted, their ends told', async () => {
  await runFormerTree('sb/web.0=stay', 'sb/web.1=deaf')
  await killFormerTree()
  const found = look()
  assert.equal(
    found.map(({ instance, incarnation, state, foreign, config, spec }) => ({
      instance,
      incarnation,
      state,
      foreign,
      config,
      spec,
    })),
    ['sb/web.0', 'sb/web.1'].map((instance, index) => ({
      instance,
      incarnation: index + 1,
      state: 'alive',
      foreign: false,
      config: `{"n":${index}}`,
      spec: 'abc',
    })),
  )
  const [first, second] = found
  for (const knot of found) {
    assert.is(proc.readStat(knot.appPid ?? 0)?.parent, knot.pid)
    assert.ok(Math.abs(stamp().mono - knot.bornAt) < 60_000, 'born within this minute')
    assert.is.not(proc.readStat(knot.pid)?.parent, process.pid)
    knots.adopt(knot)
  }
  const { instance = '', incarnation = 0, pid = 0 } = first ?? {}
  knots.perform({ type: 'signal', instance, incarnation, pid, signal: 'SIGTERM' }, 0)
  process.kill(second?.pid ?? 0, 'SIGKILL')
  await until(() => exits().length === 2, 'both ends')
  const [term, kill] = exits().toSorted((a, b) => a.incarnation - b.incarnation)
  assert.equal([term?.status, term?.app, term?.keptBy], [0, 15, 'kernel'])
  assert.equal([kill?.status, kill?.app, kill?.keptBy], [9, undefined, 'kernel'])
  assert.ok((kill?.uptimeMs ?? -1) >= 0)
})

test('those that ended while nobody was there: the file has kept how', async () => {
  await runFormerTree('sb/web.0=stay', 'sb/web.1=stay', 'sb/web.2=stay')
  await killFormerTree()
  const before = look()
  for (const { pidfd: held } of before) if (held !== null) pidfd.close(held)
  process.kill(before[0]?.pid ?? 0, 'SIGTERM')
  process.kill(before[1]?.pid ?? 0, 'SIGKILL')
  const isReaped = (pid = 0) => proc.readStat(pid) === null
  await until(() => isReaped(before[0]?.pid) && isReaped(before[1]?.pid), 'init to reap them')
  const found = look()
  assert.equal(
    found.map(({ state }) => state),
    ['gone', 'gone', 'alive'],
  )
  assert.is(found[0]?.kept.exited?.status, 15)
  assert.is(found[1]?.kept.exited, null)
  for (const knot of found) knots.adopt(knot)
  await until(() => exits().length === 2, 'both ends')
  const [term, kill] = exits()
  assert.equal([term?.status, term?.app, term?.keptBy], [null, 15, 'status file'])
  assert.equal([kill?.status, kill?.app, kill?.keptBy], [null, undefined, 'nobody'])
  knots.forget('sb/web.0', 1)
  knots.forget('sb/web.1', 2)
  assert.equal(readdirSync(knotsDir), ['sb:web.2@3'])
})

test('adopted under another number it is still read from its own file', async () => {
  await runFormerTree('sb/web.0=stay')
  await killFormerTree()
  for (const knot of look()) knots.adopt({ ...knot, incarnation: 99 })
  const signal = { type: 'signal', instance: 'sb/web.0', pid: 0, signal: 'SIGTERM' } as const
  knots.perform({ ...signal, incarnation: 99 }, 0)
  await until(() => exits().length === 1, 'the end')
  assert.equal([exits()[0]?.incarnation, exits()[0]?.app], [99, 15])
  knots.forget('sb/web.0', 99)
  assert.equal(readdirSync(knotsDir), [])
})

test('a life that nobody watches is forgotten by its file', async () => {
  await runFormerTree('sb/web.0=run 0')
  await killFormerTree()
  const [found] = look()
  if (found?.pidfd != null) pidfd.close(found.pidfd)
  knots.forget('sb/web.0', 1)
  assert.equal(readdirSync(knotsDir), [])
})

test('knots of the original are found by their arguments, those of others left out', async () => {
  const nowhere = openSync('/dev/null', 'r+')
  const started: number[] = []
  const start = (...words: string[]): number => {
    const plan = memoryFile('plan', Buffer.from('stay'))
    assert.ok(E.isRight(plan))
    const child = spawn({
      path: workshop.standIn,
      argv: words,
      env: [],
      fds: new Map([0, 1, 2, 3, 4].map(fd => [fd, fd === 3 ? plan.right : nowhere])),
      namespaces: ['pid'],
    })
    closeSync(plan.right)
    assert.ok(E.isRight(child))
    children.push(child.right.pidfd)
    started.push(child.right.pid)
    return child.right.pid
  }
  const argv = (name: string, file = master) => ['--name', name, '--master', file, '--config', '{}']
  const old = start('/usr/bin/lithos_knot', ...argv('sb/old.0'))
  const more = start('lithos_knot', ...argv('sb/old.1'), '--log-stderr')
  const sloppy = start(
    'lithos_knot',
    ...argv('sb/old.2', `/etc/lithos-test/../lithos-test/master.yaml`),
  )
  start('lithos_knot', ...argv('sb/other.0', '/etc/other.yaml'))
  start('lithos_knot', ...argv('sb/cmd.migrate.4711'))
  start('lithos_knob', ...argv('sb/no.0'))
  // Their words can be seen a moment after their exec only.
  for (const pid of started)
    await until(() => (proc.commandLine(pid)?.length ?? 0) > 0, `the words of ${pid}`)
  const { knots: found, commands } = survey(knotsDir, master)
  assert.equal(
    found.map(({ instance, pid, foreign, incarnation, state }) => [
      instance,
      pid,
      foreign,
      incarnation,
      state,
    ]),
    [
      ['sb/old.0', old, true, 0, 'alive'],
      ['sb/old.1', more, true, 0, 'alive'],
      ['sb/old.2', sloppy, true, 0, 'alive'],
    ],
  )
  assert.equal([...commands], ['sb/cmd.migrate.4711'])
  for (const { pidfd: other } of found) if (other !== null) pidfd.close(other)
  closeSync(nowhere)
})

test.run()
