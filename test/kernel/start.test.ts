/**
 * Goal: what an application finds around it is what the plan says: every step that succeeds.
 * Method: one guest in one container looks at one thing and prints it; the output log is read.
 * After each, spawn.c looks whether anything was mounted outside.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Step } from '../../native/plan.ts'
import { skipUnless } from '../skip.ts'
import { canContain, exec, mountsOf, ownWorld, planOf, whyNot } from './world.ts'

const contained = skipUnless(canContain, whyNot)
const world = ownWorld()

/** What the guest printed, without the markers. */
const looks = async (
  words: readonly string[],
  steps: Parameters<typeof planOf>[2] = {},
): Promise<readonly string[]> => {
  const { output, code, log, stderr } = await world.run(
    planOf(world, [...words, 'exit=0'], { ...steps, head: { isDaemon: false } }),
  )
  assert.is(code, 0, `${log}${stderr}`)
  return output.split('\n').filter(line => line !== '' && !line.includes(': ----- '))
}

const proc: Step = {
  do: 'mount',
  type: 'proc',
  target: '/proc',
  options: [],
  flags: { nosuid: true, nodev: true, noexec: true, noatime: true },
}

contained('S7: no descriptor but the three is open, no signal is blocked or ignored', async () => {
  assert.equal(await looks(['fds', 'signals', 'umask', 'cwd']), [
    'descriptors 0 1 2',
    'signals blocked or not default:',
    'umask 0022',
    'cwd /',
  ])
})

contained('S24: the application leads a session of its own', async () => {
  assert.equal(await looks(['session']), ['pid 2 session 2'])
})

contained('user, group and supplementary groups are those of the plan, and no others', async () => {
  const after: Step[] = [
    { do: 'setGroups', gids: [] },
    { do: 'setGid', gid: 44 },
    { do: 'setUid', uid: 4294967294 },
  ]
  assert.equal(await looks(['ids'], { after }), [
    'users 4294967294 4294967294 4294967294 groups 44 44 44 others',
  ])
  const groups: Step[] = [{ do: 'setGroups', gids: [7, 100000] }]
  assert.equal(await looks(['ids'], { after: groups }), [
    'users 0 0 0 groups 0 0 0 others 7 100000',
  ])
})

contained(
  'S12 S13: without capabilities all five sets are empty, for root and others',
  async () => {
    const none =
      'capabilities permitted 0 effective 0 inheritable 0 bounding 0 ambient 0 ' +
      'securebits 2f nonew 1'
    const drop: Step[] = [{ do: 'keepCapabilities', mask: 0n }, { do: 'noNewPrivileges' }]
    assert.equal(await looks(['caps'], { after: drop }), [none])
    assert.equal(await looks(['caps'], { after: [{ do: 'setUid', uid: 1 }, ...drop] }), [none])
  },
)

contained(
  'S12: capabilities that are kept are kept in all five sets, across the user',
  async () => {
    const mask = (1n << 10n) | (1n << 5n)
    const keep: Step = { do: 'keepCapabilities', mask }
    const kept =
      'capabilities permitted 420 effective 420 inheritable 420 bounding 420 ambient 420 ' +
      'securebits 0 nonew 0'
    assert.equal(await looks(['caps'], { after: [{ do: 'setUid', uid: 1 }, keep] }), [kept])
    assert.equal(await looks(['caps'], { after: [keep] }), [kept])
  },
)

contained('environment, arguments and pid variables arrive as they are, in order', async () => {
  const plan = planOf(world, [])
  const steps = plan.steps.slice(0, -1)
  const last: Step = {
    do: 'exec',
    executable: '/bin/guest',
    arguments: ['say=', 'say=ü b', 'env'],
    environment: ['A=', 'B=x=y z', 'C=ü'],
    pidVariables: ['LISTEN_PID', 'P'],
  }
  const { output } = await world.run({ ...plan, steps: [...steps, last] })
  assert.match(output, '\n\nü b\nenv A=\nenv B=x=y z\nenv C=ü\nenv LISTEN_PID=2\nenv P=2\n')
})

contained('an environment as large as the kernel takes', async () => {
  const plan = planOf(world, [])
  const environment = Array.from({ length: 400 }, (_, n) => `V${n}=${'x'.repeat(4000)}`)
  const last: Step = { ...exec('env'), environment } as Step
  const { output } = await world.run({ ...plan, steps: [...plan.steps.slice(0, -1), last] })
  assert.is(output.match(/^env V\d+=x{4000}$/gm)?.length, 400)
})

contained('open files are limited, soft and hard', async () => {
  assert.equal(await looks(['limit'], { after: [{ do: 'limitFiles', max: 77 }] }), ['files 77 77'])
})

contained('the working directory is entered as the user of the application', async () => {
  mkdirSync(join(world.image, 'private'), { mode: 0o700, recursive: true })
  const enter: Step = { do: 'chdir', path: '/private' }
  const leave: Step = { do: 'setUid', uid: 1 }
  assert.equal(await looks(['cwd'], { after: [enter] }), ['cwd /private'])
  const { code, log } = await world.run(planOf(world, [], { after: [leave, enter] }))
  assert.is(code, 1)
  assert.match(log, 'entering working directory "/private": Permission denied (os error 13)')
})

contained('S11: the image is read-only in depth, with the flags that are asked for', async () => {
  const flags = { readonly: true, nosuid: true, nodev: true } as const
  const plan = planOf(world, ['cat=/proc/self/mountinfo', 'write=/data/x'], { before: [proc] })
  const steps = plan.steps.map(step => (step.do === 'root' ? { ...step, flags } : step))
  const { output } = await world.run({ ...plan, steps })
  assert.match(output, / \/ ro,nosuid,nodev,/)
  assert.match(output, / \/proc rw,nosuid,nodev,noexec,noatime - proc proc rw/)
  assert.match(output, 'write /data/x: Read-only file system')
  assert.is(output.match(/^\d+ \d+ /gm)?.length, 2, 'the old root is gone')
})

contained('a bind brings what is mounted below it, with its flags on all of it', async () => {
  const sub = join(world.dir, 'volume/sub')
  mkdirSync(sub, { recursive: true })
  const before: Step[] = [
    proc,
    // What the host has mounted below a volume: made here by binding onto the volume first.
    { do: 'bind', base: world.dir, path: '/volume', target: '/data', flags: {} },
    { do: 'mount', type: 'tmpfs', target: '/data/sub', options: ['size=4096'], flags: {} },
    {
      do: 'bind',
      base: join(world.mountPoint, 'data'),
      path: '',
      target: '/other',
      flags: { readonly: true, nosuid: true, nodev: true, noexec: true, noatime: true },
    },
  ]
  const lines = await looks(['cat=/proc/self/mountinfo', 'write=/other/sub/x'], { before })
  const other = lines.filter(line => /^\d+ .* \/other/.test(line))
  assert.is(other.length, 2, other.join('\n'))
  other.forEach(line => assert.match(line, ' ro,nosuid,nodev,noexec,noatime'))
  assert.is(lines.at(-1), 'write /other/sub/x: Read-only file system')
})

contained('new file systems have their options', async () => {
  const before: Step[] = [
    proc,
    {
      do: 'mount',
      type: 'tmpfs',
      target: '/tmp',
      options: ['size=65536', 'mode=01750'],
      flags: { nosuid: true, nodev: true },
    },
    { do: 'mount', type: 'sysfs', target: '/sys', options: [], flags: { readonly: true } },
    {
      do: 'mount',
      type: 'devpts',
      target: '/dev',
      options: ['newinstance', 'ptmxmode=0666'],
      flags: { nosuid: true, noexec: true, noatime: true },
    },
    { do: 'mount', type: 'mqueue', target: '/other', options: [], flags: {} },
  ]
  const lines = await looks(['cat=/proc/self/mountinfo', 'mode=/tmp', 'mode=/dev/ptmx'], { before })
  const text = lines.join('\n')
  assert.match(text, / \/tmp rw,nosuid,nodev,relatime - tmpfs tmpfs rw,size=64k,mode=1750/)
  assert.match(text, / \/sys ro,relatime - sysfs sysfs rw/)
  assert.match(text, / \/dev rw,nosuid,noexec,noatime - devpts devpts rw,.*ptmxmode=666/)
  assert.match(text, / \/other rw,relatime - mqueue mqueue rw/)
  assert.equal(lines.slice(-2), ['mode /tmp 41750 0:0', 'mode /dev/ptmx 20666 0:0'])
})

contained('directories are made with owner and mode, their parents as root', async () => {
  const base = join(world.dir, 'state')
  const made = { do: 'makeDir', base, uid: 5, gid: 6, mode: 0o1777 } as const
  await looks([], { before: [{ ...made, path: '/a/b//c/', always: false }] })
  const kind = (path: string): string => {
    const { mode, uid, gid } = statSync(join(base, path))
    return `${(mode & 0o7777).toString(8)} ${uid}:${gid}`
  }
  assert.is(kind('a'), '755 0:0')
  assert.is(kind('a/b'), '755 0:0')
  assert.is(kind('a/b/c'), '1777 5:6')

  await looks([], { before: [{ ...made, path: 'a/b/c', mode: 0o700, uid: 8, always: false }] })
  assert.is(kind('a/b/c'), '1777 5:6', 'what exists is left alone')
  await looks([], { before: [{ ...made, path: 'a/b/c', mode: 0o700, uid: 8, always: true }] })
  assert.is(kind('a/b/c'), '700 8:6', 'unless always')
  await looks([], { before: [{ ...made, path: '/', mode: 0o711, always: true }] })
  assert.is(kind('.'), '711 5:6', 'also the base itself')
})

contained('hosts: a copy, then a text after it, bound over the file of the image', async () => {
  const base = join(world.dir, 'state')
  const source = join(world.dir, 'source')
  writeFileSync(source, 'copied '.repeat(2000) + '\n')
  chmodSync(source, 0o640)
  const before: Step[] = [
    { do: 'copyFile', source, base, path: 'hosts' },
    { do: 'writeFile', base, path: 'hosts', text: 'written\n', mode: 0o604 },
    { do: 'bindFile', base, path: 'hosts', target: '/etc/hosts', ifRegular: false },
  ]
  const lines = await looks(['cat=/etc/hosts', 'mode=/etc/hosts'], { before })
  assert.equal(lines, ['copied '.repeat(2000), 'written', 'mode /etc/hosts 100604 0:0'])
  await looks([], { before: before.slice(0, 1) })
  assert.is(statSync(join(base, 'hosts')).mode & 0o777, 0o640)
  assert.is(readFileSync(join(base, 'hosts'), 'utf8'), 'copied '.repeat(2000) + '\n')
})

contained('ifRegular: a target that is no regular file is left alone', async () => {
  const base = join(world.dir, 'state')
  const text: Step = { do: 'writeFile', base, path: 'f', text: 'bound\n', mode: 0o644 }
  for (const target of ['/etc/none', '/none/hosts', '/etc', '/etc/hosts/x'])
    assert.equal(
      await looks(['cat=/etc/hosts'], {
        before: [text, { do: 'bindFile', base, path: 'f', target, ifRegular: true }],
      }),
      ['of the image'],
    )
})

contained('the application prints where the plan says, markers stay in the log', async () => {
  const volume = join(world.dir, 'volume')
  const before: Step[] = [
    { do: 'bind', base: volume, path: '/', target: '/logs', flags: {} },
    { do: 'openOutput', path: '/logs/app.log' },
  ]
  const { output, log } = await world.run(planOf(world, ['say=hello', 'exit=3'], { before }))
  assert.not.match(output, 'hello')
  assert.match(output, 'exited with code 3')
  assert.match(log, 'exited with code 3')
  assert.is(readFileSync(join(volume, 'app.log'), 'utf8'), 'hello\n')
  rmSync(join(volume, 'app.log'))
})

contained('inherited output is that of the knot', async () => {
  const before: Step[] = [{ do: 'inheritOutput' }]
  const { output, code } = await world.run(planOf(world, ['say=hello', 'exit=3'], { before }))
  assert.is(code, 2)
  assert.not.match(output, 'hello')
})

// ---------------------------------------------------------------------------
// And afterwards
// ---------------------------------------------------------------------------

contained('S10: nothing is mounted on the host that was not before', () => {
  assert.equal(mountsOf(world), [])
  assert.equal(readdirSync(world.mountPoint), [])
})

test.run()
