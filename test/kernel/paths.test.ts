/**
 * Goal: lithos_ps knows a supervisor by its master file, by whatever path it or we name that; and
 *   neither it nor a supervisor takes the containers of one for those of another that was started
 *   with the same words.
 * Method: two of them, each started in its own directory with a name that has a space in it. One
 *   is killed and started again.
 */
import { renameSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { startTree, stopTree } from '../../src/demo/world.ts'
import type { Tree } from '../../src/demo/world.ts'
import { skipUnless } from '../skip.ts'
import { kill, makeSupervised, run, sleeper, until } from './supervised.ts'
import type { Supervised } from './supervised.ts'
import { canContain, whyNot } from './world.ts'

const contained = skipUnless(canContain, whyNot)

interface Child {
  readonly name: string
  readonly ok: boolean
  readonly app_pid: number
}

interface Shown {
  readonly config: string
  readonly pid: number
  readonly children: readonly Child[]
}

const name = 'the master.yaml'

const shownBy = (...words: readonly string[]): readonly Shown[] =>
  (JSON.parse(run('lithos_ps', '--json', ...words).stdout) as { trees: Shown[] }).trees

const journalOf = ({ world }: Supervised): string =>
  run('lithos', 'journal', 'show', '-C', join(dirname(world.master), name)).stdout

const startThere = ({ world }: Supervised): Tree => {
  const home = process.cwd()
  process.chdir(dirname(world.master))
  try {
    return startTree({ ...world, master: name })
  } finally {
    process.chdir(home)
  }
}

contained('by any path, and each with its own containers', async () => {
  const worlds = [makeSupervised(), makeSupervised()]
  const trees: Tree[] = []
  try {
    for (const [index, self] of worlds.entries()) {
      renameSync(self.world.master, join(dirname(self.world.master), name))
      self.configure({ [`app-${index}`]: { container: sleeper } })
      trees.push(startThere(self))
    }
    for (const [index, { world }] of worlds.entries()) {
      const path = join(dirname(world.master), name)
      const link = join(world.root, 'link.yaml')
      symlinkSync(path, link)
      const pid = trees[index]?.pid
      const expected = [[`web/app-${index}.0`, true]]
      const here = () =>
        shownBy('-C', path).filter(({ children }) => children.every(({ ok }) => ok))
      await until('it runs', () => here().some(({ children }) => children.length > 0))
      for (const words of [['-C', path], ['-C', link], []]) {
        const found = shownBy(...words).find(tree => tree.pid === pid)
        assert.is(found?.config, name, `${words}`)
        const children = found?.children.map(({ name, ok }) => [name, ok])
        assert.equal(children, expected, `${words}`)
      }
    }

    const apps = () =>
      shownBy()
        .filter(({ config }) => config === name)
        .flatMap(({ children }) => children.map(({ app_pid }) => app_pid))
    const before = apps()
    const [first, ...others] = trees.splice(0)
    kill(first?.pid ?? null, 'SIGKILL')
    await first?.ended
    trees.push(startThere(worlds[0]!), ...others)
    await until('it is back', () => shownBy().some(({ pid }) => pid === trees[0]?.pid))
    await until(
      'it has read everything',
      () => (journalOf(worlds[0]!).match(/ was read: /g) ?? []).length > 1,
    )
    assert.equal(apps().sort(), before.sort())
  } finally {
    for (const [index, tree] of trees.entries()) await stopTree(worlds[index]!.world, tree)
    for (const self of worlds) await self.close()
  }
})

test.run()
