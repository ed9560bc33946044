/**
 * Goal: the exact steps that a specification becomes, and their order.
 * Method: the whole plan of a plain specification; then a table of differences, each with all the
 * steps of the kinds that it touches.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Step } from '../../native/plan.ts'
import { plan } from '../../src/plan.ts'
import type { Host } from '../../src/plan.ts'
import type { Spec } from '../../src/spec.ts'
import { plainHost, plainSpec } from './plan/specs.ts'

const state = '/run/lithos/state/site/web.3'
const scope = 'site:web.3.scope'
const plainSteps: readonly Step[] = [
  { do: 'openLog', log: 'log', path: '/var/log/lithos/site.log' },
  { do: 'openLog', log: 'output', path: '/var/log/lithos/stderr/site.log' },
  {
    do: 'makeDir',
    base: '/run/lithos/state',
    path: '/site/web.3',
    mode: 0o1777,
    uid: 0,
    gid: 0,
    always: false,
  },
  {
    do: 'root',
    image: '/images/web.1',
    mountPoint: '/run/lithos/mnt',
    flags: { readonly: true, nosuid: true, nodev: true },
  },
  {
    do: 'bind',
    base: '/var/lib/lithos/dev',
    path: '/',
    target: '/dev',
    flags: { readonly: true, nosuid: true, noexec: true },
  },
  {
    do: 'mount',
    type: 'devpts',
    target: '/dev/pts',
    options: ['newinstance', 'ptmxmode=0666'],
    flags: { nosuid: true, noexec: true, noatime: true },
  },
  {
    do: 'mount',
    type: 'sysfs',
    target: '/sys',
    options: [],
    flags: { readonly: true, nosuid: true, nodev: true, noexec: true, noatime: true },
  },
  {
    do: 'mount',
    type: 'proc',
    target: '/proc',
    options: [],
    flags: { nosuid: true, nodev: true, noexec: true, noatime: true },
  },
  { do: 'pivot' },
  { do: 'fork', announce: 'Starting "site/web.3": "/bin/web" "--port=8080" "say \\"hi\\""' },
  { do: 'joinCgroups' },
  { do: 'limitFiles', max: 1024 },
  { do: 'setGroups', gids: [] },
  { do: 'setGid', gid: 101 },
  { do: 'setUid', uid: 100 },
  { do: 'keepCapabilities', mask: 0n },
  { do: 'noNewPrivileges' },
  { do: 'chdir', path: '/' },
  {
    do: 'exec',
    executable: '/bin/web',
    arguments: ['--port=8080', 'say "hi"'],
    environment: ['TERM=dumb', 'LITHOS_NAME=site/web.3', 'LITHOS_CONFIG=/config/web.yaml'],
    pidVariables: [],
  },
]

test('the whole of a plain one', () =>
  assert.equal(plan(plainSpec, plainHost, 'site/web.3'), {
    name: 'site/web.3',
    logLevel: 'warn',
    killTimeoutMs: 5000,
    restartTimeoutMs: 1000,
    restartProcessOnly: false,
    isDaemon: true,
    normalExitCodes: [],
    steps: plainSteps,
  }))

test('what it says of itself, and what the command line overrides', () => {
  const spec: Spec = {
    ...plainSpec,
    logLevel: 'error',
    killTimeoutMs: 7000,
    restartTimeoutMs: 0,
    restartProcessOnly: true,
    isDaemon: false,
    normalExitCodes: [0, 200],
  }
  const { steps: _, ...head } = plan(spec, { ...plainHost, logLevel: 'debug' }, 'site/web.0')
  assert.equal(head, {
    name: 'site/web.0',
    logLevel: 'debug',
    killTimeoutMs: 7000,
    restartTimeoutMs: 0,
    restartProcessOnly: true,
    isDaemon: false,
    normalExitCodes: [0, 200],
  })
})

type Row = [
  name: string,
  spec: Partial<Spec>,
  kinds: readonly Step['do'][],
  steps: readonly Step[],
  host?: Partial<Host>,
]

const data = { nosuid: true, nodev: true, noexec: true }
const made = {
  do: 'makeDir',
  base: '/run/lithos/state',
  path: '/site/web.3',
  mode: 0o1777,
  uid: 0,
  gid: 0,
  always: false,
} as const
const copied = {
  copyFrom: '/etc/hosts',
  localhost: false,
  publicHostname: false,
  additional: [],
  mount: null,
}
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
    'volumes: each kind',
    {
      volumes: [
        { target: '/a', kind: 'readonly', base: '/srv/a', path: '/x' },
        { target: '/b', kind: 'persistent', base: '/srv/b', path: '/', make: null },
        { target: '/tmp', kind: 'tmpfs', size: 1048576, mode: 0o766 },
        { target: '/st', kind: 'statedir', path: '/sub', make: { mode: 0o700, user: 1, group: 2 } },
      ],
    },
    ['makeDir', 'bind', 'mount'],
    [
      made,
      ...plainSteps.filter(step => step.do === 'bind' || step.do === 'mount'),
      { do: 'bind', base: '/srv/a', path: '/x', target: '/a', flags: { readonly: true, ...data } },
      { do: 'bind', base: '/srv/b', path: '/', target: '/b', flags: data },
      {
        do: 'mount',
        type: 'tmpfs',
        target: '/tmp',
        options: ['size=1048576', 'mode=00766'],
        flags: { nosuid: true, nodev: true },
      },
      { do: 'makeDir', base: state, path: '/sub', mode: 0o700, uid: 1, gid: 2, always: true },
      {
        do: 'bind',
        base: state,
        path: '/sub',
        target: '/st',
        flags: { nosuid: true, nodev: true },
      },
    ],
  ],
  [
    'volumes: a sticky tmpfs',
    { volumes: [{ target: '/tmp', kind: 'tmpfs', size: 1, mode: 0o1777 }] },
    ['mount'],
    [
      ...plainSteps.filter(step => step.do === 'mount'),
      {
        do: 'mount',
        type: 'tmpfs',
        target: '/tmp',
        options: ['size=1', 'mode=01777'],
        flags: { nosuid: true, nodev: true },
      },
    ],
  ],
  [
    'mkdir: what the administrator named is made by its own name, and belongs to whom it is for',
    {
      volumes: [
        {
          target: '/b',
          kind: 'persistent',
          base: '/srv/b',
          path: '/',
          make: { mode: 0o750, user: 5, group: 6 },
        },
      ],
    },
    ['makeDir'],
    [
      made,
      { do: 'makeDir', base: '/', path: '/srv/b', mode: 0o750, uid: 5, gid: 6, always: false },
    ],
  ],
  [
    'mkdir: below it, only what is below belongs to them',
    {
      volumes: [
        {
          target: '/b',
          kind: 'persistent',
          base: '/srv/b',
          path: '/c/d',
          make: { mode: 0o750, user: 5, group: 6 },
        },
      ],
    },
    ['makeDir'],
    [
      made,
      { do: 'makeDir', base: '/', path: '/srv/b', mode: 0o755, uid: 0, gid: 0, always: false },
      { do: 'makeDir', base: '/srv/b', path: '/c/d', mode: 0o750, uid: 5, gid: 6, always: false },
    ],
  ],
  [
    'resolv.conf is copied, and mounted where one is',
    { resolvConf: { copyFrom: '/etc/resolv.conf', mount: null } },
    ['copyFile', 'writeFile', 'bindFile'],
    [
      { do: 'copyFile', source: '/etc/resolv.conf', base: state, path: '/resolv.conf' },
      {
        do: 'bindFile',
        base: state,
        path: '/resolv.conf',
        target: '/etc/resolv.conf',
        ifRegular: true,
      },
    ],
  ],
  [
    'resolv.conf that must be mounted and is not copied is an empty file',
    { resolvConf: { copyFrom: null, mount: true } },
    ['copyFile', 'writeFile', 'bindFile'],
    [
      { do: 'writeFile', base: state, path: '/resolv.conf', text: '', mode: 0o644 },
      {
        do: 'bindFile',
        base: state,
        path: '/resolv.conf',
        target: '/etc/resolv.conf',
        ifRegular: false,
      },
    ],
  ],
  [
    'resolv.conf that is copied and must not be mounted',
    { resolvConf: { copyFrom: '/etc/resolv.conf', mount: false } },
    ['copyFile', 'bindFile'],
    [{ do: 'copyFile', source: '/etc/resolv.conf', base: state, path: '/resolv.conf' }],
  ],
  ['hosts: nothing to say, nothing to mount', {}, ['copyFile', 'writeFile', 'bindFile'], []],
  [
    'hosts: a copy alone',
    { hosts: copied },
    ['copyFile', 'writeFile', 'bindFile'],
    [
      { do: 'copyFile', source: '/etc/hosts', base: state, path: '/hosts' },
      { do: 'writeFile', base: state, path: '/hosts', text: '\n', mode: 0o644 },
      { do: 'bindFile', base: state, path: '/hosts', target: '/etc/hosts', ifRegular: true },
    ],
  ],
  [
    'hosts: all four parts, after the copy and in order',
    {
      hosts: {
        ...copied,
        localhost: true,
        publicHostname: true,
        additional: [
          ['a', '10.0.0.1'],
          ['b', '10.0.0.2'],
        ],
        mount: true,
      },
    },
    ['copyFile', 'writeFile', 'bindFile'],
    [
      { do: 'copyFile', source: '/etc/hosts', base: state, path: '/hosts' },
      {
        do: 'writeFile',
        base: state,
        path: '/hosts',
        text:
          '\n127.0.0.1 localhost.localdomain localhost\n192.0.2.7 box\n' +
          '10.0.0.1 a\n10.0.0.2 b\n',
        mode: 0o644,
      },
      { do: 'bindFile', base: state, path: '/hosts', target: '/etc/hosts', ifRegular: false },
    ],
  ],
  [
    'hosts: made of additional ones only',
    { hosts: { ...copied, copyFrom: null, additional: [['a', '10.0.0.1']] } },
    ['copyFile', 'writeFile', 'bindFile'],
    [
      { do: 'writeFile', base: state, path: '/hosts', text: '10.0.0.1 a\n', mode: 0o644 },
      { do: 'bindFile', base: state, path: '/hosts', target: '/etc/hosts', ifRegular: true },
    ],
  ],
  [
    'hosts: made, and not mounted',
    { hosts: { ...copied, copyFrom: null, localhost: true, mount: false } },
    ['writeFile', 'bindFile'],
    [
      {
        do: 'writeFile',
        base: state,
        path: '/hosts',
        text: '127.0.0.1 localhost.localdomain localhost\n',
        mode: 0o644,
      },
    ],
  ],
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
  [
    'output: into a file of the container',
    { outputFile: 'var/out.log' },
    ['openOutput', 'inheritOutput'],
    [{ do: 'openOutput', path: '/var/out.log' }],
  ],
  [
    'output: to the terminal',
    { interactive: true },
    ['openOutput', 'inheritOutput'],
    [{ do: 'inheritOutput' }],
  ],
  [
    'output: a file goes before the terminal',
    { interactive: true, outputFile: '/o' },
    ['openOutput', 'inheritOutput'],
    [{ do: 'openOutput', path: '/o' }],
  ],
  [
    'root keeps what images for other runtimes are used to',
    { user: 0, group: 0 },
    ['setUid', 'setGid', 'keepCapabilities'],
    [
      { do: 'setGid', gid: 0 },
      { do: 'setUid', uid: 0 },
      { do: 'keepCapabilities', mask: 0xa80425fbn },
    ],
  ],
  [
    'files: more than the kernel has is left to the kernel to refuse',
    { filenoLimit: '9223372036854775807' },
    ['limitFiles'],
    [{ do: 'limitFiles', max: Number.MAX_SAFE_INTEGER }],
  ],
  [
    'environment: later ones win, a pid is filled in by the knot',
    {
      environ: [
        ['A', '@{lithos:name} @{lithos:config_filename} @{port}'],
        ['LITHOS_NAME', 'mine'],
        ['PID', '@{lithos:pid}'],
        ['TERM', 'vt100'],
      ],
    },
    ['exec'],
    [
      {
        do: 'exec',
        executable: '/bin/web',
        arguments: ['--port=8080', 'say "hi"'],
        environment: [
          'TERM=vt100',
          'A=site/web.3 /config/web.yaml 8080',
          'LITHOS_NAME=site/web.3',
          'LITHOS_CONFIG=/config/web.yaml',
        ],
        pidVariables: ['PID'],
      },
    ],
    { term: 'xterm' },
  ],
]

for (const [name, spec, kinds, steps, host] of rows)
  test(name, () =>
    assert.equal(
      plan({ ...plainSpec, ...spec }, { ...plainHost, ...host }, 'site/web.3').steps.filter(step =>
        kinds.includes(step.do),
      ),
      steps,
    ),
  )

test('order: files, image, volumes, the two files over them, groups, pivot', () => {
  const spec: Spec = {
    ...plainSpec,
    resolvConf: { copyFrom: '/etc/resolv.conf', mount: null },
    hosts: copied,
    volumes: [{ target: '/etc', kind: 'tmpfs', size: 1, mode: 0o755 }],
    outputFile: '/o',
  }
  const steps = plan(
    spec,
    { ...plainHost, cgroups: { v1: v1.slice(2, 3), v2: null } },
    'site/web.3',
  ).steps
  assert.equal(
    steps.map(step => step.do),
    [
      ...['openLog', 'openLog', 'makeDir', 'copyFile', 'copyFile', 'writeFile', 'root', 'bind'],
      ...['mount', 'mount', 'mount', 'mount', 'bindFile', 'bindFile', 'cgroup', 'limit', 'limit'],
      ...['limit', 'pivot', 'openOutput', 'fork', 'joinCgroups', 'limitFiles', 'setGroups'],
      ...['setGid', 'setUid', 'keepCapabilities', 'noNewPrivileges', 'chdir', 'exec'],
    ],
  )
})

test('a command has its own name, and words from the command line', () => {
  const { name, steps } = plan(plainSpec, plainHost, 'site/cmd.migrate.77', ['--', '@{port}', 'x'])
  assert.is(name, 'site/cmd.migrate.77')
  const exec = steps.at(-1)
  assert.is(exec?.do, 'exec')
  if (exec?.do !== 'exec') return
  assert.equal(exec.arguments, ['--port=8080', 'say "hi"', '--', '@{port}', 'x'])
  assert.ok(exec.environment.includes('LITHOS_NAME=site/cmd.migrate.77'))
})

test.run()
