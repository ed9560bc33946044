/**
 * Goal: S9, S12, S13, S19, S20, S21, S22, S30, S32: what an application that was taken over can
 * see, become and change; also as root, and also where the administrator has given something away.
 * Method: probes in containers as configured. Where a step is what makes the difference, the same
 * probe in a container without it.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { join } from 'node:path'
import { callsOf } from '../../src/plan/syscalls.ts'
import { maskedByDefault } from '../../src/plan/confinement.ts'
import { processorHere } from '../../src/plan/seccomp.ts'
import type { Step } from '../../native/plan.ts'
import { skipUnless } from '../skip.ts'
import { compile } from './compile.ts'
import { planFor, printed, without } from './configured.ts'
import type { More } from './configured.ts'
import { canContain, ownWorld, planOf, whyNot } from './world.ts'

const contained = skipUnless(canContain, whyNot)
const world = ownWorld(() => {
  compile('hostile.c', join(world.image, 'bin/hostile'), '-static')
  fs.copyFileSync(join(world.image, 'bin/guest'), join(world.image, 'bin/rooted'))
  fs.chmodSync(join(world.image, 'bin/rooted'), 0o4755)
})

const configured = (user: number, words: readonly string[], more: More = {}) => {
  const text = words.map(word => JSON.stringify(word)).join(', ')
  return planFor(
    world,
    `user-id: ${user}\narguments: [${text}]\nvolumes: {/tmp: !Tmpfs {}}\n`,
    more,
  )
}

const guest = async (user: number, words: readonly string[], more: More = {}) =>
  printed(await world.run(configured(user, words, more)))

const hostile = (user: number, words: readonly string[], more: More = {}) =>
  guest(user, words, { program: '/bin/hostile', ...more })

const sets = (mask: string, inheritable = mask) =>
  `capabilities permitted ${mask} effective ${mask} inheritable ${inheritable} ` +
  `bounding ${mask} ambient ${mask}`

contained('S12 S13: no capability in any set, none to be gained, for any user', async () => {
  for (const user of [0, 1, 100, 1000])
    assert.is((await guest(user, ['caps']))[0], `${sets('0')} securebits 2f nonew 1`)
})

contained('S12: exactly those that the administrator gives, also to who is not root', async () => {
  const more = { sandbox: 'capabilities: [CAP_CHOWN, net_bind_service]\n' }
  for (const user of [0, 100]) assert.match((await guest(user, ['caps'], more))[0]!, sets('401'))
})

contained('S13: a setuid program of the image gains nothing', async () => {
  const [ids, caps] = await hostile(100, ['exec=/bin/rooted'])
  assert.match(ids!, 'users 100 100 100 ')
  assert.match(caps!, sets('0'))
})

contained('S13: with new privileges allowed it runs as its owner, and no further', async () => {
  const more = { sandbox: 'no-new-privileges: false\n' }
  const [ids, caps] = await hostile(100, ['exec=/bin/rooted'], more)
  assert.match(ids!, 'users 100 0 0 ')
  assert.match(caps!, sets('0'))
})

contained('S13: each of both, the mount and the flag of the process, is enough', async () => {
  const more = { program: '/bin/hostile', sandbox: 'seccomp: off\n' }
  const whole = configured(100, ['exec=/bin/rooted'], more)
  const unflagged = without(whole, 'noNewPrivileges', 'enterLandlock')
  const steps = whole.steps.map((step): Step =>
    step.do === 'root' ? { ...step, flags: {} } : step,
  )
  for (const plan of [unflagged, { ...whole, steps }])
    assert.match(printed(await world.run(plan))[0]!, 'users 100 100 100 ')
})

contained('S9: a directory that its user may not enter is no working directory', async () => {
  fs.mkdirSync(join(world.image, 'closed'), { mode: 0o700, recursive: true })
  const plan = configured(100, ['cwd'])
  const steps = plan.steps.map((step): Step =>
    step.do === 'chdir' ? { ...step, path: '/closed' } : step,
  )
  const { log } = await world.run({ ...plan, steps })
  assert.match(log, 'entering working directory "/closed": Permission denied')
})

contained('S20: a device that was made by hand cannot be opened', async () => {
  const words = ['c,1,1', 'b,8,0', 'c,10,200'].map(node => `node=/tmp/n,${node}`)
  for (const line of await hostile(0, words)) assert.match(line, /: EPERM, open: ENOENT$/)
  const more = { sandbox: 'capabilities: [mknod]\n' }
  for (const line of await hostile(0, words, more)) assert.match(line, /: 0, open: EACCES$/)
})

/** Those that this kernel has. */
const masked = maskedByDefault.filter(path => fs.existsSync(path))

contained('S21: what shows the host is hidden, from root as from anybody', async () => {
  assert.ok(masked.length >= 3, 'there is something to hide')
  for (const user of [0, 100]) {
    const lines = await guest(user, ['say=begin', ...masked.map(path => `cat=${path}`), 'say=end'])
    const shown = lines.filter(line => !/^(cat .*: Is a directory|begin|end)$/.test(line))
    assert.equal(shown, [])
  }
  const more = { sandbox: 'masked-paths: []\n' }
  const text = (await guest(0, ['cat=/proc/timer_list', 'cat=/proc/interrupts'], more)).join('\n')
  assert.match(text, 'CPU0')
})

contained('S21: a mask is read-only and empty, a directory one too', async () => {
  const masks = masked.filter(path => fs.statSync(path).isDirectory())
  const words = masks.map(path => `write=${path}/x`)
  for (const line of await guest(0, words)) assert.match(line, 'Read-only file system')
  const [mounts] = [(await guest(0, ['cat=/proc/self/mountinfo'])).join('\n')]
  for (const path of masked) assert.match(mounts, new RegExp(` ${path} ro,nosuid`))
})

const orders = [
  '/proc/sys/kernel/core_pattern',
  '/proc/sys/vm/drop_caches',
  '/proc/irq/default_smp_affinity',
  '/proc/sysrq-trigger',
  '/sys/kernel/uevent_helper',
  '/sys/power/state',
].filter(path => fs.existsSync(path))

contained('S21: nobody gives orders to the kernel, not even root', async () => {
  const words = orders.map(path => `write=${path}`)
  for (const line of await guest(0, words)) assert.match(line, 'Read-only file system')
  const more = { sandbox: 'writable-proc-sys: true\n' }
  const lines = await guest(0, words, more)
  assert.match(lines[0]!, 'done', 'as the administrator wished')
  for (const line of lines.slice(2)) assert.match(line, 'Read-only file system')
})

contained('S3 S5: an image that puts something else in the way of a mask is refused', async () => {
  fs.mkdirSync(join(world.dir, 'volume/fs'), { recursive: true })
  fs.writeFileSync(join(world.dir, 'volume/kcore'), 'not of the kernel\n')
  fs.rmSync(join(world.dir, 'volume/keys'), { force: true })
  fs.symlinkSync('/etc/hosts', join(world.dir, 'volume/keys'))
  const proc: Step[] = [
    { do: 'mount', type: 'proc', target: '/proc', options: [], flags: {} },
    {
      do: 'bind',
      base: join(world.dir, 'volume'),
      path: '/',
      target: '/proc',
      flags: { readonly: true },
    },
  ]
  const steps: readonly (readonly [Step, number])[] = [
    [{ do: 'mask', paths: ['/proc/kcore'] }, 22],
    [{ do: 'readOnly', paths: ['/proc/fs'] }, 22],
    [{ do: 'mask', paths: ['/proc/keys'] }, 22],
    [{ do: 'mask', paths: ['/etc/hosts'] }, 22],
  ]
  for (const [step, errno] of steps) {
    const { status } = await world.run(planOf(world, [], { before: [...proc, step] }))
    assert.is(status[1], `refused T 5 ${errno}`, JSON.stringify(step))
  }
  const absent: Step = { do: 'mask', paths: ['/proc/no/such', '/proc/nothing'] }
  const { output } = await world.run(planOf(world, ['say=ran'], { before: [...proc, absent] }))
  assert.match(output, 'ran', 'what is not there needs no mask')
})

contained('S22: it sees itself and the knot, and no process of the host', async () => {
  assert.equal(await hostile(0, ['processes']), ['processes 2'])
})

const number = (name: string): number => {
  const { allowed, refused } = callsOf(processorHere() ?? 'x64')
  return allowed.get(name) ?? refused.get(name) ?? -1
}

contained('S30: the first process cannot be traced, read or given orders', async () => {
  const words = [`call=${number('ptrace')},16,1`, `call=${number('ptrace')},0x4206,1`]
  for (const user of [0, 100])
    for (const more of [{}, { sandbox: 'seccomp: off\n' }])
      for (const line of await hostile(user, words, more)) assert.match(line, /: EPERM$/)
  const files = ['mem', 'exe', 'oom_score_adj', 'coredump_filter', 'uid_map', 'comm', 'root/x']
  const lines = await guest(
    100,
    files.map(name => `write=/proc/1/${name}`),
  )
  for (const line of lines) assert.not.match(line, 'done')
  for (const line of await guest(0, ['write=/proc/1/mem', 'write=/proc/1/exe', 'cat=/proc/1/maps']))
    assert.match(line, /Permission denied|Operation not permitted|Read-only/)
})

contained('S11: nothing is remounted, mounted or unmounted', async () => {
  const call = (name: string, ...words: (string | number)[]) =>
    `call=${[number(name), ...words].join(',')}`
  const words = [
    call('mount', '@none', '@/', '@none', 0x1020),
    call('mount', '@tmpfs', '@/tmp', '@tmpfs', 0),
    call('umount2', '@/proc/sys', 2),
  ]
  for (const user of [0, 100])
    for (const more of [{}, { sandbox: 'seccomp: off\n' }])
      for (const line of await hostile(user, words, more)) assert.match(line, /: EPERM$/)
})

/** All that there are for this control group, whatever we are bound to ourselves. */
const processors = (): number =>
  Number(execFileSync('taskset', ['-c', '0-1023', 'nproc'], { env: { PATH: process.env['PATH'] } }))

contained('S32: what the supervisor was started with is not passed on', async () => {
  const spawn = join(world.dir, 'spawn')
  fs.renameSync(spawn, `${spawn}.real`)
  compile('odd.c', spawn)
  try {
    const expected =
      `nice 0 policy 0 io 0 processors ${processors()} personality 0 slack 50000 ` +
      'core 0 oom 0 umask 22'
    const plan = configured(100, ['habits'], { program: '/bin/hostile' })
    assert.equal(printed(await world.run(plan)), [expected])
    const [odd] = printed(await world.run(without(plan, 'resetLimits')))
    assert.match(odd!, 'core 4096 oom 321', 'these two are a step of their own')
    assert.equal(await guest(100, ['signals']), ['signals blocked or not default:'])
  } finally {
    fs.renameSync(`${spawn}.real`, spawn)
  }
})

test.run()
