/**
 * Goal: every rule about a sandbox speaks where it should, at the right place, and is silent
 * elsewhere; what is wanted of a good one is exact.
 * Method: configurations on disk, each with the lines it earns. None needs root.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { sayProblem } from '../../../src/config/report.ts'
import { createEvaluator } from '../../../src/evaluate/evaluator.ts'
import { isRefused } from '../../../src/evaluate/sandbox.ts'
import type { Evaluation } from '../../../src/evaluate/sandbox.ts'
import { specHash } from '../../../src/spec.ts'
import { linesLike } from './lines.ts'
import { containersRows } from './rows/containers.ts'
import { mapsRows } from './rows/maps.ts'
import { policiesRows } from './rows/policies.ts'
import { processesRows } from './rows/processes.ts'
import { container, processes, run, sandbox, site, web } from './rows/row.ts'
import { secretsRows } from './rows/secrets.ts'
import { makeWorld } from './world.ts'
import type { World } from './world.ts'

const nameless = () => ({ hostname: 'box', address: () => null })

const within = <T>(files: Readonly<Record<string, string>>, use: (world: World) => T): T => {
  const world = makeWorld(files)
  try {
    return use(world)
  } finally {
    world.remove()
  }
}

const evaluate = (world: World, name = 'site', alternate?: string): Evaluation => {
  const evaluator = createEvaluator(world.master, () => 0, nameless)
  const { value } = evaluator.settings()
  if (value === null) throw new Error('the master file of the test is wrong')
  return evaluator.sandbox(
    value,
    name,
    alternate === undefined ? undefined : { file: alternate, text: null },
  )
}

for (const [name, files, expected] of [
  ...processesRows,
  ...containersRows,
  ...mapsRows,
  ...secretsRows,
  ...policiesRows,
])
  test(name, () =>
    within(files, world =>
      assert.equal(linesLike(world, evaluate(world).problems, expected), expected),
    ),
  )

test('what is granted: no more than the sandbox allows', () => {
  const bounds =
    'restart-timeout-min: 2\nkill-timeout-max: 10\npre-stop-timeout-max: 3\n' +
    'ready-timeout-max: 30\nprobe-period-min: 5\nsurge-max: 1\n'
  const asked = run(
    'restart-timeout: 0\nstop: [TERM, 8, QUIT, 5, KILL]\n' +
      'pre-stop: {command: [/bin/x], timeout: 4}\nready: {notify: true, timeout: 90}\n' +
      'healthy: {tcp: 8080, period: 0.5}\n',
  )
  const upgrade = web('  instances: 2\n  upgrade: {rolling: {surge: 2}}\n')
  const files = { [sandbox]: site(bounds), [container]: asked, [processes]: upgrade }
  within(files, world => {
    const { wanted, spares, specs } = evaluate(world)
    const [one] = [...wanted.values()]
    const [spec] = [...specs.values()]
    const policy = one?.policy
    assert.equal([one?.restartMs, one?.killMs], [2_000, 10_000])
    assert.equal([policy?.ready?.timeoutMs, policy?.healthy?.periodMs], [30_000, 5_000])
    assert.is(policy?.preStop?.timeoutMs, 3_000)
    assert.equal(
      spec?.stop?.map(({ waitMs }) => waitMs),
      [8_000, 2_000],
    )
    assert.equal(spec?.extendTo, { readyMs: 30_000, stopMs: 10_000 })
    assert.equal([...spares.keys()], ['site/web.2'])
  })
  // Nothing of it where nobody says so: hashes stay what they were.
  within({ [container]: asked, [processes]: upgrade }, world => {
    const [spec] = [...evaluate(world).specs.values()]
    assert.not.ok('extendTo' in (spec ?? {}))
  })
})

test('what is wanted of a good one', () =>
  within({}, world => {
    const { wanted, specs, commands, processesJson } = evaluate(world)
    const [[hash, spec] = []] = specs
    assert.is(specs.size, 1)
    assert.is(spec === undefined ? '' : specHash(spec), hash)
    const config =
      '{"instances":1,"image":"web.1","config":"/config/web.yaml",' +
      '"variables":{"port":"8080"},"kind":"Daemon"}'
    const instance = { spec: hash, config, restartMs: 1000, killMs: 5000 }
    assert.equal(
      [...wanted],
      [
        ['site/web.0', instance],
        ['site/web.1', instance],
      ],
    )
    assert.is(commands.size, 0)
    assert.is(
      processesJson,
      '{"web":{"instances":2,"image":"web.1","config":"/config/web.yaml",' +
        '"variables":{"port":"8080"},"kind":"Daemon"}}',
    )
  }))

test('a specification holds everything that was decided', () =>
  within(
    {
      [sandbox]: site(
        'default-user: 100\nlog-level: debug\nlog-file: x.log\n' +
          'additional-hosts: {b: 1.1.1.1, a: 1.1.1.2}\n' +
          'readonly-paths: {/: $/all, /data: $/data}\nwritable-paths: {/db: $/db}\n',
      ),
      [container]: `executable: /bin/web
kind: CommandOrDaemon
variables: {port: !TcpPort }
arguments: ["@{port}"]
environ: {B: x, A: "@{lithos:name}"}
volumes:
  /tmp/deep: !Readonly /data/x
  /b//: !Persistent {path: /db/y, mkdir: true, mode: 0o700, user: 1, group: 2}
  /tmp: !Tmpfs {size: 1Mi}
  /st: !Statedir {path: /s}
hosts-file: {copy-from-host: false, public-hostname: false}
normal-exit-codes: [3]
`,
    },
    world => {
      const [spec] = evaluate(world).specs.values()
      assert.equal(JSON.parse(world.shown(JSON.stringify(spec))), {
        format: 1,
        sandbox: 'site',
        process: 'web',
        image: '$/images/web.1',
        config: '/config/web.yaml',
        places: {
          states: '$/run/state',
          mountPoint: '$/run/mnt',
          devices: '/dev',
          log: '$/log/x.log',
          output: '$/log/stderr/site.log',
        },
        logLevel: 'debug',
        cgroup: {
          name: 'lithos.slice',
          controllers: ['name', 'cpu', 'cpuacct', 'memory', 'blkio'],
        },
        variables: [['port', '8080']],
        volumes: [
          // `/data` is within `/`, and the outermost entry is meant.
          {
            kind: 'persistent',
            target: '/b',
            base: '$/db',
            path: '/y',
            make: { mode: 0o700, user: 1, group: 2 },
          },
          { kind: 'statedir', target: '/st', path: '/s', make: { mode: 0o777, user: 0, group: 0 } },
          { kind: 'tmpfs', target: '/tmp', size: 1048576, mode: 0o777 },
          { kind: 'readonly', target: '/tmp/deep', base: '$/all', path: '/data/x' },
        ],
        resolvConf: { copyFrom: '/etc/resolv.conf', mount: null },
        hosts: {
          copyFrom: null,
          localhost: true,
          publicHostname: false,
          additional: [
            ['a', '1.1.1.2'],
            ['b', '1.1.1.1'],
          ],
          mount: null,
        },
        user: 100,
        group: 0,
        memoryLimit: '9223372036854775807',
        filenoLimit: '1024',
        cpuShares: 1024,
        executable: '/bin/web',
        arguments: ['@{port}'],
        environ: [
          ['A', '@{lithos:name}'],
          ['B', 'x'],
        ],
        workdir: '/',
        outputFile: null,
        interactive: false,
        isDaemon: false,
        restartProcessOnly: false,
        normalExitCodes: [3],
        restartTimeoutMs: 1000,
        killTimeoutMs: 5000,
      })
    },
  ))

test('commands are no instances; nothing is wanted of a sandbox with one mistake', () => {
  const mixed = `${web('')}job:\n  image: web.1\n  config: /config/job.yaml\n  kind: Command\n`
  const job = { 'images/web.1/config/job.yaml': run('kind: Command\n'), [processes]: mixed }
  within(job, world => {
    const { wanted, commands } = evaluate(world)
    assert.equal([...wanted.keys()], ['site/web.0'])
    assert.equal([...commands.keys()], ['job'])
  })
  within({ ...job, 'images/web.1/config/job.yaml': run('') }, world => {
    const refused = evaluate(world)
    assert.ok(isRefused(refused))
    assert.is(refused.wanted.size + refused.commands.size + refused.specs.size, 0)
    assert.is.not(refused.processesJson, null)
  })
})

test('another process configuration in place of its own', () =>
  within({ 'new.yaml': web('  instances: 1\n') }, world =>
    assert.equal(
      [...evaluate(world, 'site', `${world.top}/new.yaml`).wanted.keys()],
      ['site/web.0'],
    ),
  ))

test('a sandbox whose name is none', () =>
  within({ 'etc/sandboxes/a b.yaml': '{}', 'etc/processes/a b.yaml': '{}' }, world =>
    assert.match(
      sayProblem(evaluate(world, 'a b').problems[0]!),
      '"a b" is not a name for a sandbox',
    ),
  ))

test.run()
