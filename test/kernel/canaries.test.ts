/**
 * Goal: a secret is in no other place than the environment of its application, or its file.
 * Method: a tree on the real kernel with canaries as secrets. Every file of it, every process of
 * the host, all that the commands say and the memory of the tree and its knots are searched; the
 * search itself has to find a canary that was planted.
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { allPids, commandLine, readStat } from '../../native/proc.ts'
import { keyA } from '../src/secrets/keys.ts'
import { skipUnless } from '../skip.ts'
import { descriptorsOf, filesBelow, hasInMemory, textOf } from './canary.ts'
import { giveKey, guest, journalOf, refusals, sealed } from './secretWorld.ts'
import { kill, run, runs, supervised, until } from './supervised.ts'
import type { Supervised } from './supervised.ts'
import { canContain, whyNot } from './world.ts'

const contained = skipUnless(canContain, whyNot)

/** Of this run: on one host there may be two. */
const searched = `canary-${randomBytes(4).toString('hex')}-`
/** Short ones as well: V8 keeps small arrays elsewhere than large ones. */
const canaries = {
  VARIABLE: `${searched}of-a-variable`,
  AGAIN: `${searched}of-one-that-is-started-again-in-its-container`,
  LONG: `${searched}that-is-long${'-and-longer'.repeat(50)}`,
  token: `${searched}of-a-file`,
}
/** What was never encrypted is known to who reads the configuration, but is in no journal. */
const forgotten = 'hunter2-in-the-clear'

contained(
  'S34: a canary stands in the environment of its application, or its file, and nowhere else',
  supervised(async self => {
    const secret = (name: keyof typeof canaries): string =>
      `{${name}: ${sealed(keyA, canaries[name])}}\n`
    mkdirSync(join(self.world.root, 'images/img/run/secrets'), { recursive: true })
    self.configure({
      app: { instances: 3, container: `${guest('sleep')}secret-environ: ${secret('VARIABLE')}` },
      long: { container: `${guest('sleep')}secret-environ: ${secret('LONG')}` },
      file: { container: `${guest('sleep')}secret-files: ${secret('token')}` },
      again: {
        container:
          `${guest('sleep')}secret-environ: ${secret('AGAIN')}` +
          'restart-process-only: true\nrestart-timeout: 0\n',
      },
      // Twice, and then no more: whoever is being launched has it in the memory of the supervisor.
      crash: {
        container:
          `${guest('kill=11')}secret-environ: ${secret('VARIABLE')}restart-timeout: 0\n` +
          'intensity: {restarts: 1, period: 600, retry: 3600}\n',
      },
      bad: { container: `${guest('sleep')}secret-environ: {X: ${forgotten}}\n` },
    })
    giveKey(self)
    await self.start()
    const instances = ['app.0', 'app.1', 'app.2', 'long.0', 'file.0', 'again.0']
    await runs(self, ...instances.map(name => `web/${name}`))
    const isGivenUp = (effect: { readonly type: string; readonly [key: string]: unknown }) =>
      effect.type === 'armTimer' && effect['timer'] === 'retry'
    await until('one has crashed and is given up', () =>
      self.turns().some(({ effects }) => effects.some(isGivenUp)),
    )
    await until('one was refused', () => refusals(self).length > 0)
    kill(self.appOf('web/again.0'))
    await until('it runs again', () => hasEnviron(self, 'web/again.0', canaries.AGAIN))
    assert.ok(hasEnviron(self, 'web/app.2', canaries.VARIABLE))
    assert.ok(hasEnviron(self, 'web/long.0', canaries.LONG))

    const knots = new Map([...instances].map(name => [name, self.knotOf(`web/${name}`)!] as const))
    // That of `again` has to keep its plan, in a memory that only root can read.
    const forgetful = [...knots].filter(([name]) => name !== 'again.0').map(([, pid]) => pid)
    assert.equal(placesIn(self, [self.tree().pid, ...forgetful]), [])
    assert.ok(hasInMemory(knots.get('again.0')!, searched), 'the search finds what is there')
    for (const pid of [self.tree().pid, ...knots.values()])
      assert.not.match(descriptorsOf(pid).join('\n'), 'memfd:plan')

    assert.not.match(journalOf(self) + self.log('master.log'), forgotten)

    const planted = join(self.world.root, 'run/state/planted')
    writeFileSync(planted, `x${canaries.VARIABLE}`)
    assert.equal(placesIn(self, []), [planted])
    await self.stop()
    assert.equal(placesIn(self, []), [planted])
  }),
)

const hasEnviron = (self: Supervised, instance: string, text: string): boolean => {
  const pid = self.appOf(instance)
  return pid !== null && textOf(`/proc/${pid}/environ`).includes(text)
}

/** Where a canary is that should not be: files, what commands say, processes, their memory. */
const placesIn = (self: Supervised, memories: readonly number[]): readonly string[] => {
  const { world } = self
  const C = ['-C', world.master]
  const commands: readonly (readonly [string, ...string[]])[] = [
    ['lithos', 'ps', ...C, '--json'],
    ['lithos', 'journal', 'show', ...C],
    ['lithos', 'journal', 'why', 'web/bad.0', ...C],
    ['lithos_check', ...C, '--json'],
    ['lithos_check', ...C, '--show-plan', 'web', 'app'],
    ['lithos_check', ...C, '--show-plan', 'web', 'file'],
  ]
  const said = commands
    .map(([name, ...words]) => ({ name: [name, ...words].join(' '), ...run(name, ...words) }))
    .filter(({ stdout, stderr }) => (stdout + stderr).includes(searched))
    .map(({ name }) => name)
  const processes = allPids()
    .filter(pid => pid !== process.pid && !isApp(self, pid))
    .flatMap(pid => [`/proc/${pid}/cmdline`, `/proc/${pid}/environ`])
    .filter(path => textOf(path).includes(searched))
  return [
    ...filesBelow(world.root).filter(path => textOf(path).includes(searched)),
    ...said,
    ...processes,
    ...memories.filter(pid => hasInMemory(pid, searched)).map(pid => `memory of ${pid}`),
  ]
}

/** A child of a knot of ours. One of them is started again and again, also while we look. */
const isApp = ({ world }: Supervised, pid: number): boolean => {
  const { parent = 0 } = readStat(pid) ?? {}
  const words = commandLine(parent) ?? []
  return words[1] === '--name' && words.includes(world.master)
}

test.run()
