/**
 * Goal: whatever happens to the supervisor costs no container and no exit status, and its memory
 *   may be damaged without harm.
 * Method: the real commands on the real kernel, each test in a world of its own.
 */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { skipUnless } from '../skip.ts'
import { inputsOf, kill, run, runs, sleeper, supervised, until } from './supervised.ts'
import { canContain, whyNot } from './world.ts'

const real = skipUnless(canContain, whyNot)

real(
  'the supervisor dies: containers live on, and what ended meanwhile is known',
  supervised(async self => {
    self.configure({ app: { container: sleeper, instances: 2 } })
    await self.start()
    await runs(self, 'web/app.0', 'web/app.1')
    const before = [self.knotOf('web/app.0'), self.appOf('web/app.1')]
    kill(self.tree().pid)
    await self.tree().ended
    await setTimeout(50)
    assert.is(self.knotOf('web/app.0'), before[0])
    assert.is(self.ps()[0]?.state, 'running', 'ps tells it without a supervisor')
    kill(before[1] as number)
    await until('it is gone', () => self.knotOf('web/app.1') === null)
    await self.start()
    await until('it runs again', () => ![null, before[1]].includes(self.appOf('web/app.1')))
    assert.is(self.knotOf('web/app.0'), before[0], 'adopted, not started again')
    const [end] = inputsOf(self.turns(), 'knot.exited')
    assert.is(end?.['app'], 9, 'the exit status was kept')
    kill(self.appOf('web/app.0'))
    await until(
      'a stranger is supervised like a child',
      () => ![null, before[0]].includes(self.knotOf('web/app.0')),
    )
    assert.is(await self.stop(), 0)
    assert.equal(self.leftovers(), [])
  }),
)

real(
  'restart in place: same pid, containers untouched, new configuration',
  supervised(async self => {
    self.configure({ app: { container: sleeper }, old: { container: sleeper } })
    await self.start()
    await runs(self, 'web/app.0', 'web/old.0')
    const [pid, app] = [self.tree().pid, self.appOf('web/app.0')]
    for (const signal of ['SIGQUIT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const) {
      const count = inputsOf(self.turns(), 'tree.surveyed').length
      kill(pid, signal)
      await until(
        `${signal} has done it`,
        () => inputsOf(self.turns(), 'tree.surveyed').length > count,
      )
    }
    self.configure({ app: { container: sleeper }, more: { container: sleeper } })
    kill(pid, 'SIGQUIT')
    await runs(self, 'web/more.0')
    await until('what is not wanted any more is gone', () => self.knotOf('web/old.0') === null)
    assert.ok(self.tree().isAlive())
    assert.is(self.appOf('web/app.0'), app)
    assert.is(readFileSync(`/proc/${pid}/comm`, 'utf8'), 'lithos_tree\n')
  }),
)

real(
  'a storm of signals while it restarts loses nobody and ends nothing',
  supervised(async self => {
    self.configure({ app: { container: sleeper, instances: 2 } })
    await self.start()
    await runs(self, 'web/app.0', 'web/app.1')
    const { pid } = self.tree()
    const before = [self.appOf('web/app.0'), self.appOf('web/app.1')]
    const signals = ['SIGQUIT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const
    for (let sent = 0; sent < 100; sent++) {
      process.kill(pid, signals[sent % 4])
      // For a moment Node has cut the first words of the title into the name.
      assert.match(readFileSync(`/proc/${pid}/comm`, 'utf8'), /^lithos_tree( --c)?\n$/)
      await setTimeout(7)
    }
    await until('it serves again', () => {
      const types = self.turns().flatMap(({ inputs }) => inputs.map(({ type }) => type))
      return types.lastIndexOf('config.loaded') > types.lastIndexOf('tree.started')
    })
    assert.ok(self.tree().isAlive())
    assert.equal([self.appOf('web/app.0'), self.appOf('web/app.1')], before)
    assert.is(await self.stop(), 0)
    assert.equal(self.leftovers(), [])
  }),
)

real(
  'a damaged journal is set aside, and what runs is found all the same',
  supervised(async self => {
    self.configure({ app: { container: sleeper } })
    await self.start()
    await runs(self, 'web/app.0')
    const app = self.appOf('web/app.0')
    const file = join(self.world.root, 'run/journal/hot.log')
    for (const change of ['torn', 'flipped', 'gone'] as const) {
      kill(self.tree().pid)
      await self.tree().ended
      const text = readFileSync(file, 'utf8')
      if (change === 'torn') appendFileSync(file, text.slice(0, 40))
      if (change === 'flipped') writeFileSync(file, text.replace('"pid":', '"qid":'))
      if (change === 'gone') writeFileSync(file, '')
      const count = inputsOf(self.turns(), 'knot.adopted').length
      await self.start()
      await until('it is adopted', () => inputsOf(self.turns(), 'knot.adopted').length > count)
      assert.is(self.appOf('web/app.0'), app, change)
    }
    assert.ok(existsSync(join(self.world.root, 'run/journal/hot.damaged-1')))
    const verified = run('lithos', 'journal', 'verify', '-C', self.world.master)
    assert.is(verified.status, 1, 'what was set aside is a finding until somebody removes it')
    assert.match(verified.stdout, /hot\.damaged-1:1: damage: a start found this journal damaged/)
    await until('it is known as running', () => self.ps()[0]?.state === 'running')
    assert.is(await self.stop(), 0)
    assert.equal(self.leftovers(), [])
  }),
)

test.run()
