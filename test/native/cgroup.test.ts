/**
 * Goal: the same groups are found on every kind of host, and what is missing is said by name.
 * Method: the files of /proc as v1, hybrid and v2 hosts write them; then this host's own.
 */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { findLayout, groupsOf, slicesOf } from '../../native/cgroup.ts'
import type { Read } from '../../native/cgroup.ts'

const mount = (type: string, point: string, options: string, root = '/') =>
  `31 25 0:26 ${root} ${point} rw,relatime shared:9 - ${type} ${type} rw,${options}`

const host = (groups: readonly string[], mounts: readonly string[], offered?: string): Read => {
  const files: Readonly<Record<string, string>> = {
    '/proc/1/cgroup': groups.join('\n'),
    '/proc/self/mountinfo': mounts.join('\n'),
    ...(offered !== undefined && { '/sys/fs/cgroup/cgroup.controllers': offered }),
  }
  return path => files[path] ?? null
}

const controllers = ['name', 'cpu', 'cpuacct', 'memory', 'blkio']
const wanted = { cgroupName: 'lithos.slice', controllers }

test('v1, where two controllers share a hierarchy', () => {
  const read = host(
    [
      '4:memory:/',
      '3:cpu,cpuacct:/',
      '2:blkio:/init',
      '1:name=systemd:/init.scope',
      '0::/init.scope',
    ],
    [
      mount('cgroup', '/sys/fs/cgroup/memory', 'memory'),
      mount('cgroup', '/sys/fs/cgroup/cpu,cpuacct', 'cpu,cpuacct'),
      mount('cgroup', '/sys/fs/cgroup/blkio', 'blkio'),
      mount('cgroup', '/sys/fs/cgroup/systemd', 'xattr,name=systemd'),
      mount('cgroup2', '/sys/fs/cgroup/unified', 'nsdelegate'),
    ],
  )
  const layout = findLayout(wanted, read)
  assert.equal(layout.problems, [])
  assert.is(layout.v2, null)
  assert.equal(groupsOf(layout, 'sb/web.0').v1, [
    { controllers: ['name'], dir: '/sys/fs/cgroup/systemd/init.scope/lithos.slice/sb:web.0.scope' },
    {
      controllers: ['cpu', 'cpuacct'],
      dir: '/sys/fs/cgroup/cpu,cpuacct/lithos.slice/sb:web.0.scope',
    },
    { controllers: ['memory'], dir: '/sys/fs/cgroup/memory/lithos.slice/sb:web.0.scope' },
    { controllers: ['blkio'], dir: '/sys/fs/cgroup/blkio/init/lithos.slice/sb:web.0.scope' },
  ])
})

test('v2 alone, beside the leaf that systemd has put pid 1 into', () => {
  const read = host(
    ['0::/init.scope'],
    [mount('cgroup2', '/sys/fs/cgroup', 'nsdelegate')],
    'cpuset cpu io memory pids\n',
  )
  const layout = findLayout(wanted, read)
  assert.equal(layout.problems, [])
  assert.equal(layout.v1, [])
  assert.equal(layout.v2, {
    mount: '/sys/fs/cgroup',
    slice: '/sys/fs/cgroup/lithos.slice',
    controllers: ['cpu', 'memory', 'io'],
  })
  assert.equal(slicesOf(layout), { v1: [], v2: '/sys/fs/cgroup/lithos.slice' })
  assert.is(groupsOf(layout, 'sb/web.0').v2, '/sys/fs/cgroup/lithos.slice/sb:web.0.scope')
})

test('a container, whose groups are mounted from below the root', () => {
  const read = host(
    ['4:memory:/docker/1a', '0::/docker/1a'],
    [mount('cgroup', '/sys/fs/cgroup/memory', 'memory', '/docker/1a')],
  )
  const { v1 } = findLayout({ ...wanted, controllers: ['memory'] }, read)
  assert.equal(v1, [{ controllers: ['memory'], slice: '/sys/fs/cgroup/memory/lithos.slice' }])
})

test('what is nowhere is named, also what is mounted from elsewhere', () => {
  const read = host(
    ['4:memory:/', '3:cpu:/other'],
    [mount('cgroup', '/sys/fs/cgroup/cpu', 'cpu', '/docker/1a')],
  )
  const { problems } = findLayout({ ...wanted, controllers: ['pids', 'memory', 'cpu'] }, read)
  assert.equal(
    problems.map(text => text.split(':')[0]),
    ['CGroup pids not mounted', 'CGroup memory not mounted', 'CGroup cpu not mounted'],
  )
})

test('no name, no groups', () => {
  const none = { v1: [], v2: null, problems: [] }
  assert.equal(findLayout({ ...wanted, cgroupName: null }, host([], [])), none)
})

test('a mount point with a blank in it', () => {
  const read = host(['4:memory:/'], [mount('cgroup', '/mnt/my\\040groups', 'memory')])
  const { v1 } = findLayout({ ...wanted, controllers: ['memory'] }, read)
  assert.is(v1[0]?.slice, '/mnt/my groups/lithos.slice')
})

test('on this host every controller has a place that exists, or a sentence', () => {
  const { v1, v2, problems } = findLayout(wanted)
  const inV1 = v1.flatMap(hierarchy => hierarchy.controllers)
  if (v2 === null) assert.is(inV1.length + problems.length, controllers.length)
  for (const { slice } of [...v1, ...(v2 === null ? [] : [v2])])
    assert.ok(existsSync(join(dirname(slice), 'cgroup.procs')), slice)
})

test.run()
