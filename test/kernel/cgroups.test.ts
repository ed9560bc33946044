/**
 * Goal: the application joins its cgroups, the knot stays outside, and a limit that cannot be set
 * is told and stops nothing.
 * Method: cgroups of its own below the roots of both versions, where the machine has them.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { existsSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Step } from '../../native/plan.ts'
import { skipUnless } from '../skip.ts'
import { canContain, ownWorld, planOf, whyNot } from './world.ts'

const contained = skipUnless(canContain, whyNot)
const world = ownWorld()

const firstOf = (paths: readonly string[]): string | null =>
  paths.find(path => existsSync(path)) ?? null
const oldCgroup = firstOf(['/sys/fs/cgroup/cpu/tasks', '/sys/fs/cgroup/memory/tasks'])
const newCgroup = firstOf(['/sys/fs/cgroup/cgroup.procs', '/sys/fs/cgroup/unified/cgroup.procs'])

const inCgroup = async (how: 'tasks' | 'procs', file: string): Promise<void> => {
  const parent = join(file, '..')
  const dir = join(parent, `lithos-test-${process.pid}`)
  const before: Step[] = [{ do: 'cgroup', dir, join: how }]
  const after: Step[] = [{ do: 'joinCgroups' }]
  const plan = planOf(world, ['say=ready', 'sleep'], { before, after })
  try {
    const running = await world.start(plan)
    await running.sees('output', /ready/)
    const members = readFileSync(join(dir, 'cgroup.procs'), 'utf8').trim().split('\n').map(Number)
    assert.is(members.length, 1)
    assert.is.not(members[0], running.pid, 'the knot stays outside')
    process.kill(running.pid, 'SIGTERM')
    await running.over
    const again = await world.run(planOf(world, ['say=again'], { before, after }))
    assert.match(again.output, 'again', 'a cgroup that is there is used')
  } finally {
    world.calm()
    for (let tries = 0; existsSync(dir) && tries < 500; tries++)
      try {
        rmdirSync(dir)
      } catch {
        await new Promise(resolve => setTimeout(resolve, 10))
      }
  }
}

skipUnless(canContain && oldCgroup !== null, 'needs cgroup v1')(
  'the application, and it alone, joins a cgroup of version 1',
  () => inCgroup('tasks', oldCgroup!),
)
skipUnless(canContain && newCgroup !== null, 'needs cgroup v2')(
  'the application, and it alone, is born in a cgroup of version 2',
  () => inCgroup('procs', newCgroup!),
)

contained('a limit that cannot be set is a warning, a missing optional one nothing', async () => {
  const file = join(world.dir, 'limit')
  const before: Step[] = [
    { do: 'limit', file, value: '1', optional: true },
    { do: 'limit', file, value: '2\n3', optional: false },
  ]
  const { log, output } = await world.run(planOf(world, ['say=ran'], { before }))
  assert.match(output, 'ran')
  assert.match(
    log,
    '][WARN] Error setting cgroup limit: writing "2?3" to ' +
      `"${file}": No such file or directory (os error 2)\n`,
  )
  assert.is(log.match(/cgroup limit/g)?.length, 1)
  writeFileSync(file, '')
  await world.run(planOf(world, [], { before: before.slice(0, 1) }))
  assert.is(readFileSync(file, 'utf8'), '1')
})

test.run()
