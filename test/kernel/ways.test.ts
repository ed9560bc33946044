/**
 * Goal: S44: what tools for getting out of containers look for is not there, for no user: sockets
 *   of managers, files that give orders to the kernel or tell of the host, devices, system calls.
 * Method: a list of ways, tried in containers as configured; none may be open. The same list finds
 *   many in a container that its administrator has opened, so it does find.
 */
import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { processorHere } from '../../src/plan/seccomp.ts'
import { callsOf } from '../../src/plan/syscalls.ts'
import { program } from '../../src/demo/world.ts'
import type { Step } from '../../native/plan.ts'
import { skipUnless } from '../skip.ts'
import { compile } from './compile.ts'
import { planFor, printed } from './configured.ts'
import { canContain, ownWorld, whyNot } from './world.ts'

const processor = processorHere()
const contained = skipUnless(canContain && processor !== null, whyNot)
let devices = ''
const world = ownWorld(() => {
  compile('hostile.c', join(world.image, 'bin/hostile'), '-static')
  fs.mkdirSync(join(world.image, 'run'))
  devices = join(world.dir, 'devices')
  execFileSync(program('lithos_mkdev'), [devices])
})

const { allowed, refused, conditional } = callsOf(processor ?? 'x64')

const call = (name: string, ...words: readonly (string | number)[]): string => {
  const number = refused.get(name) ?? conditional.get(name) ?? allowed.get(name)
  return `call=${[number, ...words].join(',')}`
}

const hierarchies = fs.existsSync('/sys/fs/cgroup') ? fs.readdirSync('/sys/fs/cgroup') : []

/** Opened to write, and nothing is written. */
const orders = [
  '/proc/sys/kernel/core_pattern',
  '/proc/sys/kernel/modprobe',
  '/proc/sys/fs/binfmt_misc/register',
  '/proc/sysrq-trigger',
  '/proc/1/mem',
  '/proc/1/root/x',
  '/proc/acpi/wakeup',
  '/proc/dynamic_debug/control',
  '/sys/kernel/uevent_helper',
  '/sys/power/state',
  '/sys/fs/cgroup/cgroup.procs',
  ...hierarchies.flatMap(name => [
    `/sys/fs/cgroup/${name}/release_agent`,
    `/sys/fs/cgroup/${name}/cgroup.procs`,
    `/sys/fs/cgroup/${name}/devices.allow`,
  ]),
  ...[
    'mem',
    'kmem',
    'port',
    'kmsg',
    'sda',
    'vda',
    'kvm',
    'fuse',
    'net/tun',
    'vhost-net',
    'console',
  ].map(name => `/dev/${name}`),
  '/run/docker.sock',
  '/var/run/docker.sock',
  '/run/containerd/containerd.sock',
  '/run/systemd/private',
  '/etc/x',
  '/x',
]

const secrets = [
  '/proc/1/environ',
  '/proc/1/maps',
  '/proc/1/root/etc/shadow',
  '/proc/kcore',
  '/proc/keys',
  '/proc/kpagecount',
  '/proc/kpageflags',
  '/proc/vmallocinfo',
  '/sys/kernel/vmcoreinfo',
  '/proc/interrupts',
  '/etc/shadow',
  '/var/run/secrets/kubernetes.io/serviceaccount/token',
]

const ways = [
  call('unshare', 0x10000000),
  call('unshare', 0x20000),
  call('mount', '@none', '@/tmp', '@tmpfs', 0),
  call('umount2', '@/proc', 2),
  call('open_tree', -100, '@/', 1),
  call('fsopen', '@proc', 0),
  call('setns', 0, 0),
  call('ptrace', 16, 1),
  call('pidfd_getfd', 0, 0, 0),
  call('open_by_handle_at', -100, '@x', 0),
  call('name_to_handle_at', -100, '@/proc/1/root', 0, 0, 0),
  call('bpf', 0, '@', 0),
  call('perf_event_open', '@', 0, -1, -1, 0),
  call('keyctl', 0, -3, 0),
  call('add_key', '@user', '@x', '@y', 1, -3),
  call('io_uring_setup', 1, '@'.padEnd(200, 'x')),
  call('userfaultfd', 1),
  call('syslog', 10, 0, 0),
  call('kcmp', 1, 1, 0, 0, 0),
  ...[17, 38, 40, 44].map(family => call('socket', family, 3, 0)),
  ...[6, 9, 15].map(protocol => call('socket', 16, 3, protocol)),
  'node=/tmp/disk,b,8,0',
  'node=/tmp/mem,c,1,1',
  // The last: it changes where the others would look.
  call('chroot', '@/tmp'),
]

const isOpen = (line: string): boolean =>
  /^write .*: done$/.test(line) ||
  /^call \d+: -?\d+$/.test(line) ||
  /, open: done$/.test(line) ||
  !/^(?:write|call|node|cat) .*: /.test(line)

const findings = async (
  name: 'guest' | 'hostile',
  words: readonly string[],
  user: number,
  sandbox: string,
): Promise<readonly string[]> => {
  const text = words.map(word => JSON.stringify(word)).join(', ')
  const lines = `user-id: ${user}\narguments: [${text}]\nvolumes: {/tmp: !Tmpfs {}}\n`
  const whole = planFor(world, lines, { program: `/bin/${name}`, sandbox })
  // Not the host's, as in other tests: those that an administrator is told to make.
  const steps = whole.steps.map((step): Step =>
    step.do === 'bind' && step.target === '/dev' ? { ...step, base: devices } : step,
  )
  return printed(await world.run({ ...whole, steps })).filter(isOpen)
}

const look = async (user: number, sandbox = ''): Promise<readonly string[]> => [
  ...(await findings(
    'guest',
    [...orders.map(path => `write=${path}`), ...secrets.map(path => `cat=${path}`)],
    user,
    sandbox,
  )),
  ...(await findings('hostile', ways, user, sandbox)),
]

/** Among its fourteen capabilities is that for this, inside of its root. */
const usual = [`call ${refused.get('chroot')}: 0`]

const map = '[{inside: 0, outside: 600, count: 300}]'

for (const [who, user, sandbox, expected] of [
  ['a user', 100, '', []],
  ['root of the host', 0, '', []],
  ['root of a user namespace', 0, `uid-map: ${map}\ngid-map: ${map}\n`, usual],
  ['a user who may gain privileges', 100, 'no-new-privileges: false\n', []],
] as const)
  contained(`S44: no way out is open to ${who}`, async () => {
    assert.equal(await look(user, sandbox), expected)
  })

contained('S44: of one that was opened, the list finds what is open', async () => {
  const opened =
    'seccomp: off\nlandlock: off\nno-new-privileges: false\nmasked-paths: []\n' +
    'writable-proc-sys: true\ncapabilities: [sys_admin, sys_chroot, mknod, net_raw]\n'
  const found = await look(0, opened)
  for (const what of [
    'write /proc/sys/kernel/core_pattern: done',
    `call ${refused.get('mount')}: 0`,
    `call ${refused.get('chroot')}: 0`,
  ])
    assert.ok(found.includes(what), `${what} of ${found.join('; ')}`)
  assert.ok(found.length >= 12, found.join('; '))
})

test.run()
