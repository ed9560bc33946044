/**
 * Goal: what a configuration promises is what its container finds.
 * Method: files on disk, evaluated, compiled, and carried out by the real knot; the guest in the
 * container looks around. Needs root and new namespaces.
 */
import * as fs from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { findLayout, groupsOf, slicesOf } from '../../../native/cgroup.ts'
import type { Layout } from '../../../native/cgroup.ts'
import { sayProblem } from '../../../src/config/report.ts'
import { createEvaluator } from '../../../src/evaluate/evaluator.ts'
import { plan } from '../../../src/plan.ts'
import { canContain, makeWorld, whyNot } from '../../kernel/world.ts'
import type { Outcome, World } from '../../kernel/world.ts'
import { skipUnless } from '../../skip.ts'

const contained = skipUnless(canContain, whyNot)

let world: World | null = null
test.before(() => {
  if (canContain) world = makeWorld()
})
test.after(() => world?.close())

const stateDir = (): string => join(world!.dir, 'state/sb/p.0')

interface More {
  readonly layout?: Layout
  /** Lines of the sandbox. */
  readonly sandbox?: string
}

/** Starts instance 0 of a process whose container configuration has these lines. */
const start = async (lines: string, { layout, sandbox = '' }: More = {}): Promise<Outcome> => {
  const { dir, logPath, outputPath, run } = world!
  const write = (name: string, text: string): void => {
    fs.mkdirSync(dirname(join(dir, name)), { recursive: true })
    fs.writeFileSync(join(dir, name), text)
  }
  write(
    'etc/master.yaml',
    `runtime-dir: ${dir}\ndevfs-dir: /dev\ndefault-log-dir: ${dirname(logPath)}\n` +
      `cgroup-name: ${layout === undefined ? 'null' : 'used'}\ncgroup-controllers: [memory, cpu]\n`,
  )
  write(
    'etc/sandboxes/sb.yaml',
    `image-dir: ${dir}\nallow-users: [0-1000]\nallow-groups: [0-1000]\n` +
      `readonly-paths: {/host: ${dir}/volume}\nwritable-paths: {/rw: ${dir}/made}\n${sandbox}`,
  )
  write('etc/processes/sb.yaml', 'p: {image: image, config: /c.yaml, variables: {v: 1 2}}\n')
  write('image/c.yaml', `executable: /bin/guest\n${lines}`)

  const evaluator = createEvaluator(join(dir, 'etc/master.yaml'), () => 0)
  const { value } = evaluator.settings()
  const { specs, problems } = evaluator.sandbox(value!, 'sb')
  assert.equal(problems.filter(({ severity }) => severity === 'error').map(sayProblem), [])
  const [spec] = specs.values()
  const places = { ...spec!.places, log: logPath, output: outputPath }
  const cgroups = layout === undefined ? { v1: [], v2: null } : slicesOf(layout)
  const host = { cgroups, hostname: 'box', hostAddress: '192.0.2.7', term: 'vt100' }
  fs.rmSync(stateDir(), { recursive: true, force: true })
  return run(plan({ ...spec!, places }, host, 'sb/p.0'))
}

/** What the guest printed, without the markers of the knot. */
const printed = ({ output, log, stderr }: Outcome): readonly string[] => {
  const lines = output.split('\n').filter(line => line !== '' && !/: ----- .* -----$/.test(line))
  return lines.length > 0 ? lines : [log, stderr]
}

contained('users, limits, variables and words', async () => {
  const outcome = await start(`user-id: 100
group-id: 101
fileno-limit: 77
workdir: /tmp
variables: {v: !Choice [1 2]}
arguments: [ids, caps, limit, env, cwd, umask, fds, "say=@{v} @{lithos:name}"]
environ: {B: "@{v}", ME: "@{lithos:pid}"}
`)
  assert.equal(printed(outcome), [
    'users 100 100 100 groups 101 101 101 others',
    'capabilities permitted 0 effective 0 inheritable 0 bounding 0 ambient 0 securebits 2f nonew 1',
    'files 77 77',
    'env TERM=vt100',
    'env B=1 2',
    'env LITHOS_NAME=sb/p.0',
    'env LITHOS_CONFIG=/c.yaml',
    'env ME=2',
    'cwd /tmp',
    'umask 0022',
    'descriptors 0 1 2',
    '1 2 sb/p.0',
  ])
})

/** The flags of what is mounted in the container, by mount point. */
const flagsIn = (lines: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    lines
      .map(line => line.split(' '))
      .filter(words => /^\d+:\d+$/.test(words[2] ?? ''))
      .map(words => [words[4], words[5]?.replace(',relatime', '')]),
  )

contained('volumes and generated files, as documented', async () => {
  fs.writeFileSync(join(world!.dir, 'volume/seen'), 'of the host\n')
  const outcome = await start(
    `user-id: 0
volumes:
  /data: !Readonly /host
  /other: !Persistent {path: /rw/deep, mkdir: true, mode: 0o750, user: 5, group: 6}
  /tmp: !Tmpfs {size: 1Mi, mode: 0o1777}
  /logs: !Statedir {path: /own, mode: 0o700, user: 7, group: 8}
hosts-file: {copy-from-host: false, public-hostname: true}
stdout-stderr-file: /logs/out
arguments: [cat=/data/seen, write=/data/x, write=/other/x, write=/tmp/x, write=/new, write=/dev/x,
  mode=/other, mode=/logs, mode=/tmp, cat=/etc/hosts, cat=/proc/self/mountinfo]
`,
    { sandbox: 'additional-hosts: {db: 10.0.0.1}\ncapabilities: [dac_override]\n' },
  )
  const file = join(stateDir(), 'own/out')
  assert.ok(fs.existsSync(file), outcome.log)
  const lines = fs.readFileSync(file, 'utf8').trimEnd().split('\n')
  assert.equal(lines.slice(0, 12), [
    'of the host',
    'write /data/x: Read-only file system',
    'write /other/x: done',
    'write /tmp/x: done',
    'write /new: Read-only file system',
    'write /dev/x: Read-only file system',
    'mode /other 40750 5:6',
    'mode /logs 40700 7:8',
    'mode /tmp 41777 0:0',
    '127.0.0.1 localhost.localdomain localhost',
    '192.0.2.7 box',
    '10.0.0.1 db',
  ])
  assert.ok(fs.existsSync(join(world!.dir, 'made/deep/x')))
  const { ['/']: root, ...flags } = flagsIn(lines)
  assert.is(root, 'ro,nosuid,nodev')
  assert.equal(
    Object.fromEntries(Object.entries(flags).filter(([path]) => !/^\/(dev|proc|sys)\//.test(path))),
    {
      '/dev': 'ro,nosuid,noexec',
      '/sys': 'ro,nosuid,nodev,noexec,noatime',
      '/proc': 'rw,nosuid,nodev,noexec,noatime',
      '/tmp': 'rw,nosuid,nodev',
      '/data': 'ro,nosuid,nodev,noexec',
      '/logs': 'rw,nosuid,nodev',
      '/other': 'rw,nosuid,nodev,noexec',
      '/etc/hosts': 'rw',
    },
  )
})

const layout = findLayout({
  cgroupName: `lithos-test-${process.pid}`,
  controllers: ['memory', 'cpu'],
})
const grouped = skipUnless(
  canContain && layout.problems.length === 0 && layout.v1.length === 2,
  'needs root, and memory and cpu in cgroups of version 1',
)

grouped('limits, raised and lowered from one life to the next', async () => {
  const scopes = groupsOf(layout, 'sb/p.0').v1.map(({ dir }) => dir)
  const slices = layout.v1.map(({ slice }) => slice)
  const valueOf = (name: string): string =>
    scopes
      .map(scope => join(scope, name))
      .filter(file => fs.existsSync(file))
      .map(file => fs.readFileSync(file, 'utf8').trim())
      .join()
  try {
    for (const slice of slices) fs.mkdirSync(slice)
    for (const mebibytes of [32, 64, 16]) {
      const lines = `user-id: 100
memory-limit: ${mebibytes}Mi
cpu-shares: ${mebibytes}
arguments: [cat=/proc/self/cgroup]
`
      const outcome = await start(lines, { layout })
      // S19: it sees its own groups as the roots of all.
      assert.match(outcome.output, /:memory:\/\n/)
      assert.match(outcome.output, /:cpu(,cpuacct)?:\/\n/)
      assert.not.match(outcome.output, 'lithos-test-')
      assert.ok(Number(valueOf('memory.max_usage_in_bytes')) > 0)
      assert.not.match(outcome.log, 'memory')
      assert.is(valueOf('memory.limit_in_bytes'), String(mebibytes * 1024 * 1024))
      assert.is(valueOf('cpu.shares'), String(mebibytes))
    }
  } finally {
    for (const group of [...scopes, ...slices]) if (fs.existsSync(group)) fs.rmdirSync(group)
  }
})

test.run()
