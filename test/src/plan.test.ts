/**
 * Goal: the exact steps that a specification becomes, and their order.
 * Method: the whole plan of a plain specification, and the order of one that has everything. What
 * the parts become stands in plan/.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { plan } from '../../src/plan.ts'
import type { Spec } from '../../src/spec.ts'
import { copied, plainHost, plainSpec, plainSteps } from './plan/specs.ts'

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
    { ...plainHost, cgroups: { v1: [{ controllers: ['memory'], dir: '/cg/memory' }], v2: null } },
    'site/web.3',
  ).steps
  assert.equal(
    steps.map(step => step.do),
    [
      ...['openLog', 'openLog', 'makeDir', 'copyFile', 'copyFile', 'writeFile', 'root', 'bind'],
      ...['mount', 'mount', 'mount', 'mask', 'readOnly', 'mount', 'bindFile', 'bindFile'],
      ...['cgroup', 'limit', 'limit', 'limit', 'limit', 'countKills', 'pivot', 'landlock'],
      ...['openOutput'],
      ...['fork', 'joinCgroups', 'cgroupNamespace', 'sessionKeyring', 'resetLimits'],
      ...['limitFiles', 'setGroups', 'setGid', 'setUid', 'keepCapabilities', 'noNewPrivileges'],
      ...['enterLandlock', 'chdir', 'seccomp', 'exec'],
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
