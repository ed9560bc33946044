/**
 * Goal: whatever fatal happens to the supervisor itself costs no container: the same process goes
 *   on as a new image, says why, and does not busy itself with crashing.
 * Method: the real commands; fatal signals from outside, and a preloaded file that throws, fills
 *   the heap or overflows the stack in the middle of a running supervisor.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { skipUnless } from '../skip.ts'
import { inputsOf, kill, runs, sleeper, supervised, until } from './supervised.ts'
import type { Supervised } from './supervised.ts'
import { canContain, whyNot } from './world.ts'

const real = skipUnless(canContain, whyNot)
const crasher = fileURLToPath(new URL('crasher.cjs', import.meta.url))

const quick = `${sleeper}restart-timeout: 0\n`

const starts = (self: Supervised) => inputsOf(self.turns(), 'tree.started')
const surveys = (self: Supervised) => inputsOf(self.turns(), 'tree.surveyed').length
const reasonOf = (self: Supervised): string => String(starts(self).at(-1)?.['reason'])

/** The same pids of supervisor, knot and application before and after; then it still supervises. */
const survives = async (self: Supervised, crash: () => void, reason: RegExp): Promise<void> => {
  const before = [self.tree().pid, self.knotOf('web/app.0'), self.appOf('web/app.0')]
  const count = surveys(self)
  crash()
  await until(`it has survived ${reason}`, () => surveys(self) > count)
  assert.ok(self.tree().isAlive())
  assert.match(reasonOf(self), reason)
  assert.equal(before, [self.tree().pid, self.knotOf('web/app.0'), self.appOf('web/app.0')])
}

const stillSupervises = async (self: Supervised): Promise<void> => {
  const app = self.appOf('web/app.0')
  kill(app)
  await until('what dies comes back', () => ![null, app].includes(self.appOf('web/app.0')))
  assert.is(inputsOf(self.turns(), 'knot.exited').at(-1)?.['app'], 9)
  await runs(self, 'web/app.0')
}

const withEnvironment = async (
  self: Supervised,
  more: Readonly<Record<string, string>>,
): Promise<string> => {
  const file = join(self.world.root, 'crash')
  const env = { NODE_OPTIONS: `--require ${crasher}`, LITHOS_TEST_CRASH: file, ...more }
  Object.assign(process.env, env)
  try {
    await self.start()
  } finally {
    for (const name of Object.keys(env)) delete process.env[name]
  }
  return file
}

real(
  'each fatal signal becomes a new image of the same process',
  supervised(async self => {
    self.configure({ app: { container: quick } })
    await self.start()
    await runs(self, 'web/app.0')
    const { pid } = self.tree()
    const signals = ['SIGSEGV', 'SIGABRT', 'SIGBUS', 'SIGILL', 'SIGFPE'] as const
    for (const [index, signal] of signals.entries()) {
      const reason = new RegExp(`^after a crash \\(${signal}\\), generation ${index + 1}$`)
      await survives(self, () => kill(pid, signal), reason)
    }
    const line = /started as pid \d+, after a crash \(SIGFPE\)/
    await until('the log says so, too', () => line.test(self.log('master.log')))
    await stillSupervises(self)
    await survives(self, () => kill(pid, 'SIGQUIT'), /^restarted in place \(SIGQUIT\)$/)
    assert.is(await self.stop(), 0)
    assert.equal(self.leftovers(), [])
  }),
)

real(
  'exceptions, rejections, an overflowing stack, a full heap: the journal says which',
  supervised(async self => {
    self.configure({ app: { container: quick } })
    const file = await withEnvironment(self, {})
    await runs(self, 'web/app.0')
    const modes = [
      ['throw', /^after a crash \(exception: Error: thrown on purpose\), generation 1$/],
      ['reject', /^after a crash \(exception: Error: rejected on purpose\), generation 2$/],
      ['overflow', /^after a crash \(exception: RangeError: Maximum call stack size exceeded\)/],
      ['abort', /^after a crash \(SIGABRT\), generation 4$/],
    ] as const
    for (const [mode, reason] of modes)
      await survives(self, () => writeFileSync(file, mode), reason)
    await stillSupervises(self)
    assert.is(await self.stop(), 0)
    assert.equal(self.leftovers(), [])
  }),
)

real(
  'out of memory: V8 says why, and nothing dies of it',
  supervised(async self => {
    self.configure({ app: { container: quick } })
    const heap = `--require ${crasher} --max-old-space-size=48`
    const file = await withEnvironment(self, { NODE_OPTIONS: heap })
    await runs(self, 'web/app.0')
    const crash = () => writeFileSync(file, 'heap')
    await survives(self, crash, /^after a crash \(SIGABRT: .*heap.*\), generation 1$/)
    await stillSupervises(self)
    assert.is(await self.stop(), 0)
    assert.equal(self.leftovers(), [])
  }),
)

real(
  'a crash at every start: pauses grow, containers run on, whoever asks is heard',
  supervised(async self => {
    self.configure({ app: { container: quick } })
    const file = await withEnvironment(self, {})
    await runs(self, 'web/app.0')
    const app = self.appOf('web/app.0')
    const first = starts(self).length
    writeFileSync(file, 'start segv')
    await until('it has crashed five times', () => starts(self).length >= first + 5)
    assert.is(self.appOf('web/app.0'), app)
    const times = starts(self)
      .slice(first)
      .map(({ mono }) => Number(mono))
    const gaps = times.slice(1).map((time, index) => time - (times[index] as number))
    // Pauses of 100, 200, 400 and 800 ms are before the second and later starts.
    for (const [index, gap] of gaps.slice(0, 4).entries())
      assert.ok(gap >= 100 * 2 ** index, `${gaps.join(', ')}`)
    assert.match(reasonOf(self), /generation [5-9]$/)
    rmSync(file)
    assert.ok(self.tree().isAlive())
    const count = surveys(self)
    kill(self.tree().pid, 'SIGQUIT')
    await until('it is over', () => surveys(self) > count)
    assert.is(self.appOf('web/app.0'), app)
    assert.is(await self.stop(), 0)
    assert.equal(self.leftovers(), [])
  }),
)

real(
  'a loop that does not come round: the watchdog makes a new image',
  supervised(async self => {
    self.configure({ app: { container: quick } })
    const file = await withEnvironment(self, { LITHOS_PATIENCE: '1' })
    await runs(self, 'web/app.0')
    writeFileSync(file, 'hang')
    await until('it will hang', () => !existsSync(file))
    await setTimeout(50)
    await survives(self, () => kill(self.tree().pid, 'SIGUSR2'), /^after a crash \(hung\)/)
    await stillSupervises(self)
    assert.is(await self.stop(), 0)
    assert.equal(self.leftovers(), [])
  }),
)

real(
  'what hangs before anything is heard of it is hung, too',
  supervised(async self => {
    self.configure({ app: { container: quick } })
    const file = await withEnvironment(self, { LITHOS_PATIENCE: '1' })
    await runs(self, 'web/app.0')
    writeFileSync(file, 'mute')
    await until('it will hang', () => !existsSync(file))
    await setTimeout(50)
    const app = self.appOf('web/app.0')
    kill(app)
    await until('it starts anew', () => reasonOf(self).startsWith('after a crash (hung)'))
    await until('what died comes back', () => ![null, app].includes(self.appOf('web/app.0')))
    assert.is(inputsOf(self.turns(), 'knot.exited').at(-1)?.['app'], 9)
    await runs(self, 'web/app.0')
    assert.is(await self.stop(), 0)
    assert.equal(self.leftovers(), [])
  }),
)

real(
  'stopped in the middle of its work and continued: nobody was hung, and every end is known',
  supervised(async self => {
    self.configure({ app: { container: quick } })
    const file = await withEnvironment(self, { LITHOS_PATIENCE: '3' })
    await runs(self, 'web/app.0')
    const { pid } = self.tree()
    const app = self.appOf('web/app.0')
    const count = starts(self).length
    // The watchdog is asleep by then: one that is in a second of its own begins anew with the next.
    await setTimeout(2_500)
    writeFileSync(file, 'busy')
    await until('it will be busy', () => !existsSync(file))
    await setTimeout(50)
    kill(pid, 'SIGUSR2')
    await until('it is busy', () => existsSync(`${file}.busy`))
    kill(pid, 'SIGSTOP')
    kill(app)
    // Longer than its patience; and when it goes on, it is still busy for a while.
    await setTimeout(4_500)
    assert.is(starts(self).length, count, 'it was stopped while it was busy')
    kill(pid, 'SIGCONT')
    await until('it comes back', () => ![null, app].includes(self.appOf('web/app.0')))
    await runs(self, 'web/app.0')
    assert.is(inputsOf(self.turns(), 'knot.exited').at(-1)?.['app'], 9)
    await until('it is a new image', () => starts(self).length > count)
    const reasons = starts(self).slice(count)
    assert.equal(
      reasons.map(({ reason }) => reason),
      ['restarted in place (SIGUSR2)'],
    )
    assert.is(readFileSync(`/proc/${pid}/comm`, 'utf8'), 'lithos_tree\n')
  }),
)

test.run()
