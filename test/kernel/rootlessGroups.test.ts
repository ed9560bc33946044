/**
 * Goal: who has been given control groups has limits without root, and leaves the groups as he got
 *   them.
 * Method: groups that are made and given away as systemd does it, in the version that this host
 *   has; limits as the kernel shows them.
 */
import { chownSync, existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { findLayout } from '../../native/cgroup.ts'
import { skipUnless } from '../skip.ts'
import { after, alone } from './ordinary.ts'
import { die, himself } from './ownSupervisor.ts'
import { runs, supervised, until } from './supervised.ts'
import { canContain, whyNot } from './world.ts'

const name = `lithos-given-${process.pid}`
const layout = findLayout({ cgroupName: name, controllers: ['memory', 'pids'] })
const real = skipUnless(canContain && layout.problems.length === 0, `${whyNot}; memory and pids`)

const groups = [...layout.v1, ...(layout.v2 === null ? [] : [layout.v2])].map(({ slice }) => slice)
const files = ['tasks', 'cgroup.procs', 'cgroup.threads', 'cgroup.subtree_control']

const give = (): void => {
  if (layout.v2 !== null)
    writeFileSync(join(dirname(layout.v2.slice), 'cgroup.subtree_control'), '+memory +pids')
  for (const group of groups) {
    mkdirSync(group)
    for (const path of [group, ...files.map(file => join(group, file)).filter(existsSync)])
      chownSync(path, alone.id, alone.id)
  }
}

/** Whoever was moved there may take a moment to be gone. */
const takeBack = async (): Promise<void> => {
  for (const group of groups)
    await until(`${group} is as it was given`, () => {
      try {
        rmdirSync(group)
        return true
      } catch (error) {
        return (error as NodeJS.ErrnoException).code === 'ENOENT'
      }
    })
}

const given = after(groups.map(group => `echo $$ >${group}/cgroup.procs`).join('; '))
const limited = `${himself}memory-limit: 32Mi\npids-limit: 7\n`

/** The file of that name in the group of a process; of both versions one has it. */
const limitOf = (pid: number | null, ...names: readonly string[]): string | undefined => {
  const own = readFileSync(`/proc/${pid}/cgroup`, 'utf8')
  return groups
    .filter(group => own.includes(name) && group.length > 0)
    .flatMap(group => names.map(file => join(group, slice, 'web:app.0.scope', file)))
    .filter(existsSync)
    .map(path => readFileSync(path, 'utf8').trim())[0]
}

let slice = ''

real('without root: limits hold in groups that were given, also after a death', async () => {
  give()
  try {
    await supervised(
      async self => {
        slice = self.world.cgroup
        self.configure({ app: { container: limited } })
        await self.start()
        await runs(self, 'web/app.0')
        const app = self.appOf('web/app.0')
        assert.match(readFileSync(`/proc/${app}/cgroup`, 'utf8'), `${slice}/web:app.0.scope`)
        assert.is(limitOf(app, 'memory.limit_in_bytes', 'memory.max'), String(32 * 2 ** 20))
        assert.is(limitOf(app, 'pids.max'), '7')
        assert.not.match(self.log('master.log'), /control group of his own for .*(memory|pids)/)
        const report = self.command('lithos', 'audit', '--config', self.world.master)
        assert.match(report, /pids\.max 7/)
        assert.match(report, /each as promised/)
        await die(self)
        await self.start()
        await runs(self, 'web/app.0')
        assert.is(self.appOf('web/app.0'), app)
        assert.is(await self.stop(), 0)
        assert.equal(self.leftovers(), [])
      },
      '',
      given,
    )()
  } finally {
    await takeBack()
  }
})

test.run()
