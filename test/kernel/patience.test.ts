/**
 * Goal: what has to wait is not hurried, doubled or forgotten by whoever asks for something else
 *   meanwhile: a restart of one that waits for its database, a stop of one in its back-off or
 *   given up; and starts are spread as `start-rate` says, while the dead come back at once.
 * Method: real trees; what happened is read in the journal. Its instants have lower bounds only.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { imageDir, program } from '../../src/demo/world.ts'
import { skipUnless } from '../skip.ts'
import { compile } from './compile.ts'
import { inputsOf, kill, runs, sleeper, supervised, until } from './supervised.ts'
import type { Supervised } from './supervised.ts'
import { canContain, whyNot } from './world.ts'

const real = skipUnless(canContain, whyNot)

const ending = 'executable: /bin/guest\narguments: [exit, "3"]\nrestart-timeout: 0\n'

const stateOf = (self: Supervised, name: string): string | undefined =>
  self.ps().find(row => row.name === name)?.state

/** With the instant of CLOCK_MONOTONIC, in their order. */
const launches = (self: Supervised) =>
  self.turns().flatMap(({ inputs, effects }) =>
    effects
      .filter(({ type }) => type === 'launch')
      .map(({ instance }) => ({
        instance: String(instance),
        at: Number(inputs[0]?.['mono']),
        heard: inputs.map(({ type }) => type),
      })),
  )

const launchesOf = (self: Supervised, name: string) =>
  launches(self).filter(({ instance }) => instance === name)

const begin = (name: string, ...words: readonly string[]) => {
  const child = spawn(program(name), words, { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  child.stdout.on('data', (data: Buffer) => (said += data.toString()))
  child.stderr.on('data', (data: Buffer) => (said += data.toString()))
  return new Promise<{ code: number | null; said: string }>(resolve =>
    child.on('close', code => resolve({ code, said })),
  )
}

real(
  'a restart is asked for one that waits for its database: once, and when that is ready',
  supervised(async self => {
    const data = join(self.world.root, 'data')
    const image = imageDir(self.world, 'img')
    for (const directory of [data, join(image, 'data')]) mkdirSync(directory)
    compile('watched.c', join(image, 'bin', 'watched'), '-static')
    self.configure(
      {
        db: {
          container:
            'executable: /bin/guest\narguments: [sleep]\nrestart-timeout: 0\n' +
            'ready: {exec: [/bin/watched, "there=/data/up"], timeout: 600}\n' +
            'volumes: { /data: !Persistent { path: /data } }\n',
        },
        client: { container: sleeper, entry: '  after: [db]\n' },
      },
      `writable-paths: { /data: ${data} }\n`,
    )
    await self.start()
    await runs(self, 'web/db.0')
    const C = ['-C', self.world.master]
    const asked = inputsOf(self.turns(), 'instance.restart').length
    const restarting = [1, 2].map(() => begin('lithos', 'restart', ...C, 'web/client.0'))
    await until(
      'both were asked',
      () => inputsOf(self.turns(), 'instance.restart').length >= asked + 2,
    )
    // Killed while it waits, and asked again by who still waits for an answer.
    kill(self.tree().pid)
    await self.tree().ended
    await self.start()
    assert.equal(launchesOf(self, 'web/client.0'), [])
    writeFileSync(join(data, 'up'), '')
    for (const { code, said } of await Promise.all(restarting)) assert.is(code, 0, said)
    await runs(self, 'web/client.0')
    assert.is(launchesOf(self, 'web/client.0').length, 1)
    assert.is(launchesOf(self, 'web/db.0').length, 1)
    assert.is(await self.stop(), 0)
    assert.equal(self.leftovers(), [])
  }),
)

real(
  'a stop during back-off and of what was given up: it ends, is told, and is started no more',
  supervised(async self => {
    self.configure({
      slow: { container: `${ending}backoff: {initial: 3600, max: 3600}\n` },
      lost: { container: `${ending}intensity: {restarts: 1, period: 60, retry: 3600}\n` },
      stays: { container: sleeper },
    })
    await self.start()
    await until('they wait', () => stateOf(self, 'web/slow.0') === 'backoff')
    await until('one is given up', () => stateOf(self, 'web/lost.0') === 'failed')
    const C = ['-C', self.world.master]
    const why = self.command('lithos', 'journal', 'why', ...C, 'web/slow.0')
    assert.match(why, /failed once in a row, next try in (1h|5\dm)/)
    const before = launches(self).length
    const file = join(self.world.root, 'fewer.yaml')
    writeFileSync(file, 'stays:\n  image: img\n  config: /config/stays.yaml\n  instances: 1\n')
    const { code, said } = await begin('lithos_switch', ...C, 'web', file)
    assert.is(code, 0, said)
    assert.equal(
      self.ps().map(({ name }) => name),
      ['web/stays.0'],
    )
    assert.is(launches(self).length, before)
    // Wanted again: as if it had never failed.
    self.configure({ slow: { container: `${ending}backoff: {initial: 3600, max: 3600}\n` } })
    kill(self.tree().pid, 'SIGHUP')
    await until('it is tried again', () => launches(self).length > before)
    await until('it waits again', () => stateOf(self, 'web/slow.0') === 'backoff')
    assert.is(await self.stop(), 0, 'nobody waits for the end of a back-off')
    assert.equal(self.leftovers(), [])
  }),
)

real(
  'start-rate: no more starts a second than it says, in order; the dead do not wait',
  supervised(async self => {
    const [count, rate] = [8, 8]
    self.configure({ app: { container: `${sleeper}restart-timeout: 0\n`, instances: count } })
    await self.start()
    await runs(self, 'web/app.0')
    kill(self.appOf('web/app.0'))
    await until('all were started', () => launches(self).length > count)
    const starts = launches(self)
    const first = starts[0]?.at ?? NaN
    const spread = starts.filter(({ heard }) => !heard.includes('knot.exited'))
    assert.equal(
      spread.map(({ instance }) => instance),
      Array.from({ length: count }, (_, index) => `web/app.${index}`),
    )
    for (const [index, { at }] of spread.entries())
      assert.ok(at >= first + index * (1_000 / rate) - 0.01, `start ${index}: ${at - first} ms`)
    const [, again] = launchesOf(self, 'web/app.0')
    assert.ok(again?.heard.includes('knot.exited'), 'in the turn in which its end was heard')
    assert.is(await self.stop(), 0)
    assert.equal(self.leftovers(), [])
  }, 'start-rate: 8\n'),
)

test.run()
