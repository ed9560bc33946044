/**
 * Goal: whoever looks is told what is: with the supervisor, without it, and without rights.
 * Method: one real world, and the commands as people call them. What they say is compared with
 * what /proc says.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { skipUnless } from '../skip.ts'
import { kill, run, runs, sleeper, supervised, until } from './supervised.ts'
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
  })
  await self.start()
  await runs(self, 'web/app.0', 'web/app.1')
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
      ['web/sick.0', 'backoff', null],
    ]
    assert.equal(pidsOf(), living)
    assert.ok((rows()[0]?.memory ?? 0) > 0)

    const tree = run('lithos_ps', '-C', self.world.master)
    assert.match(
      tree.stdout,
      new RegExp(
        `^${self.tree().pid} tree ${self.world.master} \\[2/2\\] [\\d.]+\\w+\n` +
          '  └─web \\[2/2\\] [\\d.]+\\w+\n' +
          '      ├─app \\[2/2\\] [\\d.]+\\w+\n' +
          `      │   ├─${self.appOf('web/app.0')} web/app.0 \\d+s \\[1/1\\] [\\d.]+\\w+\n` +
          `      │   └─${self.appOf('web/app.1')} web/app.1 \\d+s \\[1/1\\] [\\d.]+\\w+\n` +
          '      └─\\(-\\) web/sick.0 <failing>\n$',
      ),
    )
    assert.match(lithos(self, 'ls', 'web/ap').stderr, 'did you mean web/app?')
    assert.is(lithos(self, 'ls', '-S', 'backoff', '-H', '-o', 'name').stdout, 'web/sick.0\n')

    kill(self.tree().pid)
    await self.tree().ended
    assert.equal(pidsOf(), living)
    assert.match(lithos(self, 'ls').stderr, 'the supervisor does not run; this is what its journal')
    // Its containers live, and are found by themselves.
    const orphans = run('lithos_ps').stdout
    assert.match(orphans, `- tree ${self.world.master} [2/2]`)
    assert.match(orphans, `${self.appOf('web/app.1')} web/app.1`)

    kill(self.knotOf('web/app.1'))
    await until('it is lost', () => rows()[1]?.state === 'lost')
    assert.equal(pidsOf()[1], ['web/app.1', 'lost', null])
    await self.start()
    assert.is(await self.stop(), 0)
  })(),
)

test.run()
