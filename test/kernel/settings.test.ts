/**
 * Goal: a supervisor that is told to restart in place never goes away over its own configuration
 *   or a journal nobody can read, and what cannot be started is no storm.
 * Method: the real commands on the real kernel, each test in a world of its own.
 */
import { readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import * as assert from 'uvu/assert'
import { test } from 'uvu'
import { skipUnless } from '../skip.ts'
import { damage, inputsOf, kill, runs, sleeper, supervised, until } from './supervised.ts'
import { canContain, whyNot } from './world.ts'

const real = skipUnless(canContain, whyNot)

real(
  'settings that a new image could not start with leave the old ones in force',
  supervised(async self => {
    self.configure({ app: { container: sleeper } })
    await self.start()
    await runs(self, 'web/app.0')
    const { master, root } = self.world
    const [pid, app, good] = [self.tree().pid, self.appOf('web/app.0'), readFileSync(master)]
    const bad: readonly (readonly [(text: string) => string, RegExp])[] = [
      [() => 'runtime-dir: [', /master\.yaml:1:15: not YAML/],
      [text => `${text}no-such-key: 1\n`, /no-such-key/],
      [text => text.replace(`${root}/dev`, `${root}/nowhere`), /Devfs dir .* must exist/],
      [text => text.replace(`${root}/run`, `${root}/a/b/c`), /runtime-dir cannot change from/],
      [text => `${text}cgroup-controllers: [nothing]\n`, /CGroup nothing not mounted/],
    ]
    const refused = () => inputsOf(self.turns(), 'exec.refused')
    for (const [index, [change, reason]] of bad.entries()) {
      damage(master, change)
      self.configure({ app: { container: sleeper }, [`new${index}`]: { container: sleeper } })
      kill(pid, 'SIGQUIT')
      await until('it was refused', () => refused().length > index)
      assert.match(String(refused()[index]?.['reasons']), reason)
      writeFileSync(master, good)
      await runs(self, `web/new${index}.0`)
    }
    const told = /did not restart in place and keeps its settings/
    await until('the log says so', () => told.test(self.log('master.log')))
    assert.is(self.appOf('web/app.0'), app)
    kill(pid, 'SIGQUIT')
    await until('it restarts', () => inputsOf(self.turns(), 'tree.surveyed').length === 2)
    assert.ok(self.tree().isAlive())
    assert.is(self.appOf('web/app.0'), app)
    assert.is(await self.stop(), 0)
    assert.equal(self.leftovers(), [])
  }),
)

real(
  'a journal that is a link to itself, and an archive that is a file, stop no start',
  supervised(async self => {
    writeFileSync(join(self.world.root, 'log/journal'), 'no directory')
    self.configure({ app: { container: sleeper } })
    await self.start()
    await runs(self, 'web/app.0')
    const app = self.appOf('web/app.0')
    kill(self.tree().pid)
    await self.tree().ended
    const hot = join(self.world.root, 'run/journal/hot.log')
    rmSync(hot)
    symlinkSync('hot.log', hot)
    await self.start()
    assert.is(inputsOf(self.turns(), 'knot.adopted').length, 1)
    assert.is(self.appOf('web/app.0'), app)
    await until('it is said', () =>
      /the archive .* cannot be written: not a directory/.test(self.log('master.log')),
    )
    assert.is(await self.stop(), 0)
  }),
)

real(
  'what cannot be started is tried again without a storm, also with restart-timeout 0',
  supervised(async self => {
    self.configure({
      app: { container: `${sleeper}restart-timeout: 0\nvolumes:\n  /missing: !Tmpfs {}\n` },
    })
    await self.start()
    const refused = () => inputsOf(self.turns(), 'knot.refused').map(({ mono }) => Number(mono))
    await until('it was tried twice', () => refused().length >= 2)
    await setTimeout(1_000)
    const [, second = 0, ...more] = refused()
    const soon = more.filter(mono => mono < second + 1_000).length
    assert.ok(soon <= 10, `${soon} starts a second`)
  }),
)

test.run()
