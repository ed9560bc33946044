/**
 * Goal: a switch is whole or not at all, one after the other, and ends with the truth: also when
 * it is killed at any point, when two are started at once, when the supervisor dies under it; and
 * it restarts nothing but what has changed.
 * Method: a real supervisor and real commands. Kills at random moments; SEED=N repeats them.
 */
import { spawn } from 'node:child_process'
import { cpSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { addSandbox, imageDir, program, startTree, stopTree } from '../../src/demo/world.ts'
import { skipUnless } from '../skip.ts'
import { addServer, ask, freePort, inodeOf, isListening, serving } from './serving.ts'
import { inputsOf, run, runs, sleeper, supervised, until } from './supervised.ts'
import type { Supervised } from './supervised.ts'
import { canContain, whyNot } from './world.ts'

const contained = skipUnless(canContain, whyNot)

const entry = (instances: number, mark = 'a', image = 'img'): string =>
  `app:\n  image: ${image}\n  config: /config/app.yaml\n  instances: ${instances}\n` +
  `  variables: {mark: ${mark}}\n`
const container = `${sleeper}variables: {mark: !Name }\nrestart-timeout: 0\n`

const prepare = async (self: Supervised, instances = 2): Promise<void> => {
  self.configure({ app: { container, instances, entry: '  variables: {mark: a}\n' } })
  await self.start()
  await runs(self, ...Array.from({ length: instances }, (_, number) => `web/app.${number}`))
}

const isServing = (self: Supervised, pid: number): boolean =>
  inputsOf(self.turns(), 'tree.started').some(started => started['pid'] === pid)

const target = ({ world }: Supervised) => join(world.root, 'etc/processes/web.yaml')

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const begin = (self: Supervised, file: string, ...words: readonly string[]) => {
  const argv = ['--master', self.world.master, ...words, 'web', file]
  const child = spawn(program('lithos_switch'), argv, { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise<Ended>(resolve => {
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (text: Buffer) => (stdout += text.toString()))
    child.stderr.on('data', (text: Buffer) => (stderr += text.toString()))
    child.on('close', code => resolve({ code, stdout, stderr }))
  })
  return { child, ended }
}

const write = (self: Supervised, name: string, text: string): string => {
  const file = join(self.world.root, name)
  writeFileSync(file, text)
  return file
}

const switchTo = (self: Supervised, text: string) =>
  begin(self, write(self, 'new.yaml', text)).ended

contained('what changes, and nothing else', () =>
  supervised(async self => {
    await prepare(self)
    const app = (number: number) => self.appOf(`web/app.${number}`)
    const [first, second] = [app(0), app(1)]

    const same = await switchTo(self, entry(2))
    assert.is(same.stdout, 'web: 2 kept\n', same.stderr)
    const more = await switchTo(self, entry(3))
    assert.match(more.stdout, /^web: 1 started, 2 kept\n {2}started {2}web\/app\.2, pid \d+\n$/)
    const fewer = await switchTo(self, entry(1))
    assert.match(fewer.stdout, 'web: 2 stopped, 1 kept\n')
    assert.equal([app(0), app(1)], [first, null])
    const changed = await switchTo(self, entry(1, 'b'))
    assert.match(changed.stdout, /^web: 1 restarted\n {2}restarted {2}web\/app\.0, pid \d+\n$/)
    assert.is.not(app(0), first)
    const renamed = await switchTo(self, entry(1, 'b').replace('app:', 'other:'))
    assert.match(renamed.stdout, 'web: 1 started, 1 stopped\n')
    const none = await switchTo(self, '{}')
    assert.match(none.stdout, 'web: 1 stopped\n')
    for (const { code } of [same, more, fewer, changed, renamed, none]) assert.is(code, 0)

    const bad = await switchTo(self, entry(1, 'b', 'missing'))
    assert.is(bad.code, 1)
    assert.match(bad.stderr, 'new.yaml:2:10: ')
    assert.match(
      bad.stderr,
      'Fatal error: Configuration check failed with exit status: exit code: 1',
    )
    assert.is(readFileSync(target(self), 'utf8'), '{}')
    assert.ok(second !== null)
    assert.is(await self.stop(), 0)
  })(),
)

contained('another image, another port: each changes what has it, and nothing else', () =>
  supervised(async self => {
    const [port, next, others] = [await freePort(), await freePort(), await freePort()]
    const move = (text: string, image: string, to: number) =>
      `${text}  image: ${image}\n  config: /config/app.yaml\n  variables: {port: ${to}}\n`
    const file = (image: string, to: number) =>
      move('app:\n', image, to) + move('other:\n', 'img', others)
    addServer(self)
    const ports = { '"@{port}"': 'fd: 3' }
    const app = serving(['3'], ports, 1, 'restart-timeout: 0\nvariables: {port: !TcpPort }')
    self.configure({ app: { ...app, entry: `  variables: {port: ${port}}\n` } })
    writeFileSync(target(self), file('img', port))
    cpSync(imageDir(self.world, 'img'), imageDir(self.world, 'next'), { recursive: true })
    writeFileSync(join(imageDir(self.world, 'next'), 'etc', 'next'), '')
    await self.start()
    await runs(self, 'web/app.0', 'web/other.0')
    const other = self.appOf('web/other.0')
    const [socket, otherSocket] = [inodeOf(self, 'web/app.0', 3), inodeOf(self, 'web/other.0', 3)]

    const image = await switchTo(self, file('next', port))
    assert.match(image.stdout, /^web: 1 restarted, 1 kept\n/, image.stderr)
    assert.ok(existsSync(join('/proc', String(self.appOf('web/app.0')), 'root', 'etc/next')))
    assert.is(inodeOf(self, 'web/app.0', 3), socket, 'the socket is the same')
    const moved = await switchTo(self, file('next', next))
    assert.match(moved.stdout, /^web: 1 restarted, 1 kept\n/, moved.stderr)
    assert.match(await ask(next), /^fd 3 /)
    await until('the former port is closed', () => !isListening(port))
    assert.is(await ask(port), 'ECONNREFUSED')
    assert.equal([self.appOf('web/other.0'), inodeOf(self, 'web/other.0', 3)], [other, otherSocket])
    assert.is(await self.stop(), 0)
  })(),
)

contained('killed at any moment: the old file or the new one, and no lock', () =>
  supervised(async self => {
    await prepare(self, 1)
    const seed = Number(process.env['SEED'] ?? process.pid)
    const texts = [entry(1, 'a'), entry(1, 'b')]
    writeFileSync(target(self), texts[0] ?? '')
    let replaced = 0
    for (let round = 0; round < 25; round += 1) {
      const text = texts[(round + 1) % 2] ?? ''
      const before = readFileSync(target(self), 'utf8')
      const { child, ended } = begin(self, write(self, 'new.yaml', text))
      // From its first instruction to well into its waiting.
      await setTimeout(((seed * 7 + round * 37) % 60) * 2.5)
      child.kill('SIGKILL')
      await ended
      const now = readFileSync(target(self), 'utf8')
      assert.ok(now === before || now === text, `round ${round}, SEED=${seed}: ${now}`)
      if (now !== before) replaced += 1
    }
    assert.ok(replaced < 25)
    // Nobody holds anything, and what was left lying about is gone.
    const last = await begin(self, write(self, 'new.yaml', entry(1, 'c'))).ended
    assert.is(last.code, 0, last.stderr)
    assert.equal(readdirSync(join(self.world.root, 'etc/processes')), ['web.yaml'])
    assert.is(await self.stop(), 0)
  })(),
)

contained('two at once are one after the other, each with its own outcome', () =>
  supervised(async self => {
    await prepare(self, 1)
    for (let round = 0; round < 20; round += 1) {
      const files = [2, 3].map(count =>
        write(self, `new${count}.yaml`, entry(count, `r${round}x${count}`)),
      )
      const ends = await Promise.all(files.map(file => begin(self, file).ended))
      for (const { code, stderr } of ends) assert.is(code, 0, stderr)
      const [two, three] = ends.map(({ stdout }) => stdout.split('\n')[0] ?? '')
      const isThreeLast = readFileSync(target(self), 'utf8').includes('instances: 3')
      const names = ['web/app.0', 'web/app.1', ...(isThreeLast ? ['web/app.2'] : [])]
      assert.equal(
        self.ps().map(({ name, state }) => `${name} ${state}`),
        names.map(name => `${name} running`),
      )
      // The later one has found what the earlier one has made.
      if (isThreeLast) assert.is(three, 'web: 2 restarted, 1 started')
      else assert.is(two, 'web: 2 restarted, 1 stopped')
    }
    assert.is(await self.stop(), 0)
  })(),
)

contained('the supervisor killed under it: the next one is asked, and the truth is told', () =>
  supervised(async self => {
    await prepare(self, 2)
    let tree = self.tree()
    try {
      for (let round = 0; round < 8; round += 1) {
        const kept = self.appOf('web/app.0')
        const text = entry(2, 'a') + entry(1, `r${round}`).replace('app:', 'other:')
        const { ended } = begin(self, write(self, 'new.yaml', text))
        await setTimeout(round * 20)
        process.kill(tree.pid, 'SIGKILL')
        await tree.ended
        tree = startTree(self.world)
        const { code, stdout, stderr } = await ended
        // Before it was reached at all, nobody was there: then it is for the next one to read.
        if (/is not running|has only just begun/.test(stderr)) {
          await until('it is read', () => self.ps().some(({ name }) => name === 'web/other.0'))
          continue
        }
        assert.is(code, 0, `round ${round}: ${stdout}${stderr}`)
        assert.match(stdout, round === 0 ? '1 started, 2 kept' : '2 kept')
        assert.is(self.appOf('web/app.0'), kept)
        assert.is(readFileSync(target(self), 'utf8'), text)
      }
      // Before that a signal is for the launcher, and ends it.
      await until('the last one serves', () => isServing(self, tree.pid))
    } finally {
      assert.is(await stopTree(self.world, tree), 0)
    }
  })(),
)

contained('a sandbox whose file is gone is removed by who says so, in three ways', () =>
  supervised(async self => {
    await prepare(self, 1)
    const { root, master } = self.world
    const file = join(root, 'etc/sandboxes/web.yaml')
    const text = readFileSync(file, 'utf8')
    const reload = async (): Promise<void> => {
      const seq = self.turns().at(-1)?.seq ?? 0
      process.kill(self.tree().pid, 'SIGQUIT')
      await until('it was read', () =>
        self.turns().some(turn => turn.seq > seq && turn.inputs.some(isAboutWeb)),
      )
    }
    const runsAgain = async (): Promise<void> => {
      rmSync(`${file}.removed`, { force: true })
      writeFileSync(file, text)
      writeFileSync(target(self), entry(1))
      await reload()
      await until('it runs', () => self.ps().some(({ state }) => state === 'running'))
    }
    const isGone = () => until('it is gone', () => self.ps().length === 0)

    assert.match(run('lithos_switch', '--master', master, '--remove', 'web').stderr, 'still there')
    rmSync(file)
    await reload()
    assert.is(self.ps().length, 1)
    const removed = run('lithos_switch', '--master', master, '--remove', 'web')
    assert.is(removed.stdout, 'web: 1 stopped\n  stopped  web/app.0\n', removed.stderr)
    await isGone()

    await runsAgain()
    rmSync(file)
    writeFileSync(`${file}.removed`, '')
    await reload()
    await isGone()

    await runsAgain()
    writeFileSync(target(self), '{}')
    await reload()
    await isGone()
    rmSync(file)
    await reload()
    assert.is(inputsOf(self.turns(), 'config.absent').length > 0, true)
    assert.is(await self.stop(), 0)
  })(),
)

const isAboutWeb = ({ type, sandbox }: { readonly type: string; readonly sandbox?: unknown }) =>
  type.startsWith('config.') && sandbox === 'web'

contained('of many sandboxes only the one that is switched is read', () =>
  supervised(async self => {
    await prepare(self, 1)
    addSandbox(self.world, 'bystander', { sandbox: 'not: [good\n', processes: '{' })
    const { code } = await switchTo(self, entry(1, 'b'))
    assert.is(code, 0)
    const about = inputsOf(self.turns(), 'config.refused').map(({ sandbox }) => sandbox)
    assert.equal(about, [])
    assert.is(await self.stop(), 0)
  })(),
)

test.run()
