/**
 * Goal: sandboxes on a bridge as people configure them: they reach each other and the host under
 *   their addresses, whatever happens to the supervisor; no address is had twice; nothing is left.
 * Method: the real commands in a network namespace of the test, with a bridge of its own.
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { addSandbox, imageDir, startTree, writeIn } from '../../src/demo/world.ts'
import { skipUnless } from '../skip.ts'
import { compile } from './compile.ts'
import { canNetwork, enterOwnNetwork, interfaces } from './ownNetwork.ts'
import { inputsOf, kill, run, runs, supervised, until } from './supervised.ts'
import type { Supervised } from './supervised.ts'
import { canContain, whyNot } from './world.ts'

enterOwnNetwork(import.meta.url)

const real = skipUnless(canContain && canNetwork, whyNot)

const bridge = (self: Supervised, name = 'br0'): void => {
  const program = join(self.world.root, 'bridge')
  compile('bridge.c', program)
  const { status, stderr } = spawnSync(program, [name, '198.18.0.1', '16'], { encoding: 'utf8' })
  assert.is(status, 0, stderr)
}

interface Bridged {
  readonly ips: readonly string[]
  readonly sandbox?: string
  readonly network?: string
  readonly bridge?: string
  readonly container?: string
}

/** One process `app` that answers on port 80 with the name of its sandbox. */
const add = (self: Supervised, name: string, { ips, ...rest }: Bridged): void => {
  writeIn(
    imageDir(self.world, 'img'),
    `config/${name}.yaml`,
    `executable: /bin/guest\narguments: ["serve=0.0.0.0,80=${name}"]\n` +
      `restart-timeout: 0\n${rest.container ?? ''}`,
  )
  addSandbox(self.world, name, {
    sandbox:
      'allow-users: [0-70000]\nallow-groups: [0-70000]\ndefault-user: 1000\n' +
      `bridged-network:\n  bridge: ${rest.bridge ?? 'br0'}\n  network: 198.18.0.0/16\n` +
      `${rest.network ?? ''}${rest.sandbox ?? ''}`,
    processes:
      `app:\n  image: img\n  config: /config/${name}.yaml\n  instances: ${ips.length}\n` +
      `  ip-addresses: [${ips.join(', ')}]\n`,
  })
}

/** From the host, or from the network of a process. */
const call = (self: Supervised, ip: string, from: number | null = null, port = 80): string => {
  const guest = join(imageDir(self.world, 'img'), 'bin', 'guest')
  const words = from === null ? [] : ['nsenter', `--net=/proc/${from}/ns/net`]
  const [program = guest, ...more] = [...words, guest, `call=${ip},${port}`]
  return spawnSync(program, more, { encoding: 'utf8' }).stdout.trim()
}

const isQuiet = (): Promise<void> =>
  until('no cable is left', () => String(interfaces()) === 'br0,lo')

real(
  'two sandboxes and the host reach each other, also while and after the supervisor dies',
  supervised(async self => {
    bridge(self)
    add(self, 'one', { ips: ['198.18.0.5', '198.18.1.5'] })
    add(self, 'two', {
      ips: ['198.18.0.6'],
      network: '  default-gateway: 198.18.0.1\n',
      container: 'user-id: 0\n',
      sandbox:
        'uid-map: [{inside: 0, outside: 100000, count: 1000}]\n' +
        'gid-map: [{inside: 0, outside: 100000, count: 1000}]\n',
    })
    const checked = run('lithos_check', '--config', self.world.master)
    assert.is(checked.status, 0, checked.stderr)
    await self.start()
    await runs(self, 'one/app.0', 'one/app.1', 'two/app.0')

    const all = (): void => {
      const [one, two] = [self.knotOf('one/app.0'), self.knotOf('two/app.0')]
      assert.is(call(self, '198.18.0.5'), 'called 198.18.0.5: one')
      assert.is(call(self, '198.18.1.5'), 'called 198.18.1.5: one')
      assert.is(call(self, '198.18.0.6', one), 'called 198.18.0.6: two')
      assert.is(call(self, '198.18.0.5', two), 'called 198.18.0.5: one')
    }
    all()
    const before = self.appOf('one/app.0')
    kill(self.tree().pid)
    await self.tree().ended
    all()
    const tree = startTree(self.world)
    try {
      await until('it is back', () => inputsOf(self.turns(), 'tree.surveyed').length === 2)
      assert.is(self.appOf('one/app.0'), before)
      all()
      // A life that ends takes its cable along; the next has the same names and address.
      kill(before)
      await until('the next life runs', () => call(self, '198.18.0.5') === 'called 198.18.0.5: one')
      assert.is.not(self.appOf('one/app.0'), before)
      all()
    } finally {
      process.kill(tree.pid, 'SIGTERM')
      assert.is(await tree.ended, 0)
    }
    await isQuiet()
    assert.equal(self.leftovers(), [])
  }),
)

real(
  'ports inside the bridge are opened in there, external ones on the host, each at its number',
  supervised(async self => {
    bridge(self)
    const ids = '[{inside: 0, outside: 100000, count: 2000}]'
    add(self, 'one', {
      ips: ['198.18.0.5', '198.18.0.6'],
      sandbox: `allow-tcp-ports: [8123]\nuid-map: ${ids}\ngid-map: ${ids}\n`,
    })
    const ports = [3, 4, 5, 6, 7, 8, 9, 10, 11, 12].map(fd => `  ${70 + fd}: {fd: ${fd}}\n`)
    writeIn(
      imageDir(self.world, 'img'),
      'config/one.yaml',
      'executable: /bin/guest\n' +
        'arguments: ["fds", "serve-at=10=inside", "serve-at=20=outside", "sleep"]\n' +
        `tcp-ports:\n${ports.join('')}  8123: {fd: 20, external: true}\n`,
    )
    await self.start()
    await runs(self, 'one/app.0', 'one/app.1')
    await until('all serve', () => /(serving [^]*){4}/.test(self.log('stderr/one.log')))
    assert.match(self.log('stderr/one.log'), /^descriptors 0 1 2 3 4 5 6 7 8 9 10 11 12 20$/m)
    assert.is(call(self, '198.18.0.5'), 'called 198.18.0.5: inside')
    assert.is(call(self, '198.18.0.6'), 'called 198.18.0.6: inside')
    assert.is(call(self, '127.0.0.1', null, 8123), 'called 127.0.0.1: outside')
    const sockets = readFileSync(`/proc/${self.appOf('one/app.0')}/net/tcp`, 'utf8')
    assert.match(sockets, /^ *\d+: 00000000:0050 00000000:0000 0A .* 101000 +0 \d+ 1 /m)
    assert.is(await self.stop(), 0)
    await isQuiet()
  }),
)

real(
  'an address that a living instance has is given to no other',
  supervised(async self => {
    bridge(self)
    add(self, 'one', { ips: ['198.18.0.5'] })
    add(self, 'two', { ips: ['198.18.0.5'] })
    const checked = run('lithos_check', '--config', self.world.master)
    assert.is(checked.status, 1)
    const clash =
      'two.yaml:5:18: The address 198.18.0.5 of two/app.0 on br0 is that of one/app.0 already'
    assert.match(checked.stderr, clash)
    await self.start()
    await until('one of them is refused', () => inputsOf(self.turns(), 'knot.refused').length > 0)
    const { instance, step, about, code } = inputsOf(self.turns(), 'knot.refused')[0] as Readonly<
      Record<string, unknown>
    >
    const [winner, loser] = instance === 'two/app.0' ? ['one', 'two'] : ['two', 'one']
    assert.equal(
      { instance, step, about, code },
      {
        instance: `${loser}/app.0`,
        step: 'connecting to bridge br0 as 198.18.0.5, which is in use by',
        about: `${winner}/app.0`,
        code: 'EADDRINUSE',
      },
    )
    await until('the other one serves', () => call(self, '198.18.0.5').endsWith(`: ${winner}`))
    assert.is(await self.stop(), 0)
    await isQuiet()
  }),
)

real(
  'an interface that an earlier life has left is removed at the next start of the supervisor',
  supervised(async self => {
    bridge(self)
    add(self, 'one', { ips: ['198.18.0.5', '198.18.0.7'] })
    await self.start()
    await runs(self, 'one/app.0', 'one/app.1')
    const stray = spawn('nsenter', [
      `--net=/proc/${self.knotOf('one/app.0')}/ns/net`,
      'sleep',
      '600',
    ])
    try {
      await until(
        'it is there',
        () => readFileSync(`/proc/${stray.pid}/comm`, 'utf8') === 'sleep\n',
      )
      kill(self.tree().pid)
      await self.tree().ended
      const knot = self.knotOf('one/app.0')
      kill(knot)
      await until('nothing is left of it', () => !existsSync(`/proc/${knot}`))
      const [, old] = interfaces()
      assert.match(old ?? '', /^li_[0-9a-f]{6}_0005$/)
      // Nobody starts it again, and so nobody would need its name.
      add(self, 'one', { ips: ['198.18.0.5', '198.18.0.7'], container: 'executable: [\n' })
      const tree = startTree(self.world)
      await until('it is removed', () => !interfaces().includes(old ?? ''))
      assert.is(call(self, '198.18.0.7'), 'called 198.18.0.7: one')
      process.kill(tree.pid, 'SIGTERM')
      assert.is(await tree.ended, 0)
    } finally {
      stray.kill('SIGKILL')
    }
    await isQuiet()
  }),
)

real(
  'a bridge that is not there is said before the start, and at it',
  supervised(async self => {
    add(self, 'one', { ips: ['198.18.0.5'], bridge: 'br7' })
    const checked = run('lithos_check', '--config', self.world.master)
    assert.is(checked.status, 1)
    assert.match(
      checked.stderr,
      /one\.yaml:6:11: There is no interface "br7" on this host: make it with/,
    )
    await self.start()
    const text =
      /Error starting "one\/app\.0": connecting li_\w+_0005 to bridge "br7": no such device/
    await until('the master log says it', () => text.test(self.log('master.log')))
    assert.match(self.log('one.log'), /to bridge "br7": No such device .*: there is no such bridge/)
    assert.is(await self.stop(), 0)
  }),
)

real(
  'activation as of systemd: the socket is one of the container, on a port of its own',
  supervised(async self => {
    bridge(self)
    writeIn(
      imageDir(self.world, 'img'),
      'config/act.yaml',
      'executable: /bin/guest\narguments: [fds, env, sleep]\n' +
        'variables: {b: !TcpPort {activation: systemd}, a: !TcpPort {activation: systemd}}\n',
    )
    addSandbox(self.world, 'act', {
      sandbox:
        'allow-users: [0-70000]\nallow-groups: [0-70000]\ndefault-user: 1000\n' +
        'bridged-network: {bridge: br0, network: 198.18.0.0/16}\n',
      processes:
        'app:\n  image: img\n  config: /config/act.yaml\n  ip-addresses: [198.18.0.9]\n' +
        '  variables: {a: 81, b: 82}\n',
    })
    await self.start()
    const said = () => self.log('stderr/act.log')
    await until('it has said what it was given', () => /^env LISTEN_PID=\d+$/m.test(said()))
    assert.match(said(), /^descriptors 0 1 2 3 4$/m)
    assert.match(said(), /^env LISTEN_FDS=2$/m)
    assert.match(said(), /^env LISTEN_FDNAMES=a:b$/m)
    const sockets = readFileSync(`/proc/${self.appOf('act/app.0')}/net/tcp`, 'utf8')
    for (const port of [81, 82])
      assert.match(sockets, `:${port.toString(16).padStart(4, '0').toUpperCase()} 00000000:0000 0A`)
    assert.is(await self.stop(), 0)
  }),
)

test.run()
