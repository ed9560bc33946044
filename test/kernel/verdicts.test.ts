/**
 * Goal: what `lithos_check` says is what then happens: nothing starts that it finds a mistake in,
 *   and everything starts that it finds none in.
 * Method: one world with a sandbox for each row of the table, checked and then started for real.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { addSandbox, imageDir, makeImage, writeIn } from '../../src/demo/world.ts'
import { skipUnless } from '../skip.ts'
import { compile } from './compile.ts'
import { canNetwork, enterOwnNetwork } from './ownNetwork.ts'
import { inputsOf, run, supervised, until } from './supervised.ts'
import type { Supervised } from './supervised.ts'
import { badRows } from './verdicts/bad.ts'
import { badNetworks } from './verdicts/badNetworks.ts'
import { badPlaces } from './verdicts/badPlaces.ts'
import { goodRows } from './verdicts/good.ts'
import type { Row } from './verdicts/row.ts'
import { canContain, whyNot } from './world.ts'

enterOwnNetwork(import.meta.url)

const real = skipUnless(canContain && canNetwork, whyNot)

const furnish = (self: Supervised, name: string, row: Row): void => {
  const { world } = self
  const image = makeImage(world, name)
  writeIn(image, 'etc/hosts', '')
  spawnSync('cp', ['-l', '-r', join(imageDir(world, 'img'), 'bin'), image])
  const container = row.whole ?? 'executable: /bin/guest\narguments: [say=ready, sleep]\n'
  writeIn(image, 'c.yaml', `restart-timeout: 60\n${container}${row.container ?? ''}`)
  row.prepare?.(image, world.root)
  addSandbox(world, name, {
    sandbox:
      (row.users ?? 'allow-users: [0-70000]\nallow-groups: [0-70000]\ndefault-user: 1000\n') +
      (row.sandbox ?? '').replaceAll('$', world.root),
    processes: row.processes ?? `p:\n  image: ${name}\n  config: /c.yaml\n${row.entry ?? ''}`,
  })
}

/** What the check says of one sandbox: of its files and of those in its image. */
const saidOf = (text: string, name: string): readonly string[] =>
  text
    .split('\n')
    .filter(line => line.includes(`/${name}.yaml:`) || line.includes(`/images/${name}/`))

real(
  'every verdict of the check is that of the start',
  supervised(async self => {
    const bridge = join(self.world.root, 'bridge')
    compile('bridge.c', bridge)
    assert.is(spawnSync(bridge, ['br0', '198.18.0.1', '16']).status, 0)
    compile('guest.c', join(imageDir(self.world, 'img'), 'bin', 'linked'))
    const rows = Object.entries({ ...goodRows, ...badRows, ...badNetworks, ...badPlaces })
    for (const [name, row] of rows) furnish(self, name, row)
    const { stderr } = run('lithos_check', '--config', self.world.master)
    await self.start()
    const isOver = (name: string): boolean => /^ready$/m.test(self.log(`stderr/${name}.log`))
    const mayRun = rows.filter(([, { says }]) => says?.runs ?? says === undefined)
    const late = () => mayRun.map(([name]) => name).filter(name => !isOver(name))
    await until('all good ones run', () => late().length === 0).catch((error: unknown) => {
      throw new Error(`${String(error)}: ${late().join(', ')}`)
    })
    const ended = () => inputsOf(self.turns(), 'knot.refused')
    const wrong = rows.flatMap(([name, { says }]) => {
      const said = saidOf(stderr, name)
      const mistakes = said.filter(line => !line.includes(': warning: '))
      const isAsSaid =
        says === undefined
          ? mistakes.length === 0
          : says.isWarning === true || says.runs === true
            ? mistakes.length === 0 && said.some(line => says.text.test(line))
            : mistakes.some(line => says.text.test(line))
      const isAsDone = isOver(name) === (says?.runs ?? says === undefined)
      return isAsSaid && isAsDone ? [] : [{ name, said, runs: isOver(name) }]
    })
    assert.equal(wrong, [], JSON.stringify(ended()))
    assert.is(await self.stop(), 0)
    assert.equal(self.leftovers(), [])
  }),
)

test.run()
