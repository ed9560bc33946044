/**
 * Goal: a command in a bridged sandbox has the first of its addresses, alone; its cable goes with
 *   it, however its parties end, also where a stranger keeps its network.
 * Method: real commands in a network namespace of the test, with a bridge of its own.
 */
import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { cableEnds } from '../../native/interfaces.ts'
import { addSandbox, imageDir, startTree, writeIn } from '../../src/demo/world.ts'
import { skipUnless } from '../skip.ts'
import { partiesOf, runCommand, startCommand } from './commandWorld.ts'
import { compile } from './compile.ts'
import { canNetwork, enterOwnNetwork, interfaces } from './ownNetwork.ts'
import { kill, run, runs, supervised, until } from './supervised.ts'
import type { Supervised } from './supervised.ts'
import { canContain, whyNot } from './world.ts'

enterOwnNetwork(import.meta.url)

const real = skipUnless(canContain && canNetwork, whyNot)

const serving = (name: string): string => `arguments: ["serve=0.0.0.0,80=${name}"]\n`

/** Commands `one` and `two` at .5, `six` at .6, `none` without; a daemon at .7, or of a choice. */
const configure = (self: Supervised, daemonAt = 7): void => {
  const program = join(self.world.root, 'bridge')
  compile('bridge.c', program)
  if (!interfaces().includes('br0'))
    assert.is(spawnSync(program, ['br0', '198.18.0.1', '16']).status, 0)
  const image = imageDir(self.world, 'img')
  const kind = 'kind: CommandOrDaemon\nexecutable: /bin/guest\ninteractive: true\n'
  for (const name of ['one', 'two', 'six', 'daemon'])
    writeIn(image, `config/${name}.yaml`, kind + serving(name))
  writeIn(image, 'config/none.yaml', `${kind}arguments: [net]\n`)
  const command = (name: string, ips: string): string =>
    `${name}: {kind: Command, image: img, config: /config/${name}.yaml, ip-addresses: [${ips}]}\n`
  addSandbox(self.world, 'web', {
    sandbox:
      'allow-users: [0-70000]\nallow-groups: [0-70000]\ndefault-user: 1000\n' +
      'bridged-network: {bridge: br0, network: 198.18.0.0/16, default-gateway: 198.18.0.1}\n',
    processes:
      command('one', '198.18.0.5, 198.18.0.9') +
      command('two', '198.18.0.5') +
      command('six', '198.18.0.6') +
      command('none', '') +
      `daemon: {image: img, config: /config/daemon.yaml, ip-addresses: [198.18.0.${daemonAt}]}\n`,
  })
}

const call = (self: Supervised, ip: string): string => {
  const guest = join(imageDir(self.world, 'img'), 'bin', 'guest')
  return spawnSync(guest, [`call=${ip},80`], { encoding: 'utf8', timeout: 10_000 }).stdout.trim()
}

const startServing = async (self: Supervised, name: string, ip: string): Promise<ChildProcess> => {
  const child = startCommand(self.world, 'web', name)
  let said = ''
  child.stdout?.on('data', (text: Buffer) => (said += text.toString()))
  // Who calls an address that nobody has yet is held up by the kernel for seconds.
  await until(`${name} listens`, () => said.includes(`serving ${name}`))
  await until(`${name} serves`, () => call(self, ip) === `called ${ip}: ${name}`)
  return child
}

/** Whose cables there are. */
const owners = (): readonly string[] => {
  const ends = cableEnds()
  assert.is(ends._tag, 'Right')
  return ends._tag === 'Right' ? ends.right.map(({ owner }) => owner) : []
}

const isQuiet = (): Promise<void> =>
  until('no cable is left', () => String(interfaces()) === 'br0,lo')

/** In the network of a process, and in nothing else of it. */
const enterNetwork = async (pid: number): Promise<ChildProcess> => {
  const stray = spawn('nsenter', [`--net=/proc/${pid}/ns/net`, 'sleep', '600'])
  const networkOf = (of: number | undefined): string => readlinkSync(`/proc/${of}/ns/net`)
  await until('it is there', () => networkOf(stray.pid) === networkOf(pid))
  return stray
}

const killAll = async (child: ChildProcess): Promise<void> => {
  const pid = child.pid ?? 0
  const { knot, guard } = partiesOf(pid)
  const ended = new Promise(resolve => child.once('close', resolve))
  for (const party of [pid, guard, knot]) kill(party)
  await ended
}

real(
  'a command has the first address, and nobody else has it meanwhile; its cable goes with it',
  supervised(async self => {
    configure(self)
    const child = await startServing(self, 'one', '198.18.0.5')
    const routes = readFileSync(`/proc/${partiesOf(child.pid ?? 0).knot}/net/fib_trie`, 'utf8')
    assert.match(routes, '198.18.0.5')
    assert.not.match(routes, '198.18.0.9')
    assert.equal(owners(), [`web/cmd.one.${child.pid}`])
    const second = runCommand(self.world, ['web', 'two'])
    assert.is(second.code, 1)
    assert.is(
      second.stderr,
      'Fatal error: connecting to bridge br0 as 198.18.0.5: that is the address of ' +
        `web/cmd.one.${child.pid} now\n`,
    )
    const six = await startServing(self, 'six', '198.18.0.6')
    assert.is(call(self, '198.18.0.5'), 'called 198.18.0.5: one')
    six.kill('SIGTERM')
    await until('it has gone', () => owners().length === 1)
    // What is killed by anybody takes its cable along, and leaves the address free.
    await killAll(child)
    await isQuiet()
    const next = await startServing(self, 'two', '198.18.0.5')
    next.kill('SIGTERM')
    await isQuiet()
    assert.is(runCommand(self.world, ['web', 'none']).code, 0)
    assert.equal(interfaces(), ['br0', 'lo'])
  }),
)

real(
  'a cable whose network a stranger keeps is removed by the next command, whichever that is',
  supervised(async self => {
    configure(self)
    for (const [name, ip] of [
      ['six', '198.18.0.6'],
      ['two', '198.18.0.5'],
    ] as const) {
      const child = await startServing(self, 'one', '198.18.0.5')
      const stray = await enterNetwork(partiesOf(child.pid ?? 0).knot ?? 0)
      try {
        await killAll(child)
        assert.equal(owners(), [`web/cmd.one.${child.pid}`])
        const next = await startServing(self, name, ip)
        assert.equal(owners(), [`web/cmd.${name}.${next.pid}`])
        next.kill('SIGTERM')
        await isQuiet()
      } finally {
        stray.kill('SIGKILL')
      }
    }
  }),
)

real(
  'a supervisor removes the cables of dead commands, and leaves those of living ones',
  supervised(async self => {
    configure(self)
    const six = await startServing(self, 'six', '198.18.0.6')
    const child = await startServing(self, 'one', '198.18.0.5')
    const stray = await enterNetwork(partiesOf(child.pid ?? 0).knot ?? 0)
    try {
      await killAll(child)
      const tree = startTree(self.world)
      await runs(self, 'web/daemon.0')
      await until('it is removed', () => !owners().includes(`web/cmd.one.${child.pid}`))
      assert.is(call(self, '198.18.0.6'), 'called 198.18.0.6: six')
      process.kill(tree.pid, 'SIGTERM')
      assert.is(await tree.ended, 0)
      assert.equal(owners(), [`web/cmd.six.${six.pid}`])
      six.kill('SIGTERM')
    } finally {
      stray.kill('SIGKILL')
    }
    await isQuiet()
  }),
)

real(
  'the address of a daemon is not taken from it; lithos_check warns of it',
  supervised(async self => {
    configure(self, 5)
    const checked = run('lithos_check', '--config', self.world.master)
    assert.is(checked.status, 0, checked.stderr)
    assert.match(
      checked.stderr,
      'The address 198.18.0.5 of the command one on br0 is that of web/daemon.0: it can be run',
    )
    await self.start()
    await until('it serves', () => call(self, '198.18.0.5') === 'called 198.18.0.5: daemon')
    const refused = runCommand(self.world, ['web', 'one'])
    assert.match(refused.stderr, /as 198\.18\.0\.5: that is the address of web\/daemon\.0 now\n$/)
    assert.is(refused.code, 1)
    assert.is(call(self, '198.18.0.5'), 'called 198.18.0.5: daemon')
    assert.is(await self.stop(), 0)
    await isQuiet()
  }),
)

test.run()
