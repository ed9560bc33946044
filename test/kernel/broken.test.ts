/**
 * Goal: no file that cannot be read stops anything that runs, whatever is wrong with it and
 * wherever it lies; what is wrong is told with the name of the file.
 * Method: every file and directory of a real supervisor is broken in every way; then it is told to
 * reload, by signal and over its socket. The processes must be the same ones afterwards.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { startTree, stopTree } from '../../src/demo/world.ts'
import { skipUnless } from '../skip.ts'
import { inputsOf, run, runs, sleeper, supervised, until } from './supervised.ts'
import type { Supervised } from './supervised.ts'
import { canContain, whyNot } from './world.ts'

const contained = skipUnless(canContain, whyNot)

type Break = (path: string) => void

const inFiles: Readonly<Record<string, Break>> = {
  vanished: () => {},
  empty: path => writeFileSync(path, ''),
  blank: path => writeFileSync(path, '\n# nothing else\n'),
  binary: path => writeFileSync(path, Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 255, 254])),
  'not YAML': path => writeFileSync(path, 'a: [\n'),
  'a list': path => writeFileSync(path, '- a\n'),
  'a directory': path => mkdirSync(path),
  'a link to nothing': path => symlinkSync('nothing', path),
  'a link to itself': path => symlinkSync(path, path),
  'a pipe': path => void spawnSync('mkfifo', [path]),
}

const inDirectories: Readonly<Record<string, Break>> = {
  vanished: () => {},
  empty: path => mkdirSync(path),
  'a file': path => writeFileSync(path, ''),
  'a link to nothing': path => symlinkSync('nothing', path),
  'a link to itself': path => symlinkSync(path, path),
}

const levels: readonly (readonly [string, Readonly<Record<string, Break>>])[] = [
  ['etc/sandboxes', inDirectories],
  ['etc/sandboxes/web.yaml', inFiles],
  ['etc/processes', inDirectories],
  ['etc/processes/web.yaml', inFiles],
  ['images', inDirectories],
  ['images/img', inDirectories],
  ['images/img/config/app.yaml', inFiles],
]

const appsOf = (self: Supervised) => [0, 1].map(number => self.appOf(`web/app.${number}`))

/** Breaks it, asks, mends it. */
const whileBroken = async (path: string, how: Break, body: () => Promise<void>): Promise<void> => {
  renameSync(path, `${path}.kept`)
  try {
    how(path)
    await body()
  } finally {
    rmSync(path, { recursive: true, force: true })
    renameSync(`${path}.kept`, path)
  }
}

const lastSeq = (self: Supervised): number => self.turns().at(-1)?.seq ?? 0
const after = (self: Supervised, seq: number) => self.turns().filter(turn => turn.seq > seq)

/** The reasons of all refusals since. */
const refusals = (self: Supervised, seq: number): string =>
  [...inputsOf(after(self, seq), 'config.refused'), ...inputsOf(after(self, seq), 'exec.refused')]
    .flatMap(({ reasons }) => reasons as string[])
    .join('\n')

/** What is in an image is named as the container would. */
const names = (reasons: string, path: string): boolean =>
  reasons.includes(path) ||
  path.split('/images/img').every(part => reasons.includes(part.replace(/.*(?=\/images)/, '')))

const prepare = async (self: Supervised): Promise<void> => {
  self.configure({ app: { container: sleeper, instances: 2 } })
  await self.start()
  await runs(self, 'web/app.0', 'web/app.1')
}

const loads = (self: Supervised, seq: number): boolean =>
  after(self, seq).some(({ effects }) => effects.some(({ type }) => type === 'load'))

for (const [level, ways] of levels)
  contained(`${level} broken, and a reload by signal and by socket`, () =>
    supervised(async self => {
      await prepare(self)
      const before = appsOf(self)
      const { root, master } = self.world
      writeFileSync(join(root, 'new.yaml'), readFileSync(join(root, 'etc/processes/web.yaml')))
      for (const [name, how] of Object.entries(ways)) {
        const path = join(root, level)
        const seq = lastSeq(self)
        await whileBroken(path, how, async () => {
          process.kill(self.tree().pid, 'SIGQUIT')
          await until(`${name} was refused`, () => refusals(self, seq) !== '')
          assert.ok(names(refusals(self, seq), path), `${name}: ${refusals(self, seq)}`)
          assert.equal(appsOf(self), before, name)

          const mark = lastSeq(self)
          const reloaded = await ask(self, { do: 'reload' })
          assert.match(reloaded, '"result":"refused"', name)
          assert.ok(names(refusals(self, mark), path), name)
          assert.equal(appsOf(self), before, name)
          // Where only that file is missing, a switch is what mends it.
          if (!path.includes('/processes')) {
            const { status, stderr } = run(
              'lithos_switch',
              '--master',
              master,
              'web',
              `${root}/new.yaml`,
            )
            assert.is(status, 1, `${name}: ${stderr}`)
            assert.equal(appsOf(self), before, name)
          }
        })
      }
      // Mended: it is taken again, and still nothing has happened to them.
      const seq = lastSeq(self)
      process.kill(self.tree().pid, 'SIGHUP')
      await until('it reloads', () => loads(self, seq))
      assert.match(await ask(self, { do: 'reload' }), '"result":"taken"')
      assert.equal(appsOf(self), before)
      assert.is(await self.stop(), 0)
    })(),
  )

/** Until it answers: a supervisor may be between two images. */
const ask = async (self: Supervised, request: object): Promise<string> => {
  const line = JSON.stringify({ v: 1, id: 1, ...request })
  for (let tries = 0; ; tries++) {
    const answer = await askOnce(join(self.world.root, 'run/control'), line)
    if (answer !== null) return answer
    assert.ok(tries < 3_000, 'nobody listens')
    await setTimeout(20)
  }
}

/** Null: nobody was there. */
const askOnce = (path: string, line: string): Promise<string | null> =>
  new Promise(resolve => {
    const socket = connect(path, () => socket.end(`${line}\n`))
    let text = ''
    socket.on('data', (data: Buffer) => (text += data.toString()))
    socket.on('close', hasFailed => resolve(hasFailed ? null : text)).on('error', () => {})
  })

contained('the master file broken in every way, and a signal', () =>
  supervised(async self => {
    await prepare(self)
    const before = appsOf(self)
    const { master } = self.world
    for (const [name, how] of Object.entries(inFiles)) {
      const seq = lastSeq(self)
      await whileBroken(master, how, async () => {
        process.kill(self.tree().pid, 'SIGQUIT')
        await until(`${name} was refused`, () => refusals(self, seq) !== '')
        assert.ok(refusals(self, seq).includes(master), name)
        assert.equal(appsOf(self), before, name)
        const { status } = run('lithos_switch', '--master', master, 'web', master)
        assert.is(status, 1, name)
      })
    }
    assert.is(await self.stop(), 0)
  })(),
)

contained(
  'killed while the master file is broken: the next one goes on with the last good one',
  () =>
    supervised(async self => {
      await prepare(self)
      const before = appsOf(self)
      const { root, master } = self.world
      await until('the master file is kept', () => existsSync(join(root, 'run/good/master.json')))
      process.kill(self.tree().pid, 'SIGKILL')
      await self.tree().ended
      const seq = lastSeq(self)
      await whileBroken(
        master,
        path => writeFileSync(path, ''),
        async () => {
          const next = startTree(self.world)
          try {
            await until('it serves', () => loads(self, seq))
            const [started] = inputsOf(after(self, seq), 'tree.started')
            assert.match(String(started?.['master']), 'the last good master configuration is used')
            const said = `${master}:1:1: the file is empty`
            await until('the log says so', () => self.log('master.log').includes(said))
            assert.equal(appsOf(self), before)
            const ps = run('lithos_ps', '-C', master)
            assert.is(ps.status, 0)
            assert.match(ps.stderr, 'last good one')
            // It supervises: what ends is started again.
            process.kill(before[0] ?? 0, 'SIGKILL')
            await until(
              'it runs again',
              () => appsOf(self)[0] != null && appsOf(self)[0] !== before[0],
            )
            assert.is(appsOf(self)[1], before[1])
          } finally {
            assert.is(await stopTree(self.world, next), 0)
          }
        },
      )
    })(),
)

contained('without a last good one a broken master file is the end, as it always was', () =>
  supervised(async self => {
    writeFileSync(self.world.master, '')
    const tree = startTree(self.world)
    assert.is(await tree.ended, 1)
  })(),
)

test.run()
