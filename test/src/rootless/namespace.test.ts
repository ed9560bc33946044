/**
 * Goal: without root, who does not exist and what is not to be had is known beforehand, and the
 *   plan does without it.
 * Method: the rule, the plan and the ranges of texts, for a namespace that is made up.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { checkNamespace } from '../../../src/evaluate/namespace.ts'
import type { Subject } from '../../../src/evaluate/subject.ts'
import { isLimitedBy } from '../../../src/plan/cgroups.ts'
import { parseSubordinates } from '../../../src/rootless/subordinates.ts'
import type { Spec } from '../../../src/spec.ts'
import type { Step } from '../../../native/plan.ts'
import type { Host } from '../../../src/plan.ts'
import { plainSpec, stepsOf as stepsOfRow } from '../plan/specs.ts'

const alone = { inside: 0, outside: 1000, count: 1 }
const further = [alone, { inside: 1, outside: 100_000, count: 500 }]
const subject = { container: { file: '/c' }, sandbox: { file: '/s' } } as unknown as Subject

const said = (spec: Partial<Spec>, users = further, groups = further): readonly string[] =>
  checkNamespace(
    subject,
    { ...plainSpec, user: 0, group: 0, ...spec },
    { users, groups, mayChangeGroups: true },
  ).map(({ file, message }) => `${file}: ${message.replace(/\. Take.*|: leave.*/s, '')}`)

const stepsOf = (spec: Partial<Spec>, kinds: readonly Step['do'][], host: Partial<Host> = {}) =>
  stepsOfRow(['', spec, kinds, [], host])

const map = (outside: number, count: number) => ({ inside: 0, outside, count })

test('who does not exist is named, with those who do', () => {
  const rows: readonly (readonly [Partial<Spec>, readonly string[]])[] = [
    [{}, []],
    [{ user: 500, group: 500 }, []],
    [{ user: 501 }, ['/c: user 501 does not exist without root: this supervisor has 0 and 1-500']],
    [
      { group: 1000 },
      ['/c: group 1000 does not exist without root: this supervisor has 0 and 1-500'],
    ],
    [{ user: 9000, group: 9000, ids: { users: [map(0, 1)], groups: [map(0, 1)] } }, []],
    [{ ids: { users: [map(0, 501)], groups: [map(1, 500)] } }, []],
    [
      { ids: { users: [map(400, 102)], groups: [map(0, 1)] } },
      ['/c: users 400-501 do not all exist without root: this supervisor has 0 and 1-500'],
    ],
    [
      {
        volumes: [
          { target: '/a', kind: 'statedir', path: '/', make: { mode: 0o700, user: 700, group: 0 } },
          { target: '/b', kind: 'tmpfs', size: 1, mode: 0, owner: { user: 0, group: 701 } },
          { target: '/c', kind: 'persistent', base: '/d', path: '/', make: null },
        ],
      },
      [
        '/c: user 700 does not exist without root: this supervisor has 0 and 1-500',
        '/c: group 701 does not exist without root: this supervisor has 0 and 1-500',
      ],
    ],
  ]
  for (const [spec, lines] of rows) assert.equal(said(spec), lines, JSON.stringify(spec))
  assert.equal(said({ user: 1 }, [alone]), [
    '/c: user 1 does not exist without root: this supervisor has 0',
  ])
})

test('no cable is plugged into a bridge of the host', () => {
  const network = {
    ...{ bridge: 'br0', prefix: 16, gateway: null, afterSetup: [], afterSetupTimeoutMs: 1 },
    addresses: ['10.0.0.1'],
  }
  assert.equal(said({ network }), [
    '/s: without root nothing can be plugged into bridge br0 of this host',
  ])
  assert.equal(said({ network: { ...network, addresses: [] } }), [], 'a loopback alone is fine')
})

test('the plan takes what can be mounted, and leaves groups where nobody may', () => {
  const namespace = { users: [alone], groups: [alone], mayChangeGroups: false }
  const places = (steps: ReturnType<typeof stepsOf>) =>
    steps.flatMap(step => ('target' in step ? [`${step.do} ${step.target}`] : []))
  const mounts = stepsOf({}, ['mount', 'bind'], { namespace })
  assert.ok(places(mounts).includes('bind /sys'))
  assert.not.ok(places(mounts).includes('mount /sys'))
  const proc = mounts.find(step => step.do === 'mount' && step.target === '/proc')
  assert.equal(proc?.do === 'mount' && proc.flags, { nosuid: true, nodev: true, noexec: true })
  assert.equal(stepsOf({}, ['setGroups'], { namespace }), [])
  assert.is(
    stepsOf({}, ['setGroups'], { namespace: { ...namespace, mayChangeGroups: true } }).length,
    1,
  )
  assert.is(stepsOf({}, ['setGroups']).length, 1)
  const loopback = { network: { bridge: 'b', prefix: 8, gateway: null, addresses: [] } }
  const own = stepsOf(
    { network: { ...loopback.network, afterSetup: [], afterSetupTimeoutMs: 1 } },
    ['mount'],
    { namespace },
  )
  assert.ok(places(own).includes('mount /sys'), 'in a network of its own')
})

test('limits that are not to be had are left out', () => {
  const withheld = ['memory', 'pids']
  const here = { v1: [], v2: '/cg' }
  const cgroups = { ...here, withheld }
  const files = (steps: ReturnType<typeof stepsOf>) =>
    steps.flatMap(step => (step.do === 'limit' ? [step.file.replace(/.*\//, '')] : []))
  const spec = { limits: { pids: 3, memoryHigh: '5' } }
  const all = files(stepsOf(spec, ['limit'], { cgroups: here }))
  const left = files(stepsOf(spec, ['limit'], { cgroups }))
  assert.ok(all.some(file => file.startsWith('memory')) && all.includes('pids.max'))
  assert.not.ok(left.some(file => file.startsWith('memory') || file === 'pids.max'))
  assert.ok(left.some(file => file.startsWith('cpu')))
  assert.equal(stepsOf(spec, ['limit', 'cgroup'], { cgroups: { v1: [], v2: null } }), [])
  assert.ok(isLimitedBy({ ...plainSpec, ...spec }, ['pids']))
  assert.not.ok(isLimitedBy({ ...plainSpec, ...spec }, ['cpu', 'blkio']))
})

test('further ids are those of one user, by name or number, one after another', () => {
  const text = 'ann:100000:10\n# bob:1:1\nbob:200000:5\n1000:300000:7\nann:5:0\nann:x:1\n'
  assert.equal(parseSubordinates(text, ['1000', 'ann']), [
    { inside: 1, outside: 100_000, count: 10 },
    { inside: 11, outside: 300_000, count: 7 },
  ])
  assert.equal(parseSubordinates(text, ['1001']), [])
})

test.run()
