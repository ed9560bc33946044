/**
 * Goal: what is installed at the path of a running supervisor is what SIGQUIT, or a crash, makes
 *   of it; what cannot start never takes over; and no container notices.
 * Method: copies of what is built, with other versions written into them; behind a link, and in
 *   one place, overwritten, halved, broken.
 */
import { cpSync, mkdirSync, readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { packageDir } from '../../native/where.ts'
import { program } from '../../src/demo/world.ts'
import { skipUnless } from '../skip.ts'
import { inputsOf, kill, runs, sleeper, supervised, until } from './supervised.ts'
import type { Supervised } from './supervised.ts'
import { canContain, whyNot } from './world.ts'

const real = skipUnless(canContain, whyNot)

const checkout = dirname(dirname(dirname(program('lithos_tree'))))
const pieces = readdirSync(join(checkout, 'dist')).filter(name => /^tree.*\.cjs$/.test(name))
const built = ['start.cjs', ...pieces, 'complete', 'lithos_tree', 'node-path', 'native']

/** What npm would have put there, as far as a supervisor needs it. */
const install = (root: string, version: string): void => {
  for (const name of built)
    cpSync(join(checkout, 'dist', name), join(root, 'dist', name), {
      recursive: true,
      verbatimSymlinks: true,
    })
  cpSync(join(checkout, 'src', 'bin'), join(root, 'src', 'bin'), { recursive: true })
  rmSync(join(root, 'node_modules'), { force: true })
  symlinkSync(join(packageDir, 'node_modules'), join(root, 'node_modules'))
  for (const file of pieces.map(name => join(root, 'dist', name)))
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll('0.18.4', version))
}

const starts = (self: Supervised) => inputsOf(self.turns(), 'tree.started')
const refusals = (self: Supervised) => inputsOf(self.turns(), 'exec.refused')

const restart = async (self: Supervised, signal: NodeJS.Signals, version: string) => {
  const surveys = () => inputsOf(self.turns(), 'tree.surveyed').length
  const [count, pid, knot] = [surveys(), self.tree().pid, self.knotOf('web/app.0')]
  const app = self.appOf('web/app.0')
  kill(pid, signal)
  await until(`${version} serves`, () => surveys() > count)
  assert.is(starts(self).at(-1)?.['version'], version)
  assert.ok(self.tree().isAlive())
  assert.equal([self.knotOf('web/app.0'), self.appOf('web/app.0')], [knot, app])
  assert.is(readFileSync(`/proc/${pid}/comm`, 'utf8'), 'lithos_tree\n')
}

const knotProgram = (self: Supervised, instance: string): string =>
  readlinkSync(`/proc/${self.knotOf(instance)}/exe`)

real(
  'a link leads to another version: it serves, also after the old one was removed',
  supervised(async self => {
    const opt = join(self.world.root, 'opt')
    mkdirSync(opt)
    for (const version of ['1', '2', '3']) install(join(opt, `v${version}`), `${version}.0.0`)
    const lead = (version: string): void => {
      symlinkSync(`v${version}`, join(opt, 'next'))
      renameSync(join(opt, 'next'), join(opt, 'current'))
    }
    lead('1')
    self.configure({ app: { container: sleeper } })
    await self.start(join(opt, 'current', 'src', 'bin', 'lithos_tree'))
    await runs(self, 'web/app.0')
    assert.is(starts(self).at(-1)?.['version'], '1.0.0')
    lead('2')
    await restart(self, 'SIGQUIT', '2.0.0')
    await restart(self, 'SIGQUIT', '2.0.0')
    lead('3')
    rmSync(join(opt, 'v2'), { recursive: true })
    await restart(self, 'SIGSEGV', '3.0.0')
    lead('1')
    rmSync(join(opt, 'v3'), { recursive: true })
    await restart(self, 'SIGQUIT', '1.0.0')
    self.configure({ app: { container: sleeper }, more: { container: sleeper } })
    await restart(self, 'SIGQUIT', '1.0.0')
    await runs(self, 'web/more.0')
    assert.is(knotProgram(self, 'web/more.0'), join(opt, 'v1/dist/native/lithos_knot'))
    assert.is(await self.stop(), 0)
    assert.equal(self.leftovers(), [])
  }),
)

real(
  'overwritten in place: new knots are new ones, old ones stay',
  supervised(async self => {
    const root = join(self.world.root, 'opt')
    install(root, '1.0.0')
    self.configure({ app: { container: sleeper } })
    await self.start(join(root, 'src', 'bin', 'lithos_tree'))
    await runs(self, 'web/app.0')
    rmSync(root, { recursive: true })
    install(root, '2.0.0')
    await restart(self, 'SIGQUIT', '2.0.0')
    self.configure({ app: { container: sleeper }, more: { container: sleeper } })
    await restart(self, 'SIGHUP', '2.0.0')
    await runs(self, 'web/more.0')
    assert.match(knotProgram(self, 'web/app.0'), / \(deleted\)$/)
    assert.is(knotProgram(self, 'web/more.0'), join(root, 'dist/native/lithos_knot'))
  }),
)

real(
  'half a deployment does not take over, and says why',
  supervised(async self => {
    const root = join(self.world.root, 'opt')
    const dist = (name: string) => join(root, 'dist', name)
    install(root, '1.0.0')
    self.configure({ app: { container: sleeper } })
    await self.start(join(root, 'src', 'bin', 'lithos_tree'))
    await runs(self, 'web/app.0')
    const app = self.appOf('web/app.0')
    const damages: readonly (readonly [damage: () => void, reason: RegExp])[] = [
      [() => truncateSync(dist('tree.cjs'), 100_000), /does not start: \w+Error/],
      [() => truncateSync(dist('tree.cjs'), 0), /does not start/],
      [() => rmSync(dist('tree.cjs')), /does not start: .*tree\.cjs is missing/],
      ...pieces.map(name => [() => rmSync(dist(name)), /does not start/] as const),
      [() => writeFileSync(dist('start.cjs'), 'throw new TypeError("x")'), /TypeError: x/],
      [() => rmSync(dist('native/lithos_knot')), /leads to no .*lithos_knot/],
      [() => truncateSync(dist('native/liblithos.so'), 3_000), /does not start/],
      [() => rmSync(join(root, 'dist'), { recursive: true }), /leads to no|does not start/],
      [() => rmSync(root, { recursive: true }), /leads to no|does not start/],
    ]
    const { pid } = self.tree()
    for (const [damage, reason] of damages) {
      // Files that are mapped are replaced, as package managers do, and not written over.
      rmSync(root, { recursive: true, force: true })
      install(root, '2.0.0')
      damage()
      const count = refusals(self).length
      kill(pid, 'SIGQUIT')
      await until(`it is refused: ${reason}`, () => refusals(self).length > count)
      assert.match(String(refusals(self).at(-1)?.['reasons']), reason)
    }
    assert.is(starts(self).length, 1)
    assert.is(self.appOf('web/app.0'), app)
    install(root, '3.0.0')
    await restart(self, 'SIGQUIT', '3.0.0')
    assert.is(await self.stop(), 0)
    assert.equal(self.leftovers(), [])
  }),
)

real(
  'nothing is installed any more when it crashes: containers live on for the next one',
  supervised(async self => {
    const root = join(self.world.root, 'opt')
    install(root, '1.0.0')
    self.configure({ app: { container: sleeper } })
    await self.start(join(root, 'src', 'bin', 'lithos_tree'))
    await runs(self, 'web/app.0')
    const app = self.appOf('web/app.0')
    rmSync(root, { recursive: true })
    kill(self.tree().pid, 'SIGSEGV')
    assert.is.not(await self.tree().ended, 0)
    assert.is(self.appOf('web/app.0'), app)
    await self.start()
    assert.is(self.appOf('web/app.0'), app)
    assert.is(inputsOf(self.turns(), 'knot.adopted').length, 1)
    assert.is(await self.stop(), 0)
    assert.equal(self.leftovers(), [])
  }),
)

test.run()
