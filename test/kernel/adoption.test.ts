/**
 * Goal: what was pending when the supervisor died goes on after it; what looks like a container of
 *   ours and is none is left alone; what the original lithos has left is taken over.
 * Method: the real commands; journals that are rewritten between two lives; a stand-in for the
 *   knot of the original.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { skipUnless } from '../skip.ts'
import { compile } from './compile.ts'
import { rewrite } from './rewrite.ts'
import { inputsOf, kill, runs, sleeper, supervised, until } from './supervised.ts'
import type { Supervised } from './supervised.ts'
import { canContain, whyNot } from './world.ts'

const real = skipUnless(canContain, whyNot)

const hotLog = (self: Supervised) => join(self.world.root, 'run/journal/hot.log')
const exits = (self: Supervised) => inputsOf(self.turns(), 'knot.exited')
const effects = (self: Supervised, type: string) =>
  self
    .turns()
    .flatMap(turn => turn.effects)
    .filter(effect => effect.type === type)

const die = async (self: Supervised): Promise<void> => {
  kill(self.tree().pid)
  await self.tree().ended
}

const deaf = 'executable: /bin/guest\narguments: [hear-term, sleep]\nkill-timeout: 2\n'

/** The supervisor, then its only container: its pid. */
const bothDie = async (self: Supervised): Promise<number | null> => {
  self.configure({ app: { container: sleeper } })
  await self.start()
  await runs(self, 'web/app.0')
  const knot = self.knotOf('web/app.0')
  await die(self)
  kill(knot)
  return knot
}

real(
  'a kill time-out that was pending is kept, by the knot, and by us where the knot is stuck',
  supervised(async self => {
    self.configure({ app: { container: deaf }, stuck: { container: deaf } })
    await self.start()
    await runs(self, 'web/app.0', 'web/stuck.0')
    kill(self.knotOf('web/stuck.0'), 'SIGSTOP')
    self.configure({})
    kill(self.tree().pid, 'SIGQUIT')
    await until('both are told to stop', () => effects(self, 'signal').length >= 2)
    const toldAt = Number(effects(self, 'armTimer').find(({ timer }) => timer === 'kill')?.['due'])
    await die(self)
    assert.type(self.knotOf('web/app.0'), 'number')
    await self.start()
    await until('both have ended', () => exits(self).length === 2)
    const end = (name: string) => exits(self).find(({ instance }) => instance === name)
    assert.is(end('web/app.0')?.['app'], 9, 'its knot has killed it')
    assert.is(end('web/stuck.0')?.['status'], 9, 'we have killed its knot')
    assert.ok(Number(end('web/stuck.0')?.['mono']) >= toldAt - 1, 'not sooner than was said')
    assert.is(await self.stop(), 0)
    assert.equal(self.leftovers(), [])
  }),
)

real(
  'a restart that had to wait goes on waiting, no longer and not anew',
  supervised(async self => {
    self.configure({ app: { container: `${sleeper}restart-timeout: 3\n` } })
    await self.start()
    await runs(self, 'web/app.0')
    kill(self.appOf('web/app.0'))
    await until('it waits', () =>
      effects(self, 'armTimer').some(({ timer }) => timer === 'restart'),
    )
    const due = effects(self, 'armTimer').find(({ timer }) => timer === 'restart')?.['due']
    await die(self)
    await self.start()
    await until('it is started', () => inputsOf(self.turns(), 'knot.launched').length === 2)
    const [, launch] = inputsOf(self.turns(), 'knot.launched')
    const [elapsed] = inputsOf(self.turns(), 'timer.elapsed')
    assert.ok(Number(launch?.['mono']) >= Number(due) - 1)
    assert.ok(Number(elapsed?.['mono']) < Number(due) + 2_500, 'and not three seconds more')
    assert.is(exits(self).length, 1)
  }),
)

real(
  'a process that has got the pid of a knot is not taken for it, and never signalled',
  supervised(async self => {
    const knot = await bothDie(self)
    await until('it is gone', () => self.knotOf('web/app.0') === null)
    const stranger = spawn('sleep', ['600'])
    try {
      const pid = String(stranger.pid)
      rewrite(hotLog(self), json => json.replaceAll(`"pid":${knot}`, `"pid":${pid}`))
      const files = join(self.world.root, 'run/knots')
      for (const name of readdirSync(files)) {
        const text = readFileSync(join(files, name), 'utf8')
        writeFileSync(join(files, name), text.replace(`pid ${knot} `, `pid ${pid} `))
      }
      await self.start()
      await runs(self, 'web/app.0')
      assert.equal(
        exits(self).map(({ pid, keptBy }) => [String(pid), keptBy]),
        [[pid, 'nobody']],
      )
      assert.equal(inputsOf(self.turns(), 'knot.adopted'), [])
      assert.is(await self.stop(), 0)
      assert.is(stranger.signalCode, null)
      assert.is(stranger.exitCode, null)
    } finally {
      stranger.kill('SIGKILL')
    }
  }),
)

real(
  'after a reboot nothing has ended: it starts as for the first time',
  supervised(async self => {
    const knot = await bothDie(self)
    // Also its zombie: of an earlier boot nothing is left.
    await until('it is gone', () => !existsSync(`/proc/${knot}`))
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    rewrite(hotLog(self), json => json.replaceAll(boot, '00000000-0000-4000-8000-000000000000'))
    await self.start()
    await runs(self, 'web/app.0')
    assert.equal(exits(self), [])
    assert.equal(inputsOf(self.turns(), 'knot.adopted'), [])
    assert.is(self.ps()[0]?.restarts, 0)
    assert.is(await self.stop(), 0)
    assert.equal(self.leftovers(), [])
  }),
)

/** In a pid namespace of its own, as the original makes it; `more`: options of its supervisor. */
const startOriginal = (
  self: Supervised,
  program: string,
  name: string,
  config: string,
  more: readonly string[] = [],
): ChildProcess => {
  const words = ['--name', name, '--master', self.world.master, '--config', config, ...more]
  return spawn('unshare', ['--pid', '--fork', '--kill-child', program, ...words])
}

real(
  'knots of the original: kept where nothing has changed, ended otherwise, by force if need be',
  supervised(async self => {
    const { root } = self.world
    const [willing, stubborn] = [join(root, 'a', 'lithos_knot'), join(root, 'b', 'lithos_knot')]
    self.configure({ app: { container: sleeper }, other: { container: sleeper } })
    await self.start()
    await runs(self, 'web/app.0', 'web/other.0')
    const words = readFileSync(`/proc/${self.knotOf('web/app.0')}/cmdline`, 'utf8').split('\0')
    const config = words[words.indexOf('--config') + 1] as string
    assert.is(await self.stop(), 0)
    for (const [path, ...flags] of [[willing], [stubborn, '-DDEAF']] as const) {
      mkdirSync(dirname(path))
      compile('original.c', path, '-static', ...flags)
    }
    const children = [
      startOriginal(self, willing, 'web/app.0', config, ['--log-stderr', '--log-level', 'info']),
      startOriginal(self, willing, 'web/other.0', '{"changed":true}'),
      startOriginal(self, stubborn, 'web/gone.0', '{}'),
    ]
    try {
      const names = ['web/app.0', 'web/other.0', 'web/gone.0']
      await until('they run', () => names.every(name => self.knotOf(name) !== null))
      const kept = self.knotOf('web/app.0')
      const count = exits(self).length
      await self.start()
      const adopted = inputsOf(self.turns(), 'knot.adopted').filter(({ foreign }) => foreign)
      assert.equal(adopted.map(({ instance }) => instance).toSorted(), names.toSorted())
      await until('the changed one is ours now', () => self.appOf('web/other.0') !== null)
      await until('the unwanted one is gone', () => self.knotOf('web/gone.0') === null)
      assert.is(self.knotOf('web/app.0'), kept)
      kill(kept)
      await until('ours follows it', () => ![null, kept].includes(self.knotOf('web/app.0')))
      const ends = () => exits(self).slice(count)
      const statusOf = (name: string) =>
        ends().find(({ instance }) => instance === name)?.['status']
      await until('all ends are told', () => names.every(name => statusOf(name) !== undefined))
      assert.equal(names.map(statusOf), [9, 0, 9], JSON.stringify(ends()))
      assert.is(await self.stop(), 0)
    } finally {
      for (const child of children) child.kill('SIGKILL')
    }
  }),
)

test.run()
