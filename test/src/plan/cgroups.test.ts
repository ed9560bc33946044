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
      limit(`cpu,cpuacct/lithos.slice/${scope}/cpu.shares`, '1024'),
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
      limit(`unified/lithos.slice/${scope}/cpu.weight`, '100'),
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
      limit(`unified/lithos.slice/${scope}/cpu.weight`, '1'),
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
      limit(`unified/lithos.slice/${scope}/cpu.weight`, '10000'),
    ],
    { cgroups: { v1: [], v2: '/cg/unified/lithos.slice' } },
  ],
  [
    'cgroups: only the controllers that are wanted have limits',
    { cgroup: { name: 'lithos.slice', controllers: ['cpu'] } },
    ['limit'],
    [limit(`cpu,cpuacct/lithos.slice/${scope}/cpu.shares`, '1024')],
    { cgroups: { v1, v2: null } },
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
