/**
 * Goal: who the users in a container without root are, who is none, and what the kernel refuses.
 * Method: the real commands as users of whom one has further ids, and another has none.
 */
import { spawnSync } from 'node:child_process'
import { chownSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { test } from 'uvu'
import { rootlessPath } from '../../native/where.ts'
import { program } from '../../src/demo/world.ts'
import { skipUnless } from '../skip.ts'
import { alone, canMap, furtherFrom, inGroups, whyNoMap, withFurther } from './ordinary.ts'
import { asHimself, die, fieldOf, himself, reload, usersOf } from './ownSupervisor.ts'
import { inputsOf, runs, sleeper, supervised, until } from './supervised.ts'
import { canContain, whyNot } from './world.ts'

const real = skipUnless(canContain, whyNot)
const mapped = skipUnless(canContain && canMap, `${whyNot}; ${whyNoMap}`)

real(
  'without root: groups that nobody can leave are told of',
  supervised(
    async self => {
      self.configure({ app: { container: himself } })
      await self.start()
      await runs(self, 'web/app.0')
      assert.is(fieldOf(self.appOf('web/app.0'), 'Groups'), '65532')
      const report = self.command('lithos', 'audit', '--config', self.world.master)
      assert.match(report, /weaker {8}keeps the groups of who has started the supervisor/)
      assert.match(report, /score 95\n/)
      assert.is(await self.stop(), 0)
    },
    '',
    inGroups(65_532),
  ),
)

const nobody = `${sleeper}user-id: 1000\ngroup-id: 0\n`
const renamed =
  `${sleeper}user-id: 1000\ngroup-id: 0\n` +
  'uid-map: [{inside: 1000, outside: 0, count: 1}]\n' +
  'gid-map: [{inside: 0, outside: 0, count: 1}]\n'

real(
  'without root: who does not exist is refused by his number; by a map, he is the user himself',
  supervised(
    async self => {
      self.configure({ app: { container: nobody } })
      await self.start()
      await until('it is refused', () => /user 1000 does not exist/.test(self.log('master.log')))
      assert.match(
        self.log('master.log'),
        /app\.yaml:1:1: user 1000 does not exist without root: this supervisor has 0\. Take/,
      )
      const check = () => self.command('lithos_check', '--config', self.world.master)
      assert.throws(check, /user 1000 does not exist without root/, 'also by lithos_check')

      self.configure({ app: { container: renamed } })
      await reload(self)
      await runs(self, 'web/app.0')
      const app = self.appOf('web/app.0')
      assert.is(fieldOf(app, 'Uid'), '65533\t65533\t65533\t65533')
      assert.is.not(usersOf(app), usersOf(self.tree().pid))
      assert.is(await self.stop(), 0)
      assert.equal(self.leftovers(), [])
    },
    '',
    alone,
  ),
)

mapped(
  'without root: further users are those of /etc/subuid, and stay so over a death',
  supervised(
    async self => {
      const state = 'volumes: {/tmp: !Statedir {user: 1000, group: 7, mode: 0o700}}\n'
      self.configure({ app: { container: `${sleeper}user-id: 1000\ngroup-id: 7\n${state}` } })
      await self.start()
      await runs(self, 'web/app.0')
      const app = self.appOf('web/app.0')
      const outside = String(furtherFrom + 999)
      assert.is(fieldOf(app, 'Uid').split('\t')[0], outside)
      assert.is(fieldOf(app, 'Gid').split('\t')[0], String(furtherFrom + 6))
      assert.is(fieldOf(app, 'Groups'), '', 'groups can be left')
      await die(self)
      await self.start()
      await until('it is adopted', () => inputsOf(self.turns(), 'knot.adopted').length === 1)
      assert.is(self.appOf('web/app.0'), app)
      const report = self.command('lithos', 'audit', '--config', self.world.master)
      assert.match(report, /score 100\n/)
      assert.is(await self.stop(), 0)
      assert.equal(self.leftovers(), [])
    },
    '',
    canMap ? withFurther() : alone,
  ),
)

const told =
  'kind: Command\nexecutable: /bin/guest\narguments: [ids, cat=/proc/self/uid_map]\n' +
  `interactive: true\n${asHimself}`

real(
  'without root: a command runs in the namespace of the supervisor, and without one in its own',
  supervised(
    async self => {
      const run = () => self.command('lithos_cmd', '--master', self.world.master, 'web', 'ids')
      self.configure({
        app: { container: himself },
        ids: { entry: '  kind: Command\n', container: told },
      })
      await self.start()
      await runs(self, 'web/app.0')
      const map = /^ +0 +65533 +1$/m
      assert.match(run(), map)
      assert.is(await self.stop(), 0)
      assert.match(run(), map)
      assert.equal(self.leftovers(), [])
    },
    '',
    alone,
  ),
)

real('without root: what the kernel refuses is one sentence, with the setting for it', () => {
  // The setting of one user namespace counts for all below it; this one is ours alone.
  const forbidden =
    'echo 0 >/proc/sys/user/max_user_namespaces; ' +
    `exec ${rootlessPath} new - "" "" /bin/true true`
  const words = ['--user', '--map-root-user', 'sh', '-c', forbidden]
  const { status, stderr } = spawnSync('unshare', words, { encoding: 'utf8' })
  assert.is(status, 1)
  assert.is(
    stderr,
    'Fatal error: making a user namespace: No space left on device. This kernel forbids user ' +
      'namespaces to ordinary users; as root: sysctl user.max_user_namespaces=10000\n',
  )
})

interface Diagnosis {
  readonly ok: boolean
  readonly findings: readonly { readonly name: string; readonly state: string }[]
}

real('without root: what `lithos init` makes for its user, `lithos doctor` finds fit', () => {
  const root = mkdtempSync(join(tmpdir(), 'lithos-first-'))
  chownSync(root, alone.id, alone.id)
  const [file = '', ...become] = alone.become
  const lithos = (...words: readonly string[]) =>
    spawnSync(file, [...become, program('lithos'), ...words], { encoding: 'utf8' })
  try {
    const master = join(root, 'first', 'master.yaml')
    const made = lithos('init', join(root, 'first'))
    assert.is(made.stderr, '')
    assert.match(made.stdout, `Next:\n\n    lithos_tree --rootless --config ${master} &\n`)
    const { ok, findings } = JSON.parse(
      lithos('doctor', '--json', '--config', master).stdout,
    ) as Diagnosis
    const stateOf = (name: string) => findings.find(finding => finding.name === name)?.state
    assert.ok(ok, JSON.stringify(findings))
    assert.is(stateOf('user'), 'warning')
    for (const name of ['namespaces', 'devfs-dir', 'runtime-dir']) assert.is(stateOf(name), 'ok')
    assert.match(lithos('init').stderr, 'name a directory of your own')
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
})

test.run()
