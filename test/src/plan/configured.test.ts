/**
 * Goal: what a configuration promises is what its container finds.
 * Method: files on disk, evaluated, compiled, and carried out by the real knot; the guest in the
 * container looks around. Needs root and new namespaces.
 */
import * as fs from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { findLayout, groupsOf } from '../../../native/cgroup.ts'
import { planFor, printed } from '../../kernel/configured.ts'
import type { More } from '../../kernel/configured.ts'
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

/** Starts instance 0 of a process whose container configuration has these lines. */
const start = (lines: string, more: More = {}): Promise<Outcome> =>
  world!.run(planFor(world!, lines, more))

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
      '/data': 'ro,nosuid,nodev',
      '/logs': 'rw,nosuid,nodev',
      '/other': 'rw,nosuid,nodev',
      '/etc/hosts': 'rw,nosuid,nodev,noexec',
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
