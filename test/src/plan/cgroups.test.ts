/**
 * Goal: limits go to the hierarchy that has their controller, in an order that always works.
 * Method: a table of differences to a plain specification, each with all the steps of the kinds
 * that it touches.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Step } from '../../../native/plan.ts'
import { scope, stepsOf } from './specs.ts'
import type { Row } from './specs.ts'

const v1 = [
  { controllers: ['name'], dir: '/cg/systemd/lithos.slice' },
  { controllers: ['cpu', 'cpuacct'], dir: '/cg/cpu,cpuacct/lithos.slice' },
  { controllers: ['memory'], dir: '/cg/memory/lithos.slice' },
  { controllers: ['blkio'], dir: '/cg/blkio/lithos.slice' },
]
const join = (controller: string): Step => ({
  do: 'cgroup',
  dir: `/cg/${controller}/lithos.slice/${scope}`,
  join: 'tasks',
})
const unified: Step = { do: 'cgroup', dir: `/cg/unified/lithos.slice/${scope}`, join: 'procs' }
const limit = (file: string, value: string, optional = false): Step => ({
  do: 'limit',
  file: `/cg/${file}`,
  value,
  optional,
})
const v2dir = `unified/lithos.slice/${scope}`
const memory = `memory/lithos.slice/${scope}/memory`

const rows: readonly Row[] = [
  [
    'cgroups: version 1; the limit of both is lifted before either changes',
    {},
    ['cgroup', 'limit', 'joinCgroups'],
    [
      join('systemd'),
      join('cpu,cpuacct'),
      join('memory'),
      join('blkio'),
      limit(`${memory}.memsw.limit_in_bytes`, '-1', true),
      limit(`${memory}.limit_in_bytes`, '104857600'),
      limit(`${memory}.memsw.limit_in_bytes`, '104857600', true),
      limit(`${memory}.soft_limit_in_bytes`, '-1', true),
      limit(`cpu,cpuacct/lithos.slice/${scope}/cpu.shares`, '1024'),
      limit(`cpu,cpuacct/lithos.slice/${scope}/cpu.cfs_quota_us`, '-1', true),
      limit(`blkio/lithos.slice/${scope}/blkio.bfq.weight`, '100', true),
      { do: 'joinCgroups' },
    ],
    { cgroups: { v1, v2: '/cg/unified/lithos.slice' } },
  ],
  [
    'cgroups: version 2',
    {},
    ['cgroup', 'limit', 'joinCgroups'],
    [
      unified,
      limit(`unified/lithos.slice/${scope}/memory.max`, '104857600'),
      limit(`unified/lithos.slice/${scope}/memory.swap.max`, '0', true),
      limit(`${v2dir}/memory.high`, 'max', true),
      limit(`unified/lithos.slice/${scope}/cpu.weight`, '100'),
      limit(`${v2dir}/cpu.max`, 'max', true),
      limit(`${v2dir}/io.bfq.weight`, '100', true),
      limit(`${v2dir}/io.weight`, '100', true),
      { do: 'joinCgroups' },
    ],
    { cgroups: { v1: [], v2: '/cg/unified/lithos.slice' } },
  ],
  [
    'cgroups: both; each limit where its controller is',
    { cgroup: { name: 'lithos.slice', controllers: ['memory', 'cpu'] }, cpuShares: 2 },
    ['cgroup', 'limit'],
    [
      join('memory'),
      unified,
      limit(`${memory}.memsw.limit_in_bytes`, '-1', true),
      limit(`${memory}.limit_in_bytes`, '104857600'),
      limit(`${memory}.memsw.limit_in_bytes`, '104857600', true),
      limit(`${memory}.soft_limit_in_bytes`, '-1', true),
      limit(`unified/lithos.slice/${scope}/cpu.weight`, '1'),
      limit(`${v2dir}/cpu.max`, 'max', true),
    ],
    { cgroups: { v1: v1.slice(2, 3), v2: '/cg/unified/lithos.slice' } },
  ],
  [
    'cgroups: no limit, as version 2 says it, and the heaviest weight',
    { memoryLimit: '9223372036854775807', cpuShares: 262144 },
    ['limit'],
    [
      limit(`unified/lithos.slice/${scope}/memory.max`, 'max'),
      limit(`unified/lithos.slice/${scope}/memory.swap.max`, 'max', true),
      limit(`${v2dir}/memory.high`, 'max', true),
      limit(`unified/lithos.slice/${scope}/cpu.weight`, '10000'),
      limit(`${v2dir}/cpu.max`, 'max', true),
      limit(`${v2dir}/io.bfq.weight`, '100', true),
      limit(`${v2dir}/io.weight`, '100', true),
    ],
    { cgroups: { v1: [], v2: '/cg/unified/lithos.slice' } },
  ],
  [
    'cgroups: only the controllers that are wanted have limits',
    { cgroup: { name: 'lithos.slice', controllers: ['cpu'] } },
    ['limit'],
    [
      limit(`cpu,cpuacct/lithos.slice/${scope}/cpu.shares`, '1024'),
      limit(`cpu,cpuacct/lithos.slice/${scope}/cpu.cfs_quota_us`, '-1', true),
    ],
    { cgroups: { v1, v2: null } },
  ],
  [
    'cgroups: what is ours, in version 1; the group of pids is joined only for its limit',
    {
      cgroup: { name: 'lithos.slice', controllers: ['memory', 'cpu', 'blkio', 'pids'] },
      limits: { memoryHigh: '1000', pids: 7, cpuQuota: 150, ioWeight: 2000 },
    },
    ['cgroup', 'limit', 'countKills'],
    [
      join('cpu,cpuacct'),
      join('memory'),
      join('blkio'),
      join('pids'),
      limit(`${memory}.memsw.limit_in_bytes`, '-1', true),
      limit(`${memory}.limit_in_bytes`, '104857600'),
      limit(`${memory}.memsw.limit_in_bytes`, '104857600', true),
      limit(`${memory}.soft_limit_in_bytes`, '1000'),
      { do: 'countKills', file: `/cg/${memory}.oom_control`, limit: 104857600n },
      limit(`cpu,cpuacct/lithos.slice/${scope}/cpu.shares`, '1024'),
      limit(`cpu,cpuacct/lithos.slice/${scope}/cpu.cfs_quota_us`, '150000'),
      limit(`blkio/lithos.slice/${scope}/blkio.bfq.weight`, '1000'),
      limit(`pids/lithos.slice/${scope}/pids.max`, '7'),
    ],
    {
      cgroups: { v1: [...v1, { controllers: ['pids'], dir: '/cg/pids/lithos.slice' }], v2: null },
    },
  ],
  [
    'cgroups: the same in version 2',
    {
      cgroup: { name: 'lithos.slice', controllers: ['memory', 'cpu', 'blkio', 'pids'] },
      limits: { memoryHigh: '1000', pids: 7, cpuQuota: 150, ioWeight: 2000 },
    },
    ['cgroup', 'limit', 'countKills'],
    [
      unified,
      limit(`${v2dir}/memory.max`, '104857600'),
      limit(`${v2dir}/memory.swap.max`, '0', true),
      limit(`${v2dir}/memory.high`, '1000'),
      { do: 'countKills', file: `/cg/${v2dir}/memory.events`, limit: 104857600n },
      limit(`${v2dir}/cpu.weight`, '100'),
      limit(`${v2dir}/cpu.max`, '150000 100000'),
      limit(`${v2dir}/io.bfq.weight`, '1000', true),
      limit(`${v2dir}/io.weight`, 'default 2000'),
      limit(`${v2dir}/pids.max`, '7'),
    ],
    { cgroups: { v1: [], v2: '/cg/unified/lithos.slice' } },
  ],
  [
    'cgroups: turned off',
    { cgroup: null },
    ['cgroup', 'limit', 'joinCgroups'],
    [],
    { cgroups: { v1, v2: '/cg/unified/lithos.slice' } },
  ],
]

for (const row of rows) test(row[0], () => assert.equal(stepsOf(row), row[3]))

test.run()
