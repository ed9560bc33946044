/**
 * Goal: the ways of lithos_switch beside the usual one: a look ahead, the way back, a supervisor
 *   without a socket, one that is refused its exec; and what it must never do by half.
 * Method: a real supervisor, real commands; what they print, and which processes are the same.
 */
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { skipUnless } from '../skip.ts'
import { freePort } from './serving.ts'
import { damage, inputsOf, run, runs, sleeper, supervised, until } from './supervised.ts'
import type { Supervised } from './supervised.ts'
import { canContain, whyNot } from './world.ts'

const contained = skipUnless(canContain, whyNot)

const entry = (instances: number, mark: string): string =>
  `app:\n  image: img\n  config: /config/app.yaml\n  instances: ${instances}\n` +
  `  variables: {mark: ${mark}}\n`
const container = `${sleeper}variables: {mark: !Name }\nrestart-timeout: 0\n`

const prepare = async (self: Supervised): Promise<void> => {
  self.configure({ app: { container, instances: 2 } })
  writeFileSync(target(self), entry(2, 'a'))
  await self.start()
  await runs(self, 'web/app.0', 'web/app.1')
}

const target = ({ world }: Supervised) => join(world.root, 'etc/processes/web.yaml')

const switchTo = (self: Supervised, text: string, ...words: readonly string[]) => {
  const file = join(self.world.root, 'new.yaml')
  writeFileSync(file, text)
  return run('lithos_switch', '--master', self.world.master, ...words, 'web', file)
}

contained('a look ahead says what would be done, and does nothing', () =>
  supervised(async self => {
    await prepare(self)
    const before = [0, 1].map(number => self.appOf(`web/app.${number}`))
    const seq = self.turns().at(-1)?.seq
    const { stdout, status } = switchTo(self, entry(1, 'b'), '--dry-run')
    assert.is(status, 0)
    assert.match(stdout, 'web: 1 to stop, 1 to restart\n')
    assert.match(stdout, 'web/app.1: there are to be fewer instances')
    assert.match(stdout, 'web/app.0: variables: {"mark":"a"} → {"mark":"b"}')
    assert.is(switchTo(self, 'app: {', '--dry-run').status, 1)
    assert.is(readFileSync(target(self), 'utf8'), entry(2, 'a'))
    assert.equal(readdirSync(join(self.world.root, 'etc/processes')), ['web.yaml'])
    assert.equal(
      [0, 1].map(number => self.appOf(`web/app.${number}`)),
      before,
    )
    assert.is(self.turns().at(-1)?.seq, seq)
    assert.is(await self.stop(), 0)
  })(),
)

contained('the way back, and back again', () =>
  supervised(async self => {
    await prepare(self)
    const back = () => run('lithos_switch', '--master', self.world.master, '--rollback', 'web')
    assert.match(back().stderr, 'there is no way back')
    assert.is(switchTo(self, entry(1, 'b')).status, 0)
    assert.match(back().stdout, 'web: 1 restarted, 1 started\n')
    assert.is(readFileSync(target(self), 'utf8'), entry(2, 'a'))
    // Somebody has broken the file by hand.
    writeFileSync(target(self), 'app: {')
    assert.is(back().status, 0)
    assert.not.match(readFileSync(target(self), 'utf8'), 'app: {')
    assert.is(await self.stop(), 0)
  })(),
)

contained('a supervisor without a control socket is signalled', () =>
  supervised(async self => {
    await prepare(self)
    const socket = join(self.world.root, 'run/control')
    await until('it listens', () => existsSync(socket))
    rmSync(socket)
    const { status, stderr } = switchTo(self, entry(1, 'a'))
    assert.is(status, 0, stderr)
    assert.match(stderr, 'has no control socket: sending SIGQUIT')
    await until('it has read it', () => self.ps().length === 1)
    assert.is(await self.stop(), 0)
  })(),
)

contained('an application that cannot start is no success, and the reason is said', () =>
  supervised(async self => {
    await prepare(self)
    const text = entry(1, 'a').replace('app.yaml', 'bad.yaml')
    // No check can know who will have the port.
    const port = await freePort()
    const thief = createServer().listen(port, '0.0.0.0')
    await new Promise(resolve => thief.once('listening', resolve))
    writeFileSync(
      join(self.world.root, 'images/img/config/bad.yaml'),
      container.replace('restart-timeout: 0', `restart-timeout: 60\ntcp-ports: {${port}: {fd: 3}}`),
    )
    const { status, stdout, stderr } = switchTo(self, text)
    await new Promise(resolve => thief.close(resolve))
    assert.is(status, 3, stdout + stderr)
    assert.match(stdout, /not running +web\/app\.0: .*address already in use/)
    assert.match(stdout, 'web: 1 not running, 1 stopped\n')
    assert.is(await self.stop(), 0)
  })(),
)

contained('what one that was killed has left goes with the next of any sandbox', () =>
  supervised(async self => {
    await prepare(self)
    const directory = join(self.world.root, 'etc/processes')
    writeFileSync(join(directory, '.tmp.other.4194999'), '')
    writeFileSync(join(directory, `.tmp.other.${process.pid}`), '')
    writeFileSync(join(directory, '.tmp.web.1'), '')
    assert.is(switchTo(self, entry(2, 'a')).status, 0)
    assert.equal(readdirSync(directory).sort(), [`.tmp.other.${process.pid}`, 'web.yaml'])
    assert.is(await self.stop(), 0)
  })(),
)

contained('what is refused is seen by who looks', () =>
  supervised(async self => {
    await prepare(self)
    const ps = () => run('lithos_ps', '-C', self.world.master)
    assert.is(ps().stderr, '')
    writeFileSync(target(self), 'app: {\n')
    process.kill(self.tree().pid, 'SIGQUIT')
    await until('it was refused', () => inputsOf(self.turns(), 'config.refused').length > 0)
    assert.match(ps().stderr, /^web: configuration refused since \S+: .*web\.yaml:\d+:\d+: /)
    const json = run('lithos_ps', '-C', self.world.master, '--json').stdout
    const { trees } = JSON.parse(json) as { trees: [{ refused: { sandbox: string }[] }] }
    assert.equal(
      trees[0].refused.map(({ sandbox }) => sandbox),
      ['web'],
    )
    assert.is(switchTo(self, entry(2, 'a')).status, 0)
    assert.is(ps().stderr, '')
    assert.is(await self.stop(), 0)
  })(),
)

contained('places of what runs are not moved under it', () =>
  supervised(async self => {
    await prepare(self)
    const { master, root } = self.world
    const before = self.appOf('web/app.0')
    const text = readFileSync(master, 'utf8')
    for (const [key, line] of [
      ['runtime-dir', `runtime-dir: ${root}/run2`],
      ['cgroup-name', 'cgroup-name: other'],
    ] as const) {
      damage(master, old => old.replace(new RegExp(`^${key}: .*$`, 'm'), line))
      const count = inputsOf(self.turns(), 'exec.refused').length
      process.kill(self.tree().pid, 'SIGQUIT')
      await until('it was refused', () => inputsOf(self.turns(), 'exec.refused').length > count)
      const reasons = inputsOf(self.turns(), 'exec.refused').at(-1)?.['reasons'] as string[]
      assert.match(reasons.join('\n'), new RegExp(`master\\.yaml:\\d+:\\d+: ${key} cannot change`))
      assert.is(self.appOf('web/app.0'), before)
      assert.not(existsSync(`${root}/run2`))
      writeFileSync(master, text)
    }
    assert.is(await self.stop(), 0)
  })(),
)

test.run()
