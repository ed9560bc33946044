/**
 * Goal: an ordinary user has a supervisor of his own, with everything that root has and that the
 *   kernel gives him: containers outlive it and are taken over, nobody in them can do anything.
 * Method: the real commands as a user who is in no list of this host; /proc as root sees it.
 */
import { readFileSync, readlinkSync } from 'node:fs'
import * as assert from 'uvu/assert'
import { test } from 'uvu'
import { skipUnless } from '../skip.ts'
import { after, alone } from './ordinary.ts'
import { asHimself, die, fieldOf, himself, reload, usersOf } from './ownSupervisor.ts'
import { freePort } from './serving.ts'
import { inputsOf, kill, runs, supervised, until } from './supervised.ts'
import { canContain, whyNot } from './world.ts'

const real = skipUnless(canContain, whyNot)

/** He may not be spared when memory is short, as everything that systemd starts for a user. */
const unspared = after('echo 300 >/proc/self/oom_score_adj')

real(
  'without root: start, death, new configuration, restart in place, stop',
  supervised(
    async self => {
      self.configure({ app: { container: himself }, other: { container: himself } })
      await self.start()
      await runs(self, 'web/app.0', 'web/other.0')
      const { pid } = self.tree()
      const [app, other] = [self.appOf('web/app.0'), self.appOf('web/other.0')]
      assert.is(fieldOf(pid, 'Uid'), '65533\t65533\t65533\t65533')
      assert.is(fieldOf(app, 'Uid'), '65533\t65533\t65533\t65533')
      assert.is.not(usersOf(pid), usersOf(process.pid))
      const users = usersOf(pid)

      kill(app)
      await until('it is started again', () => ![null, app].includes(self.appOf('web/app.0')))
      await runs(self, 'web/app.0')
      const again = self.appOf('web/app.0')

      self.configure({ app: { container: himself }, third: { container: himself } })
      await reload(self)
      await runs(self, 'web/third.0')
      await until('the other is gone', () => self.knotOf('web/other.0') === null)
      assert.is(self.appOf('web/app.0'), again, 'what has not changed runs on')
      assert.not.equal(other, null)
      assert.is(self.tree().pid, pid)
      assert.is(usersOf(pid), users, 'in place it stays where it is')

      assert.is(await self.stop(), 0)
      assert.equal(self.leftovers(), [])
    },
    '',
    unspared,
  ),
)

real(
  'without root: a supervisor that was killed is followed by one in the same user namespace',
  supervised(
    async self => {
      self.configure({ app: { instances: 2, container: himself } })
      await self.start()
      await runs(self, 'web/app.0', 'web/app.1')
      const users = usersOf(self.tree().pid)
      const kept = self.appOf('web/app.0')
      await die(self)
      kill(self.appOf('web/app.1'))
      await self.start()
      await runs(self, 'web/app.0', 'web/app.1')
      assert.is(usersOf(self.tree().pid), users)
      assert.is(self.appOf('web/app.0'), kept)
      assert.ok(inputsOf(self.turns(), 'knot.adopted').length >= 1)
      const ends = inputsOf(self.turns(), 'knot.exited')
      assert.equal(
        ends.map(({ instance, app }) => [instance, app]),
        [['web/app.1', 9]],
        'how it ended meanwhile is known',
      )
      assert.is(usersOf(self.appOf('web/app.1')), users)

      // The kernel shows 0 to who may not know it, and that would be a good end.
      kill(self.knotOf('web/app.0'))
      const endsOf = (name: string) =>
        inputsOf(self.turns(), 'knot.exited').filter(({ instance }) => instance === name)
      await until('its end is known', () => endsOf('web/app.0').length === 1)
      assert.is.not(endsOf('web/app.0')[0]?.['status'], 0)
      await until('it is started again', () => ![null, kept].includes(self.appOf('web/app.0')))
      await runs(self, 'web/app.0')
      assert.is(await self.stop(), 0)
      assert.equal(self.leftovers(), [])
    },
    '',
    alone,
  ),
)

const port = await freePort()
const serving =
  `executable: /bin/guest\narguments: [sleep]\n${asHimself}` +
  `tcp-ports: {"${port}": {fd: 3}}\nrestart-timeout: 600\n`

/** The inode of what listens there. */
const listener = (): string | undefined =>
  readFileSync('/proc/net/tcp', 'latin1')
    .split('\n')
    .map(line => line.trim().split(/\s+/))
    .find(
      ([, at, , state]) => at?.endsWith(`:${port.toString(16).toUpperCase()}`) && state === '0A',
    )
    ?.at(9)

real(
  'without root: a socket outlives the supervisor and its only user',
  supervised(
    async self => {
      self.configure({ app: { container: serving } })
      await self.start()
      await runs(self, 'web/app.0')
      const socket = listener()
      const users = usersOf(self.tree().pid)
      assert.type(socket, 'string')
      kill(self.appOf('web/app.0'))
      await until('its end is known', () => inputsOf(self.turns(), 'knot.exited').length === 1)
      await die(self)
      assert.is(listener(), socket, 'the keeper has it')
      await self.start()
      assert.is(usersOf(self.tree().pid), users, 'it is taken over from the keeper')
      assert.is(listener(), socket)
      assert.is(await self.stop(), 0)
      await until('nobody has it', () => listener() === undefined)
      assert.equal(self.leftovers(), [])
    },
    '',
    alone,
  ),
)

const mountsOf = (pid: number | null): ReadonlyMap<string, readonly string[]> =>
  new Map(
    readFileSync(`/proc/${pid}/mountinfo`, 'utf8')
      .trimEnd()
      .split('\n')
      .map(line => line.split(' '))
      .map(([, , , , at = '', options = '']) => [at, options.split(',')] as const),
  )

real(
  'without root: an application can do as little as with root',
  supervised(
    async self => {
      self.configure({
        app: { container: `${himself}volumes: {/tmp: !Tmpfs {size: 1Mi}}\n` },
      })
      await self.start()
      await runs(self, 'web/app.0')
      const app = self.appOf('web/app.0')
      for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
        assert.is(fieldOf(app, set), '0000000000000000', set)
      assert.is(fieldOf(app, 'NoNewPrivs'), '1')
      assert.is(fieldOf(app, 'Seccomp'), '2')
      const mounts = mountsOf(app)
      for (const flag of ['ro', 'nosuid', 'nodev']) assert.ok(mounts.get('/')?.includes(flag), flag)
      for (const place of ['/proc/sys', '/proc/irq', '/sys', '/sys/fs', '/sys/kernel', '/dev'])
        assert.ok(mounts.get(place)?.includes('ro'), place)
      assert.ok(mounts.has('/proc/keys') && mounts.has('/dev/null'))
      for (const flag of ['nosuid', 'nodev']) assert.ok(mounts.get('/tmp')?.includes(flag), flag)
      for (const kind of ['mnt', 'pid', 'ipc', 'uts', 'cgroup'])
        assert.is.not(
          readlinkSync(`/proc/${app}/ns/${kind}`),
          readlinkSync(`/proc/${self.tree().pid}/ns/${kind}`),
          kind,
        )
      const report = self.command('lithos', 'audit', '--config', self.world.master)
      assert.match(report, /web\/app\.0, pid \d+, 1 process: score 100\n/)
      assert.match(report, /each as promised/)
      assert.is(await self.stop(), 0)
    },
    '',
    alone,
  ),
)

test.run()
