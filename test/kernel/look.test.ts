/**
 * Goal: whoever looks is told what is: with the supervisor, without it, and without rights.
 * Method: one real world, and the commands as people call them. What they say is compared with
 * what /proc says.
 */
import { spawn } from 'node:child_process'
import { renameSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { program } from '../../src/demo/world.ts'
import { skipUnless } from '../skip.ts'
import { inputsOf, kill, run, runs, sleeper, supervised, until } from './supervised.ts'
import type { Supervised } from './supervised.ts'
import { canContain, whyNot } from './world.ts'

const contained = skipUnless(canContain, whyNot)

const lithos = (self: Supervised, command: string, ...words: readonly string[]) =>
  run('lithos', command, '-C', self.world.master, ...words)

const json = <A>(self: Supervised, command: string, ...words: readonly string[]): A =>
  JSON.parse(lithos(self, command, '--json', ...words).stdout) as A

interface Listed {
  readonly name: string
  readonly state: string
  readonly pid: number | null
  readonly memory: number | null
}

const prepare = async (self: Supervised): Promise<void> => {
  self.configure({
    app: { container: sleeper, instances: 2 },
    sick: { container: 'executable: /bin/nothing\nrestart-timeout: 60\n' },
    own: {
      container:
        'executable: /bin/guest\narguments: [say=mine, sleep]\nstdout-stderr-file: /tmp/out\n' +
        'volumes: { /tmp: !Tmpfs { size: 1Mi, mode: 0o1777 } }\n',
    },
  })
  await self.start()
  await runs(self, 'web/app.0', 'web/app.1', 'web/own.0')
  await until('the sick one was refused', () =>
    self.turns().some(({ inputs }) => inputs.some(({ type }) => type === 'knot.refused')),
  )
}

contained('the living, the failing, and a supervisor that has died', () =>
  supervised(async self => {
    await prepare(self)
    const rows = () => json<Listed[]>(self, 'ls')
    const pidsOf = () => rows().map(({ name, state, pid }) => [name, state, pid])
    const living = [
      ['web/app.0', 'running', self.appOf('web/app.0')],
      ['web/app.1', 'running', self.appOf('web/app.1')],
      ['web/own.0', 'running', self.appOf('web/own.0')],
      ['web/sick.0', 'backoff', null],
    ]
    assert.equal(pidsOf(), living)
    assert.ok((rows()[0]?.memory ?? 0) > 0)

    const tree = run('lithos_ps', '-C', self.world.master)
    assert.match(
      tree.stdout,
      new RegExp(
        `^${self.tree().pid} tree ${self.world.master} \\[3/3\\] [\\d.]+\\w+\n` +
          '  └─web \\[3/3\\] [\\d.]+\\w+\n' +
          '      ├─app \\[2/2\\] [\\d.]+\\w+\n' +
          `      │   ├─${self.appOf('web/app.0')} web/app.0 \\S+ \\[1/1\\] [\\d.]+\\w+\n` +
          `      │   └─${self.appOf('web/app.1')} web/app.1 \\S+ \\[1/1\\] [\\d.]+\\w+\n` +
          `      ├─${self.appOf('web/own.0')} web/own.0 \\S+ \\[1/1\\] [\\d.]+\\w+\n` +
          '      └─\\(-\\) web/sick.0 <failing>\n$',
      ),
    )
    assert.match(lithos(self, 'ls', 'web/ap').stderr, 'did you mean web/app?')
    assert.is(lithos(self, 'ls', '-S', 'backoff', '-H', '-o', 'name').stdout, 'web/sick.0\n')
    assert.match(lithos(self, 'ls', '-S', 'runing').stderr, 'did you mean running?')
    const journal = (...words: readonly string[]) =>
      run('lithos', 'journal', 'show', '-C', self.world.master, ...words)
    assert.match(journal('web/nothing').stderr, 'the journal has never heard of "web/nothing"')
    assert.match(journal('web/ap*').stdout, 'launch web/app.1')
    assert.not.match(journal('web/ap*').stdout, 'launch web/sick.0')
    assert.match(lithos(self, 'why', 'app.1').stderr, /^lithos why: .*did you mean web\/app\.1\?/)
    assert.match(lithos(self, 'why', 'web/own').stdout, /^web\/own\.0 is running, /)
    assert.match(lithos(self, 'why', 'web/app').stderr, 'more than one: web/app.0, web/app.1')

    kill(self.tree().pid)
    await self.tree().ended
    assert.equal(pidsOf(), living)
    assert.match(lithos(self, 'ls').stderr, 'the supervisor does not run; this is what its journal')
    // Its containers live, and are found by themselves.
    const orphans = run('lithos_ps').stdout
    assert.match(orphans, `- tree ${self.world.master} [3/3]`)
    assert.match(orphans, `${self.appOf('web/app.1')} web/app.1`)

    kill(self.knotOf('web/app.1'))
    await until('it is lost', () => rows()[1]?.state === 'lost')
    assert.equal(pidsOf()[1], ['web/app.1', 'lost', null])
    await self.start()
    assert.is(await self.stop(), 0)
    const start = `start one: lithos_tree --config ${self.world.master}`
    assert.match(lithos(self, 'restart', 'web/app.0').stderr, start)
    assert.match(lithos(self, 'logs', '--rotate').stderr, start)
    const log = `${self.world.root}/log/stderr/web.log`
    assert.match(lithos(self, 'logs', 'web/app.0').stderr, `has printed is in ${log}\n`)
  })(),
)

interface Happened {
  readonly event: string
  readonly name: string | null
  readonly by: string | null
}

contained('restarts, waiting for them, whose a process is, and what happened', () =>
  supervised(async self => {
    await prepare(self)
    const before = self.appOf('web/app.0')
    const other = self.appOf('web/app.1')
    const restarted = lithos(self, 'restart', 'web/app.0')
    assert.is(restarted.status, 0, restarted.stderr)
    const now = self.appOf('web/app.0')
    assert.is(restarted.stdout, `restarted  web/app.0, pid ${now}\n`)
    assert.is.not(now, before)
    assert.is(self.appOf('web/app.1'), other)

    const sick = lithos(self, 'restart', 'web/sick.0')
    assert.is(sick.status, 1)
    assert.match(sick.stderr, 'web/sick.0: executing "/bin/nothing": no such file or directory')
    assert.match(lithos(self, 'restart', 'web/ap.0').stderr, 'did you mean web/app.0?')

    assert.is(lithos(self, 'wait', 'web/app', 'running').status, 0)
    assert.is(lithos(self, 'wait', 'web/app.0', 'backoff', '--timeout', '0').status, 3)
    assert.is(lithos(self, 'wait', 'web/none.0', 'gone').status, 0)

    const pids = run('lithos', 'pid', '-H', String(now), String(self.knotOf('web/app.1')), '1')
    const [app = '', knot = '', host = ''] = pids.stdout.split('\n')
    assert.match(app, new RegExp(`^${now} +web/app\\.0 +2 +guest$`))
    assert.match(knot, /^\d+ +web\/app\.1 +1 +lithos_knot$/)
    assert.match(host, /^1 +\[host\] +- /)
    assert.is(run('lithos', 'pid', '4194304').status, 1)

    const former = lithos(self, 'logs', '--previous', 'web/app.0').stdout
    assert.match(
      former,
      /^\S+: ----- Starting "web\/app\.0": [^]*"web\/app\.0" killed by signal SIGTERM/,
    )
    assert.is(former.match(/Starting "web\/app\.0"/g)?.length, 1)
    assert.match(lithos(self, 'logs', 'web/app.0', '-n', 'all').stderr, 'is also of web/app.1')
    // What it prints to a file of its own, and no file of the host in its place.
    await until('it has printed', () => lithos(self, 'logs', 'web/own.0').stdout === 'mine\n')
    const out = join(`/proc/${self.appOf('web/own.0')}`, 'root', 'tmp', 'out')
    renameSync(out, `${out}.1`)
    symlinkSync('/etc/passwd', out)
    const refused = lithos(self, 'logs', 'web/own.0')
    assert.is(refused.status, 1)
    assert.is(refused.stdout, '')
    assert.match(refused.stderr, 'too many symbolic links')

    const events = json<Happened[]>(self, 'history', 'web/app.0')
    assert.equal(
      events.filter(({ name }) => name === 'web/app.0').map(({ event }) => event),
      ['app.started', 'instance.restart', 'knot.exited', 'app.started'],
    )
    assert.match(
      String(events.find(({ event }) => event === 'instance.restart')?.by),
      /^pid \d+, uid 0$/,
    )

    const [shown] = json<[{ instance: { pid: number }; limits: object; history: object[] }]>(
      self,
      'show',
      'web/app.0',
    )
    assert.is(shown.instance.pid, now)
    assert.match(lithos(self, 'show', 'web/app.0').stdout, /CONFINEMENT\n {2}weaker: +nothing/)

    const looks = lithos(self, 'monitor', '--json', '-n', '2', '-r', '0.1', 'web/app.0').stdout
    const [, second] = looks.trim().split('\n')
    const { instances } = JSON.parse(second ?? '') as { instances: [{ percent: number }] }
    assert.is(typeof instances[0].percent, 'number')

    // The supervisor dies with the order on its way; the next one has it, and it is not repeated.
    const lives = () => inputsOf(self.turns(), 'app.started').length
    const count = lives()
    const words = ['restart', '-C', self.world.master, 'web/app.1']
    const child = spawn(program('lithos'), words, { stdio: 'inherit' })
    const ended = new Promise(resolve => child.on('close', resolve))
    await until('it was written down', () =>
      inputsOf(self.turns(), 'instance.restart').some(({ instance }) => instance === 'web/app.1'),
    )
    kill(self.tree().pid)
    await self.tree().ended
    await self.start()
    assert.is(await ended, 0)
    await runs(self, 'web/app.1')
    assert.is.not(self.appOf('web/app.1'), other)
    assert.ok(lives() <= count + 1)
    assert.is(inputsOf(self.turns(), 'instance.restart').length, 3)
    assert.is(await self.stop(), 0)
  })(),
)

test.run()
