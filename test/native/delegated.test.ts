/**
 * Goal: without root, groups are made below the one that was given to the user, and nowhere else.
 * Method: the files of /proc and the rights, as v1 and v2 hosts have them.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { findDelegated } from '../../native/delegated.ts'

const v2 = '31 25 0:26 / /sys/fs/cgroup rw shared:9 - cgroup2 cgroup2 rw,nsdelegate'
const memory = '32 25 0:27 / /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory'
const unit = '/user.slice/user@1000.service/app.slice/lithos.service'

const wanted = {
  cgroupName: 'lithos.slice',
  controllers: ['name', 'cpu', 'cpuacct', 'memory', 'blkio'],
  further: ['pids'],
}

const find = (
  files: Readonly<Record<string, string>>,
  mine: readonly string[],
  supervisor: number | null = null,
) =>
  findDelegated(
    { ...wanted, supervisor },
    path => files[path] ?? null,
    path => mine.includes(path),
  )

const dir = `/sys/fs/cgroup${unit}`
const given = [dir, `${dir}/cgroup.procs`]
const offered = { [`${dir}/cgroup.controllers`]: 'cpu memory pids\n' }

test('v2: below the group of the unit, with what it offers', () => {
  const files = { '/proc/self/cgroup': `0::${unit}\n`, '/proc/self/mountinfo': v2, ...offered }
  const layout = find(files, given)
  assert.equal(layout.v2, {
    mount: dir,
    slice: `${dir}/lithos.slice`,
    controllers: ['cpu', 'memory', 'pids'],
    isDelegated: true,
  })
  assert.equal(layout.withheld?.controllers, ['blkio'])
  assert.match(layout.withheld?.why ?? '', /no control group of his own for blkio/)
  assert.equal(layout.problems, [])
})

test('v2: the same group from inside of it, and for who asks about another process', () => {
  for (const inside of ['/lithos.slice', '/lithos.slice/tree']) {
    const files = { '/proc/self/mountinfo': v2, ...offered }
    const text = `0::${unit}${inside}\n`
    assert.is(find({ ...files, '/proc/self/cgroup': text }, given).v2?.mount, dir)
    const other = { ...files, '/proc/self/cgroup': '0::/elsewhere\n', '/proc/7/cgroup': text }
    assert.is(find(other, given, 7).v2?.mount, dir)
  }
})

test('what somebody else owns is none: all limits are withheld', () => {
  const files = { '/proc/self/cgroup': `0::${unit}\n`, '/proc/self/mountinfo': v2, ...offered }
  for (const mine of [[], [dir], [`${dir}/cgroup.procs`]]) {
    const layout = find(files, mine)
    assert.is(layout.v2, null)
    assert.equal(layout.v1, [])
    assert.equal(layout.withheld?.controllers, [...wanted.controllers, 'pids'])
    assert.match(layout.withheld?.why ?? '', /for cpu, memory, blkio, pids$/)
  }
})

test('v1: the hierarchies that are his, beside others', () => {
  const files = {
    '/proc/self/cgroup': `5:memory:/mine\n4:cpu:/\n0::/\n`,
    '/proc/self/mountinfo': memory,
  }
  const place = '/sys/fs/cgroup/memory/mine'
  const layout = find(files, [place, `${place}/tasks`])
  assert.equal(layout.v1, [{ controllers: ['memory'], slice: `${place}/lithos.slice` }])
  assert.ok(layout.withheld?.controllers.includes('cpu'))
  assert.not.ok(layout.withheld?.controllers.includes('memory'))
})

test.run()
