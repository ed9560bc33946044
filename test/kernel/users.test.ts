/**
 * Goal: an application in a user namespace is who the maps say, has power over nothing but its
 *   own, and can do there what programs do: write, print, look at itself, change its user.
 * Method: guests in knots, with maps of several kinds; what they made is looked at from outside.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { IdRange, Plan, Step } from '../../native/plan.ts'
import { skipUnless } from '../skip.ts'
import { canContain, ownWorld, planOf, whyNot } from './world.ts'

const contained = skipUnless(canContain, whyNot)
const world = ownWorld(() => {
  // The image and its volumes are entered as somebody who is not root on this host.
  chmodSync(world.dir, 0o755)
})

const proc: Step = { do: 'mount', type: 'proc', target: '/proc', options: [], flags: {} }
const wide: readonly IdRange[] = [
  { inside: 0, outside: 100000, count: 1 },
  { inside: 1, outside: 200000, count: 65535 },
]
const fourteen = 0xa80425fbn

interface Who {
  readonly uidMap?: readonly IdRange[]
  readonly gidMap?: readonly IdRange[]
  readonly id?: number
  readonly mask?: bigint
  readonly before?: readonly Step[]
  readonly head?: Partial<Plan>
}

const planFor = (words: readonly string[], who: Who = {}): Plan => {
  const { uidMap = wide, gidMap = wide, id = 0, mask = id === 0 ? fourteen : 0n } = who
  const after: Step[] = [
    { do: 'setGroups', gids: [] },
    { do: 'enterUsers' },
    { do: 'setGid', gid: id },
    { do: 'setUid', uid: id },
    { do: 'keepCapabilities', mask },
    { do: 'noNewPrivileges' },
  ]
  const head = { isDaemon: false, ...who.head }
  const plan = planOf(world, words, { before: [proc, ...(who.before ?? [])], after, head })
  const users: Step = { do: 'users', uidMap, gidMap }
  return { ...plan, steps: [...plan.steps.slice(0, 2), users, ...plan.steps.slice(2)] }
}

const looks = async (words: readonly string[], who: Who = {}): Promise<readonly string[]> => {
  const { output, code, log, stderr } = await world.run(planFor(words, who))
  assert.is(code, 0, `${log}${stderr}`)
  return output.split('\n').filter(line => line !== '' && !line.includes(': ----- '))
}

contained('maps of several ranges are those of the plan, and ids are inside of them', async () => {
  const seen = await looks(['ids', 'cat=/proc/self/uid_map', 'cat=/proc/self/gid_map'], { id: 7 })
  const map = ['         0     100000          1', '         1     200000      65535']
  assert.equal(seen, ['users 7 7 7 groups 7 7 7 others', ...map, ...map])
})

contained('as many ranges as the kernel takes', async () => {
  const many = Array.from({ length: 340 }, (_, n) => ({ inside: n, outside: n, count: 1 }))
  const who = { uidMap: many, gidMap: many, id: 339 }
  assert.equal(await looks(['ids'], who), ['users 339 339 339 groups 339 339 339 others'])
})

contained('S12 S13: root inside keeps the fourteen over its own, others keep none', async () => {
  const sets = (mask: string, bits: string): string =>
    ['permitted', 'effective', 'inheritable', 'bounding', 'ambient']
      .map(name => `${name} ${mask}`)
      .join(' ') + ` securebits ${bits} nonew 1`
  assert.equal(await looks(['caps']), [`capabilities ${sets('a80425fb', '0')}`])
  assert.equal(await looks(['caps'], { id: 1 }), [`capabilities ${sets('0', '2f')}`])
})

contained('root inside is root over what belongs to it, and over nothing else', async () => {
  const make = (path: string, uid: number): Step => {
    const base = join(world.dir, 'volume')
    return { do: 'makeDir', base, path, mode: 0o700, uid, gid: uid, always: true }
  }
  const bind = (path: string, target: string): Step => ({
    do: 'bind',
    base: join(world.dir, 'volume'),
    path,
    target,
    flags: {},
  })
  const before = [
    make('/own', 200005),
    make('/foreign', 5),
    bind('/own', '/data'),
    bind('/foreign', '/other'),
  ]
  const words = ['write=/data/x', 'mode=/data', 'write=/other/x', 'mode=/other', 'chown=/data/x']
  assert.equal(await looks(words, { before }), [
    'write /data/x: done',
    'mode /data 40700 6:6',
    'write /other/x: Permission denied',
    'mode /other 40700 65534:65534',
    'chown /data/x: done',
  ])
  const { uid, gid } = statSync(join(world.dir, 'volume/own/x'))
  assert.equal([uid, gid], [200008, 200008])
  rmSync(join(world.dir, 'volume/own'), { recursive: true })
  rmSync(join(world.dir, 'volume/foreign'), { recursive: true })
})

contained('what programs do at their start works: tmpfs, pty, output, /proc/self', async () => {
  const before: Step[] = [
    {
      do: 'mount',
      type: 'tmpfs',
      target: '/tmp',
      options: ['size=65536', 'mode=0755', 'uid=100000', 'gid=100000'],
      flags: { nosuid: true, nodev: true },
    },
    {
      do: 'mount',
      type: 'devpts',
      target: '/logs',
      options: ['newinstance', 'ptmxmode=0666'],
      flags: { nosuid: true, noexec: true, noatime: true },
    },
    { do: 'mount', type: 'sysfs', target: '/sys', options: [], flags: { readonly: true } },
  ]
  const words = [
    'write=/tmp/x',
    'mode=/tmp/x',
    'pty=/logs/ptmx',
    'mode=/proc/self/environ',
    'cat=/proc/self/comm',
    'write=/proc/self/comm',
    'write=/proc/sys/kernel/hostname',
    'regroup',
    'become=33',
    'ids',
  ]
  assert.equal(await looks(words, { before }), [
    'write /tmp/x: done',
    'mode /tmp/x 100600 0:0',
    'pty done',
    'mode /proc/self/environ 100400 0:0',
    'guest',
    'write /proc/self/comm: done',
    'write /proc/sys/kernel/hostname: Permission denied',
    'regroup done',
    'become done',
    'users 33 33 33 groups 33 33 33 others 4',
  ])
})

contained('the other namespaces stay those of the root of the host', async () => {
  const running = await world.start(planFor(['say=up', 'sleep'], {}))
  await running.sees('output', /^up$/m)
  const app = Number(readFileSync(`/proc/${running.pid}/task/${running.pid}/children`, 'utf8'))
  const of = (pid: number | string, name: string): string => readlinkSync(`/proc/${pid}/ns/${name}`)
  assert.is.not(of(app, 'user'), of('self', 'user'))
  assert.is(of(running.pid, 'user'), of('self', 'user'))
  for (const name of ['mnt', 'pid', 'ipc', 'uts'])
    assert.is(of(app, name), of(running.pid, name), name)
})

contained('S30: root inside can neither look into the knot nor signal it', async () => {
  const seen = await looks(['cat=/proc/1/maps', 'write=/proc/1/mem', 'signal=1'])
  assert.equal(seen, [
    'cat /proc/1/maps: Permission denied',
    'write /proc/1/mem: Permission denied',
    'signal 1: Operation not permitted',
  ])
})

contained('a second start in place enters the same namespace', async () => {
  const head = { isDaemon: true, restartProcessOnly: true }
  const words = ['ids', 'exit=1']
  const running = await world.start(planFor(words, { head, id: 3 }))
  await running.sees('output', /(users 3 3 3 [^]*){3}/)
  process.kill(running.pid, 'SIGTERM')
  assert.is((await running.over).code, 0)
})

contained('an id that is not mapped, and a map that is none, are refused with a name', async () => {
  const one = [{ inside: 0, outside: 100000, count: 1 }]
  const unmapped = await world.run(planFor([], { uidMap: one, id: 5, gidMap: wide }))
  assert.match(unmapped.log, 'setting user 5: Invalid argument')
  const none = await world.run(planFor([], { gidMap: [], id: 0 }))
  assert.match(none.log, 'setting group 0: Invalid argument')
  const twice = await world.run(planFor([], { uidMap: [...one, ...one] }))
  assert.match(twice.log, 'making a user namespace: Invalid argument')
  assert.is(twice.status[1], 'refused T 2 22')
})

contained(
  'S5: what somebody has mounted over /proc gets no map, and gives no namespace',
  async () => {
    const spawn = join(world.dir, 'spawn')
    const fake = join(world.dir, 'fake')
    const map = join(fake, '77/uid_map')
    mkdirSync(join(fake, '77/ns'), { recursive: true })
    for (const name of ['uid_map', 'gid_map', 'ns/user']) writeFileSync(join(fake, '77', name), '')
    symlinkSync('77', join(fake, 'self'))
    renameSync(spawn, `${spawn}.real`)
    const within = `mount --bind ${fake} /proc && exec ${spawn}.real "$@"`
    const words = `unshare --mount sh -c '${within}' ${spawn} "$@"`
    writeFileSync(spawn, `#!/bin/sh\nexec ${words}\n`, { mode: 0o755 })
    try {
      const { log } = await world.run(planFor(['ids']))
      assert.match(log, 'making a user namespace: Invalid argument')
      assert.is(readFileSync(map, 'utf8'), '')
      writeFileSync(spawn, `#!/bin/sh\nexec ${spawn}.real "$@"\n`)
      assert.equal(await looks(['say=ran']), ['ran'], 'the same without it')
    } finally {
      renameSync(`${spawn}.real`, spawn)
    }
  },
)

test.run()
