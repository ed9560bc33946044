/**
 * Goal: however many die at once, and however little the supervisor may run, each end is told once
 *   and as it was, everything comes back, and a supervisor that is only slow is not taken for hung.
 * Method: a sandbox of many instances; each application is sent one of several signals, all in one
 *   loop; then the journal is counted. Once the supervisor may use a twentieth of a processor.
 */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { skipUnless } from '../skip.ts'
import { killIfThere } from './serving.ts'
import { inputsOf, kill, sleeper, supervised, until } from './supervised.ts'
import type { Supervised } from './supervised.ts'
import { canContain, whyNot } from './world.ts'

const real = skipUnless(canContain, whyNot)
const processorGroups = '/sys/fs/cgroup/cpu'
const starved = skipUnless(
  canContain && existsSync(join(processorGroups, 'cpu.cfs_quota_us')),
  'needs the cpu hierarchy of cgroup v1',
)

const numbers = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGUSR1: 10, SIGTERM: 15 } as const
const signals = Object.keys(numbers) as (keyof typeof numbers)[]

const namesOf = (count: number) => Array.from({ length: count }, (_, index) => `web/app.${index}`)

/** How often each life was told to have started, by instance and incarnation. */
const livesIn = (self: Supervised, type: string): ReadonlyMap<string, readonly unknown[]> => {
  const lives = new Map<string, unknown[]>()
  for (const input of inputsOf(self.turns(), type)) {
    const life = `${input['instance']}@${input['incarnation']}`
    lives.set(life, [...(lives.get(life) ?? []), input['app']])
  }
  return lives
}

const started = (self: Supervised) => livesIn(self, 'app.started').size

/** Kills them all, and returns how each life has to be told of. */
const killAll = (self: Supervised, names: readonly string[]): ReadonlyMap<string, number> => {
  const incarnations = new Map(
    inputsOf(self.turns(), 'app.started').map(({ instance, incarnation }) => [
      String(instance),
      Number(incarnation),
    ]),
  )
  const victims = names.map((name, index) => {
    const signal = signals[index % signals.length] as keyof typeof numbers
    return { life: `${name}@${incarnations.get(name)}`, pid: self.appOf(name), signal }
  })
  for (const { pid, signal } of victims) kill(pid, signal)
  return new Map(victims.map(({ life, signal }) => [life, numbers[signal]]))
}

const eachToldOnce = (self: Supervised, expected: ReadonlyMap<string, number>): void => {
  const told = livesIn(self, 'knot.exited')
  assert.equal(
    [...told].toSorted(),
    [...expected].map(([life, status]) => [life, [status]]).toSorted(),
  )
  const living = new Set(namesOf(expected.size).map(name => self.appOf(name)))
  assert.not(living.has(null))
  assert.is(living.size, expected.size, 'one application each')
}

const many = Number(process.env['LITHOS_TEST_MANY']) || 150

real(
  `${many} die at once: each end is told once and as it was, and all of them come back`,
  supervised(async self => {
    self.configure({ app: { container: sleeper, instances: many } })
    await self.start()
    await until('all run', () => started(self) === many)
    const expected = killAll(self, namesOf(many))
    await until('all run again', () => started(self) === 2 * many)
    eachToldOnce(self, expected)
    assert.is(inputsOf(self.turns(), 'tree.started').length, 1)
    assert.is(await self.stop(), 0)
    assert.equal(self.leftovers(), [])
  }),
)

real(
  'they die while nobody supervises, and again while the next one begins',
  supervised(async self => {
    const count = 30
    self.configure({ app: { container: sleeper, instances: count } })
    await self.start()
    await until('all run', () => started(self) === count)
    kill(self.tree().pid)
    await self.tree().ended
    const expected = killAll(self, namesOf(count).slice(0, count / 2))
    const starting = self.start()
    const more = killAll(self, namesOf(count).slice(count / 2))
    await starting
    await until('all run again', () => started(self) === 2 * count)
    eachToldOnce(self, new Map([...expected, ...more]))
    assert.is(await self.stop(), 0)
    assert.equal(self.leftovers(), [])
  }),
)

starved(
  'a supervisor that gets hardly any processor is slow, loses nothing and is not hung',
  supervised(async self => {
    const count = 30
    const group = join(processorGroups, `lithos-test-${process.pid}`)
    const set = (name: string, value: number) => writeFileSync(join(group, name), String(value))
    self.configure({ app: { container: sleeper, instances: count } })
    process.env['LITHOS_PATIENCE'] = '1'
    try {
      await self.start()
    } finally {
      delete process.env['LITHOS_PATIENCE']
    }
    await until('all run', () => started(self) === count)
    mkdirSync(group)
    try {
      // Runs for a few milliseconds, then not for two thirds of a second.
      set('cpu.cfs_period_us', 1_000_000)
      set('cpu.cfs_quota_us', 20_000)
      set('cgroup.procs', self.tree().pid)
      const expected = killAll(self, namesOf(count))
      await setTimeout(4_000)
      set('cpu.cfs_quota_us', -1)
      await until('all run again', () => started(self) === 2 * count)
      eachToldOnce(self, expected)
      assert.is(inputsOf(self.turns(), 'tree.started').length, 1, 'no watchdog')
      assert.is(await self.stop(), 0)
    } finally {
      // Whatever has been started meanwhile is in it, too.
      killAllIn(group)
      await until('the group is empty', () => isRemoved(group))
    }
  }),
)

const killAllIn = (group: string): void => {
  for (const pid of readFileSync(join(group, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean))
    killIfThere(Number(pid))
}

const isRemoved = (group: string): boolean => {
  try {
    rmdirSync(group)
    return true
  } catch {
    return false
  }
}

test.run()
