/**
 * Goal: the main job, whole: what is configured runs, what dies comes back, whatever happens to
 *   the supervisor costs no container and no exit status, and the end leaves nothing behind.
 * Method: the real commands on the real kernel, each test in a world of its own.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { skipUnless } from '../skip.ts'
import { inputsOf, kill, run, runs, sleeper, supervised, until } from './supervised.ts'
import { canContain, whyNot } from './world.ts'

const real = skipUnless(canContain, whyNot)

const quick = `${sleeper}restart-timeout: 0\n`

real(
  'what is configured runs, under the names that people look for',
  supervised(async self => {
    self.configure({
      app: { container: sleeper, instances: 2 },
      job: { container: `kind: Command\n${sleeper}`, entry: '  kind: Command\n' },
    })
    await self.start()
    await runs(self, 'web/app.0', 'web/app.1')
    assert.is(self.knotOf('web/job.0'), null)
    const { pid } = self.tree()
    assert.is(readFileSync(`/proc/${pid}/comm`, 'utf8'), 'lithos_tree\n')
    assert.is(readFileSync(join(self.world.root, 'run/master.pid'), 'utf8'), `${pid}\n`)
    const found = execFileSync('pgrep', [
      '-f',
      `lithos_knot --name web/app.0 --master ${self.world.master}`,
    ])
    assert.is(Number(String(found)), self.knotOf('web/app.0'))
    assert.is(readFileSync(`/proc/${self.knotOf('web/app.0')}/comm`, 'utf8'), 'lithos_knot\n')
    const words = readFileSync(`/proc/${self.knotOf('web/app.1')}/cmdline`, 'utf8').split('\0')
    assert.equal(words.slice(1), [
      '--name',
      'web/app.1',
      '--master',
      self.world.master,
      '--config',
      '{"instances":1,"image":"img","config":"/config/app.yaml","kind":"Daemon"}',
      '',
    ])
    const rows = self.ps()
    assert.equal(
      rows.map(({ name, state, restarts }) => [name, state, restarts]),
      [
        ['web/app.0', 'running', 0],
        ['web/app.1', 'running', 0],
      ],
    )
    assert.is(rows[0]?.app_pid, self.appOf('web/app.0'))
    assert.match(
      self.log('stderr/web.log'),
      /Z: ----- Starting "web\/app\.0": "\/bin\/guest" "sleep" -----\n/,
    )
    assert.match(
      self.log('config/web.log'),
      /^\d{4}-\d\d-\d\dT[\d:]{8}Z \{"app":\{"instances":2,"image":"img",/,
    )
    assert.is(await self.stop(), 0)
    assert.equal(self.leftovers(), [])
    assert.not(existsSync(join(self.world.root, 'run/state/web')))
  }),
)

real(
  'what dies comes back, not before its time, and the journal says why',
  supervised(async self => {
    self.configure({ app: { container: sleeper } })
    await self.start()
    await runs(self, 'web/app.0')
    const first = self.appOf('web/app.0')
    kill(first)
    await until('it runs again', () => inputsOf(self.turns(), 'app.started').length === 2)
    const starts = inputsOf(self.turns(), 'app.started').map(({ mono }) => Number(mono))
    assert.ok((starts[1] as number) - (starts[0] as number) >= 1_000, 'restart-timeout')
    const [end] = inputsOf(self.turns(), 'knot.exited')
    assert.is(end?.['app'], 9)
    assert.match(
      self.log('web.log'),
      /\[ERROR\] Process "web\/app\.0" killed by signal SIGKILL\[9\], uptime \d+s\n/,
    )
    assert.match(
      self.log('stderr/web.log'),
      /----- Process "web\/app\.0" killed by signal SIGKILL\[9\], uptime \d+s -----\n/,
    )
    const why = self.command('lithos', 'journal', 'why', '-C', self.world.master, 'web/app.0')
    assert.match(why, /killed by signal SIGKILL\[9\] after .*; the supervisor had not asked for it/)
    assert.match(
      self.command('lithos', 'journal', 'verify', '-C', self.world.master),
      / 0 findings\n/,
    )
  }),
)

real(
  'a killed knot takes its container along, and both come back',
  supervised(async self => {
    self.configure({ app: { container: quick } })
    await self.start()
    await runs(self, 'web/app.0')
    const [knot, app] = [self.knotOf('web/app.0'), self.appOf('web/app.0')]
    kill(knot)
    await until('it runs again', () => ![null, app].includes(self.appOf('web/app.0')))
    assert.not(existsSync(`/proc/${app}`))
    assert.is(inputsOf(self.turns(), 'knot.exited')[0]?.['status'], 9)
  }),
)

real(
  'a configuration that cannot be read stops nothing',
  supervised(async self => {
    self.configure({ app: { container: sleeper } })
    await self.start()
    await runs(self, 'web/app.0')
    const app = self.appOf('web/app.0')
    const refused = () => inputsOf(self.turns(), 'config.refused')
    const process = join(self.world.root, 'etc/processes/web.yaml')
    const good = readFileSync(process, 'utf8')
    for (const [index, bad] of ['app: [', 'app: {}', `${good}x: 1\n`].entries()) {
      writeFileSync(process, bad)
      kill(self.tree().pid, 'SIGQUIT')
      await until('it was refused', () => refused().length > index)
    }
    assert.is(self.appOf('web/app.0'), app)
    const told = /Sandbox "web" stays as it is.*\n {2}.*web\.yaml:\d+:\d+: /
    await until('the log says so', () => told.test(self.log('master.log')))
    writeFileSync(process, good)
  }),
)

real(
  'a second supervisor is refused in one sentence',
  supervised(async self => {
    self.configure({ app: { container: sleeper } })
    await self.start()
    const second = run('lithos_tree', '-C', self.world.master)
    assert.is(second.status, 1)
    assert.match(
      second.stderr,
      new RegExp(`^Fatal error: Master pid is ${self.tree().pid}\\..*\\n$`),
    )
  }),
)

real(
  'a step that fails is named, and tried again in its time',
  supervised(async self => {
    self.configure({
      app: { container: `${sleeper}restart-timeout: 1\nvolumes:\n  /missing: !Tmpfs {}\n` },
      none: { container: 'executable: /bin/nothing\nrestart-timeout: 60\n' },
    })
    await self.start()
    const told = (type: string, name: string) =>
      inputsOf(self.turns(), type).filter(({ instance }) => instance === name)
    await until('it was tried twice', () => told('knot.launched', 'web/app.0').length >= 2)
    await until('the other was refused', () => told('knot.refused', 'web/none.0').length > 0)
    const app = told('knot.refused', 'web/app.0')
    assert.equal(
      [app[0]?.['step'], app[0]?.['about'], app[0]?.['code']],
      ['mounting tmpfs on', '/missing', 'ENOENT'],
    )
    const [first = NaN, second = NaN] = told('knot.launched', 'web/app.0').map(({ mono }) =>
      Number(mono),
    )
    assert.ok(second - first >= 1_000, 'not in a busy loop')
    assert.match(
      self.log('web.log'),
      /Fatal error running "web\/app\.0": mounting tmpfs on "\/missing": No such file/,
    )
    assert.match(
      self.log('web.log'),
      /Fatal error running "web\/none\.0": executing "\/bin\/nothing": No such file/,
    )
    const none = self.ps().find(({ name }) => name === 'web/none.0')
    assert.is(none?.state, 'backoff')
    assert.is(none?.last_exit, 'executing "/bin/nothing": no such file or directory (ENOENT)')
    assert.is(await self.stop(), 0)
    assert.equal(self.leftovers(), [])
  }),
)

real(
  'what ignores SIGTERM is killed when its time is over',
  supervised(async self => {
    self.configure({
      app: {
        container:
          'executable: /bin/guest\narguments: [hear-term, say=deaf, sleep]\nkill-timeout: 1\n',
      },
    })
    await self.start()
    await runs(self, 'web/app.0')
    await until('it is deaf', () => /^deaf$/m.test(self.log('stderr/web.log')))
    assert.is(await self.stop(), 0)
    assert.equal(self.leftovers(), [])
    assert.equal(
      inputsOf(self.turns(), 'knot.exited').map(({ app }) => app),
      [9],
    )
  }),
)

test.run()
