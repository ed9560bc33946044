/**
 * Goal: what a container asks for with `ready`, `healthy`, `stop` and `pre-stop` is what a whole
 *   supervisor does, also after its death.
 * Method: real trees, one for several processes, and an application that becomes what it is told
 *   to be; what happened is read in the journal.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import * as assert from 'uvu/assert'
import { test } from 'uvu'
import { imageDir, program } from '../../src/demo/world.ts'
import { skipUnless } from '../skip.ts'
import { compile } from './compile.ts'
import { freePort } from './serving.ts'
import { inputsOf, kill, supervised, until } from './supervised.ts'
import type { Configured, Supervised } from './supervised.ts'
import { canContain, whyNot } from './world.ts'

const real = skipUnless(canContain, whyNot)

/** An application that does these words, with a directory where files tell it to go on. */
const watched = (words: readonly string[], lines: string): Configured => ({
  container:
    `executable: /bin/watched\narguments: ${JSON.stringify(words)}\n` +
    (/^restart-timeout/m.test(lines) ? '' : 'restart-timeout: 0\n') +
    `volumes: { /data: !Persistent { path: /data } }\n${lines}`,
})

const prepare = (self: Supervised): void => {
  compile('watched.c', join(imageDir(self.world, 'img'), 'bin', 'watched'), '-static')
  mkdirSync(join(imageDir(self.world, 'img'), 'data'))
  mkdirSync(join(self.world.root, 'data'))
}

const touch = (self: Supervised, name: string): void =>
  writeFileSync(join(self.world.root, 'data', name), '')

const told = (self: Supervised, type: string, process: string) =>
  inputsOf(self.turns(), type).filter(({ instance }) => instance === `web/${process}.0`)

const hears = (self: Supervised, type: string, process: string, times = 1) =>
  until(`${times} times ${type} of ${process}`, () => told(self, type, process).length >= times)

real(
  'ready in five ways, known again after the death of the supervisor, and then no more',
  supervised(async self => {
    prepare(self)
    const [tcp, http] = [await freePort(), await freePort()]
    self.configure(
      {
        tcp: watched([`listen=${tcp}`], `ready: {tcp: ${tcp}}\n`),
        http: watched(
          [`listen=${http}`, 'serve=/data/status'],
          `ready: {http: {port: ${http}, path: /up}}\n`,
        ),
        fd: watched(['line=3'], 'ready: {fd: 3}\n'),
        exec: watched([], 'ready: {exec: [/bin/watched, "there=/data/up"]}\n'),
        notify: watched(
          [
            'await=/data/up',
            'notify=READY=1|STATUS=fine',
            'await=/data/again',
            'notify=RELOADING=1',
          ],
          'ready: {notify: true}\nhealthy: {notify: true, period: 3600}\n',
        ),
      },
      `writable-paths: { /data: ${join(self.world.root, 'data')} }\n`,
    )
    await self.start()
    for (const process of ['tcp', 'http', 'fd']) await hears(self, 'app.ready', process)
    for (const process of ['exec', 'notify']) await hears(self, 'app.started', process)
    assert.equal(told(self, 'app.ready', 'exec'), [])
    assert.equal(told(self, 'app.ready', 'notify'), [])
    kill(self.tree().pid)
    await self.tree().ended
    touch(self, 'up')
    const before = self.turns().length
    await self.start()
    for (const process of ['exec', 'notify']) await hears(self, 'app.ready', process)
    // Who was ready before is heard of again, by who is new.
    for (const process of ['tcp', 'http', 'fd']) await hears(self, 'app.ready', process, 2)
    assert.ok(self.turns().length > before)
    await hears(self, 'app.notified', 'notify')
    assert.is(told(self, 'app.notified', 'notify')[0]?.['status'], 'fine')
    touch(self, 'again')
    await hears(self, 'app.unready', 'notify')
    const shown = self.command('lithos', 'show', '-C', self.world.master, 'web/notify.0')
    assert.match(shown, /it is not ready: it reloads/)
    assert.match(shown, /^ *status: +fine$/m)
    assert.is(inputsOf(self.turns(), 'app.started').length, 5, 'nobody was started again')
    assert.is(await self.stop(), 0)
    assert.equal(self.leftovers(), [])
  }),
)

real(
  'never ready: started again with the reason, or accepted; not well: the same; signals in turn',
  supervised(async self => {
    prepare(self)
    const port = await freePort()
    self.configure(
      {
        never: watched([], `ready: {tcp: ${port}, timeout: 0.3}\nrestart-timeout: 1\n`),
        accepted: watched([], `ready: {tcp: ${port}, timeout: 0.3, on-timeout: accept}\n`),
        ill: watched(
          [],
          'ready: {exec: [/bin/watched, "exit=0"]}\n' +
            'healthy: {exec: [/bin/watched, "exit=4"], period: 0.1, failures: 2}\n' +
            'restart-timeout: 1\n',
        ),
        silent: watched(
          ['notify=READY=1', 'await=/data/never'],
          'ready: {notify: true}\nhealthy: {notify: true, period: 0.3}\nrestart-timeout: 1\n',
        ),
        again: watched(
          ['line=5', 'await=/data/end', 'exit=0'],
          'ready: {fd: 5}\nrestart-process-only: true\nrestart-timeout: 1\n',
        ),
        slow: watched(
          [
            ...['block-term', 'notify=READY=1', 'await-term'],
            ...['notify=STATUS=leaving|EXTEND_TIMEOUT_USEC=60000000', 'await=/data/leave'],
            'exit=5',
          ],
          'ready: {notify: true}\nstop: [TERM, 2, KILL]\n',
        ),
        gentle: watched(
          ['line=5'],
          'ready: {fd: 5}\nstop: [WINCH, 0.1, QUIT, 5, KILL]\n' +
            'pre-stop: [/bin/watched, "say=good bye", "make=/data/left", "exit=2"]\n',
        ),
      },
      `writable-paths: { /data: ${join(self.world.root, 'data')} }\n`,
    )
    chmodSync(join(self.world.root, 'data'), 0o777)
    await self.start()
    await hears(self, 'app.ready', 'slow')
    const asked = ['restart', '-C', self.world.master, 'web/slow.0']
    const restarting = once(spawn(program('lithos'), asked, { stdio: 'ignore' }), 'close')
    await hears(self, 'app.notified', 'slow')
    const notifiedAt = performance.now()
    for (const process of ['never', 'ill', 'silent']) await hears(self, 'knot.exited', process)
    assert.match(
      why(self, 'never'),
      new RegExp(`not ready in time: nobody listens on port ${port}`),
    )
    assert.match(why(self, 'ill'), /not well: the command exited with code 4, 2 times in a row/)
    assert.match(why(self, 'silent'), /not well: its watchdog has heard nothing for 0.3s/)
    assert.equal(told(self, 'knot.exited', 'accepted'), [], 'who is accepted runs on')
    await hears(self, 'app.ready', 'again')
    touch(self, 'end')
    await hears(self, 'app.started', 'again', 2)
    await hears(self, 'app.ready', 'again', 2)
    const [unready] = told(self, 'app.unready', 'again')
    assert.match(String(unready?.['reason']), /^it has ended/)
    assert.is(told(self, 'knot.exited', 'again').length, 0)
    self.command('lithos', 'restart', '-C', self.world.master, 'web/gentle.0')
    await hears(self, 'preStop.ended', 'gentle')
    assert.is(told(self, 'preStop.ended', 'gentle')[0]?.['code'], 2)
    await hears(self, 'knot.exited', 'gentle')
    assert.is(told(self, 'knot.exited', 'gentle')[0]?.['app'], 3, 'by SIGQUIT, the second signal')
    assert.ok(existsSync(join(self.world.root, 'data', 'left')))
    // Neither its knot nor the supervisor, which is a second more patient, have killed it.
    await setTimeout(notifiedAt + 3_200 - performance.now())
    touch(self, 'leave')
    assert.equal((await restarting)[0], 0)
    assert.is(told(self, 'knot.exited', 'slow')[0]?.['app'], 5 << 8)
    assert.is(await self.stop(), 0)
    assert.equal(self.leftovers(), [])
  }),
)

real(
  'ready in time, or not, while nobody supervised: that is heard before its time is found over',
  supervised(async self => {
    prepare(self)
    const timely = watched(
      ['await=/data/up', 'notify=READY=1'],
      'ready: {notify: true, timeout: 3}\n',
    )
    const late = watched(['notify=STATUS=up'], 'ready: {notify: true, timeout: 3}\n')
    const data = join(self.world.root, 'data')
    self.configure({ timely, late }, `writable-paths: { /data: ${data} }\n`)
    await self.start()
    const deadlines = () =>
      self
        .turns()
        .flatMap(({ effects }) => effects)
        .filter(({ type, timer }) => type === 'armTimer' && timer === 'ready')
        .map(({ due }) => Number(due))
    await until('both are waited for', () => deadlines().length === 2)
    kill(self.tree().pid)
    await self.tree().ended
    const app = self.appOf('web/timely.0')
    touch(self, 'up')
    const isOver = (due: number): boolean => Number(process.hrtime.bigint() / 1_000_000n) > due
    await until('their time is over', () => deadlines().every(isOver))
    const knots = join(self.world.root, 'run', 'knots')
    const texts = () => readdirSync(knots).map(name => readFileSync(join(knots, name), 'utf8'))
    await until('their knots have said so', () =>
      ['waiting', 'ready'].every(word => texts().some(text => text.includes(`\n${word} `))),
    )
    await self.start()
    await hears(self, 'app.ready', 'timely')
    await hears(self, 'knot.exited', 'late')
    assert.match(why(self, 'late'), /not ready in time: it has not said that it is/)
    assert.equal(told(self, 'knot.exited', 'timely'), [])
    assert.is(self.appOf('web/timely.0'), app)
    assert.is(await self.stop(), 0)
    assert.equal(self.leftovers(), [])
  }),
)

/** What the log says of the stop. */
const why = (self: Supervised, process: string): string =>
  self
    .log('master.log')
    .split('\n')
    .find(line => line.includes(`Stopping "web/${process}.0"`)) ?? 'it was not stopped'

test.run()
