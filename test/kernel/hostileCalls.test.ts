/**
 * Goal: S14, S15, S16, S23, S24: an application that was taken over gets nothing of the kernel
 * that is not for applications, and real programs miss nothing.
 * Method: a probe makes every call that is refused, in containers as configured; the same with the
 * filter off, which shows that it is the filter that refuses. Then node, sh and a static program.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { join } from 'node:path'
import { processorHere } from '../../src/plan/seccomp.ts'
import { callsOf } from '../../src/plan/syscalls.ts'
import { skipUnless } from '../skip.ts'
import { compile } from './compile.ts'
import { planFor, printed, without } from './configured.ts'
import type { More } from './configured.ts'
import { canContain, ownWorld, whyNot } from './world.ts'

const processor = processorHere()
const contained = skipUnless(canContain && processor !== null, whyNot)
const calls = processor === null ? null : callsOf(processor)
const world = ownWorld(() => {
  compile('hostile.c', join(world.image, 'bin/hostile'), '-static')
})

const numberOf = (name: string): number =>
  calls!.refused.get(name) ?? calls!.conditional.get(name) ?? calls!.allowed.get(name) ?? -1

const hostile = (words: readonly string[], more: More = {}) => {
  const lines = `user-id: 100\narguments: [${words.map(word => JSON.stringify(word)).join(', ')}]\n`
  return planFor(world, lines, { program: '/bin/hostile', ...more })
}

const run = async (words: readonly string[], more: More = {}): Promise<readonly string[]> =>
  printed(await world.run(hostile(words, more)))

const off = { sandbox: 'seccomp: off\n' }

contained('S14: every refused call is refused, and what nobody knows does not exist', async () => {
  const names = [...calls!.refused.keys()]
  const lines = await run([...names.map(name => `call=${numberOf(name)}`), 'call=600'])
  names.forEach((name, index) =>
    assert.is(lines[index], `call ${numberOf(name)}: EPERM`, `${name}: ${lines[index]}`),
  )
  assert.is(lines.at(-1), 'call 600: ENOSYS')
})

contained('S14: without the filter the kernel would have answered', async () => {
  const names = 'add_key request_key keyctl io_uring_setup perf_event_open get_mempolicy'.split(' ')
  const words = names.map(name => `call=${numberOf(name)}`)
  for (const line of await run(words, off)) assert.not.match(line, 'EPERM')
})

const newUser = 0x10000000

contained('S14: no new namespaces, by whatever call', async () => {
  const words = [
    `call=${numberOf('unshare')},${newUser}`,
    `call=${numberOf('unshare')},0x20000`,
    `call=${numberOf('clone')},${newUser | 17}`,
    `call=${numberOf('clone3')},0,0`,
  ]
  assert.equal(
    (await run(words)).map(line => line.split(' ')[2]),
    ['EPERM', 'EPERM', 'EPERM', 'ENOSYS'],
  )
  const [unshared, , , cloned] = await run(words, off)
  assert.match(unshared!, /: 0$/, 'without the filter any user may')
  assert.match(cloned!, /: EINVAL$/)
})

contained('S15: unix, inet and netlink for routes; no AF_ALG, packets, vsock', async () => {
  const socket = numberOf('socket')
  const families = [1, 2, 10, 16, 38, 17, 40, 15, 29, 44, 3]
  const words = families.map(family => `call=${socket},${family},3`)
  const allowed = await run([`call=${socket},1,1`, `call=${socket},2,1`, `call=${socket},10,2`])
  for (const line of allowed) assert.match(line, /: \d+$/)
  assert.match((await run([`call=${socket},16,3,0`]))[0]!, /: \d+$/)
  assert.match((await run([`call=${socket},16,3,9`]))[0]!, /: EPROTONOSUPPORT$/)
  const answers = (await run(words)).slice(4)
  for (const [index, line] of answers.entries())
    assert.match(line, /: EPERM$/, `family ${families[index + 4]}`)
  const open = (await run(words, off)).slice(4)
  assert.ok(
    open.some(line => !line.endsWith('EPERM')),
    'without the filter the kernel is asked',
  )
})

skipUnless(canContain && process.arch === 'x64', 'needs an x86_64')(
  'S15: who calls as a program for i386 or x32 does is killed',
  async () => {
    const getpid = 20
    const killed = await world.run(hostile([`old-call=${getpid}`]))
    assert.match(killed.log, 'killed by signal SIGSYS[31]')
    const x32 = await world.run(hostile([`call=${0x40000000 + 39}`]))
    assert.match(x32.log, 'killed by signal SIGSYS[31]')
    assert.match((await run([`old-call=${getpid}`], off)).join(), /old call 20: -?\d+/)
  },
)

contained('S24: nothing can be typed into a terminal, nor is it made another line', async () => {
  const ioctl = numberOf('ioctl')
  const words = [
    `call=${ioctl},0,0x5412,@x`,
    `call=${ioctl},0,0x541c,@x`,
    `call=${ioctl},0,0x500005412,@x`,
    `call=${ioctl},0,0x5423,@x`,
  ]
  for (const line of await run(words)) assert.match(line, /: EPERM$/)
  for (const line of await run(words, off)) assert.not.match(line, /: EPERM$/)
})

contained('S23: a container has a session keyring of its own', async () => {
  const [get, describe] = [`call=${numberOf('keyctl')},0,-3,0`, 'call=39']
  const serial = async (keep: boolean): Promise<string> => {
    const whole = hostile([get, describe], off)
    return printed(await world.run(keep ? whole : without(whole, 'sessionKeyring')))[0]!
  }
  const serials = [await serial(true), await serial(true)]
  for (const line of serials) assert.match(line, /: \d+$/)
  assert.is.not(serials[0], serials[1])
  const inherited = await serial(false)
  assert.ok(!serials.includes(inherited))
})

contained('S14: a capability that the administrator gives brings its calls', async () => {
  const words = [`call=${numberOf('sethostname')},@new,3`, `call=${numberOf('bpf')},99`]
  const more = { sandbox: 'capabilities: [sys_admin]\n' }
  const [named, bpf] = await run(words, more)
  assert.match(named!, /: 0$/)
  assert.match(bpf!, /: EINVAL$/)
  for (const line of await run(words)) assert.match(line, /: EPERM$/)
})

contained('S14: who may gain privileges has the filter all the same', async () => {
  const more = { sandbox: 'no-new-privileges: false\n' }
  const [line] = await run([`call=${numberOf('bpf')},99`], more)
  assert.match(line!, /: EPERM$/)
})

test.run()
