/**
 * Goal: a step that fails is named, with its place in the plan, what it was about and the errno,
 * to the supervisor and to people; nothing is started, nothing stays.
 * Method: one plan a row, in which one step cannot work.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Plan, Step } from '../../native/plan.ts'
import { skipUnless } from '../skip.ts'
import { canContain, exec, ownWorld, planOf, whyNot } from './world.ts'

const contained = skipUnless(canContain, whyNot)
const world = ownWorld(() => {
  writeFileSync(join(world.dir, 'file'), '')
  writeFileSync(join(world.image, 'bin/text'), 'no program\n', { mode: 0o755 })
  mkdirSync(join(world.dir, 'state/dir'))
})

const EPERM = 1
const ENOENT = 2
const ENOEXEC = 8
const EACCES = 13
const ENODEV = 19
const ENOTDIR = 20
const EISDIR = 21
const EINVAL = 22

type Row = readonly [at: 'before' | 'after', step: Step, errno: number, sentence: string]

/** `DIR` in a sentence stands for the directory of the world. */
const rows = (): readonly Row[] => {
  const { dir } = world
  const base = join(dir, 'state')
  const owner = { mode: 0o755, uid: 0, gid: 0, always: false }
  const none = {}
  return [
    [
      'before',
      { do: 'makeDir', base: join(dir, 'none'), path: 'x', ...owner },
      ENOENT,
      'making directory "DIR/none/x": No such file or directory (os error 2)',
    ],
    [
      'before',
      { do: 'makeDir', base, path: 'a/../b', ...owner },
      EINVAL,
      'making directory "DIR/state/a/../b": Invalid argument (os error 22)',
    ],
    [
      'before',
      { do: 'makeDir', base: dir, path: 'file/x', ...owner },
      ENOTDIR,
      'making directory "DIR/file/x": Not a directory (os error 20)',
    ],
    [
      'before',
      { do: 'copyFile', source: join(dir, 'none'), base, path: 'x' },
      ENOENT,
      'copying "DIR/none" to "DIR/state/x": No such file or directory (os error 2)',
    ],
    [
      'before',
      { do: 'copyFile', source: dir, base, path: 'x' },
      EINVAL,
      'copying "DIR" to "DIR/state/x": Invalid argument (os error 22)',
    ],
    [
      'before',
      { do: 'writeFile', base, path: '/dir', text: '', mode: 0o644 },
      EISDIR,
      'writing "DIR/state/dir": Is a directory (os error 21)',
    ],
    [
      'before',
      { do: 'bind', base: dir, path: 'none', target: '/data', flags: none },
      ENOENT,
      'binding "DIR/none" to "/data": No such file or directory (os error 2)',
    ],
    [
      'before',
      { do: 'bind', base: dir, path: '/volume', target: '/none', flags: none },
      ENOENT,
      'binding "DIR/volume" to "/none": No such file or directory (os error 2)',
    ],
    [
      'before',
      { do: 'bind', base: dir, path: '/volume', target: '/etc/hosts', flags: none },
      EINVAL,
      'binding "DIR/volume" to "/etc/hosts": Invalid argument (os error 22)',
    ],
    [
      'before',
      { do: 'bindFile', base: dir, path: 'file', target: '/etc', ifRegular: false },
      EINVAL,
      'binding "DIR/file" to "/etc": Invalid argument (os error 22)',
    ],
    [
      'before',
      { do: 'bindFile', base: dir, path: 'none', target: '/etc/hosts', ifRegular: true },
      ENOENT,
      'binding "DIR/none" to "/etc/hosts": No such file or directory (os error 2)',
    ],
    [
      'before',
      { do: 'mount', type: 'tmpfs', target: '/none', options: [], flags: none },
      ENOENT,
      'mounting tmpfs on "/none": No such file or directory (os error 2)',
    ],
    [
      'before',
      { do: 'mount', type: 'tmpfs', target: '/tmp', options: ['size=much'], flags: none },
      EINVAL,
      'mounting tmpfs on "/tmp": Invalid argument (os error 22)',
    ],
    [
      'before',
      { do: 'mount', type: 'none' as 'tmpfs', target: '/tmp', options: [], flags: none },
      ENODEV,
      'mounting none on "/tmp": No such device (os error 19)',
    ],
    [
      'before',
      { do: 'cgroup', dir: join(dir, 'none/x'), join: 'procs' },
      ENOENT,
      'making cgroup "DIR/none/x": No such file or directory (os error 2)',
    ],
    [
      'before',
      { do: 'cgroup', dir: join(dir, 'volume'), join: 'tasks' },
      ENOENT,
      'making cgroup "DIR/volume": No such file or directory (os error 2)',
    ],
    [
      'before',
      { do: 'openOutput', path: '/none/x.log' },
      ENOENT,
      'opening output file "/none/x.log": No such file or directory (os error 2)',
    ],
    [
      'after',
      { do: 'limitFiles', max: 2 ** 40 },
      EPERM,
      'limiting open files to 1099511627776: Operation not permitted (os error 1)',
    ],
    // -1 and 2^32 are root to the kernel: it would leave the user, or cut the number, in silence.
    [
      'after',
      { do: 'setUid', uid: 2 ** 32 },
      EINVAL,
      'setting user 4294967296: Invalid argument (os error 22)',
    ],
    ['after', { do: 'setUid', uid: -1 }, EINVAL, 'setting user -1: Invalid argument (os error 22)'],
    [
      'after',
      { do: 'setGroups', gids: [1, 2 ** 32] },
      EINVAL,
      'setting supplementary groups: Invalid argument (os error 22)',
    ],
    [
      'before',
      { do: 'makeDir', base, path: 'x', ...owner, uid: 0xffffffff },
      EINVAL,
      'making directory "DIR/state/x": Invalid argument (os error 22)',
    ],
    [
      'after',
      { do: 'setUid', uid: 0xffffffff },
      EINVAL,
      'setting user 4294967295: Invalid argument (os error 22)',
    ],
    [
      'after',
      { do: 'setGid', gid: 0xffffffff },
      EINVAL,
      'setting group 4294967295: Invalid argument (os error 22)',
    ],
    [
      'after',
      { do: 'chdir', path: '/none' },
      ENOENT,
      'entering working directory "/none": No such file or directory (os error 2)',
    ],
    [
      'after',
      { ...exec(), executable: '/bin/none' } as Step,
      ENOENT,
      'executing "/bin/none": No such file or directory (os error 2)',
    ],
    [
      'after',
      { ...exec(), executable: '/bin/text' } as Step,
      ENOEXEC,
      'executing "/bin/text": Exec format error (os error 8)',
    ],
    [
      'after',
      { ...exec(), executable: 'guest' } as Step,
      ENOENT,
      'executing "guest": No such file or directory (os error 2)',
    ],
    [
      'after',
      { ...exec(), executable: '/bin' } as Step,
      EACCES,
      'executing "/bin": Permission denied (os error 13)',
    ],
  ]
}

contained('every step that can fail says which, on what, and why', async () => {
  for (const [at, step, errno, sentence] of rows()) {
    const plan: Plan = planOf(world, ['exit=98'], { [at]: [step] })
    // The exec of the row takes the place of the one that every plan ends with.
    const steps = step.do === 'exec' ? plan.steps.slice(0, -1) : plan.steps
    const { code, status, log, output, stderr } = await world.run({ ...plan, steps })
    const told = sentence.replaceAll('DIR', world.dir)
    assert.is(code, 1, told)
    assert.equal(status, ['launched T', `refused T ${steps.indexOf(step)} ${errno}`], told)
    assert.match(log, `][ERROR] Fatal error running "sb/p.0": ${told}\n`)
    assert.is(stderr, '', told)
    assert.is(output.includes('Starting'), at === 'after', told)
  }
})

contained('what fails before there is a log is said on standard error', async () => {
  const path = join(world.dir, 'none/log')
  const first: Step = { do: 'openLog', log: 'log', path }
  const plan = planOf(world, [])
  const { code, status, stderr } = await world.run({ ...plan, steps: [first, ...plan.steps] })
  assert.is(code, 1)
  assert.equal(status, ['launched T', 'refused T 0 2'])
  assert.is(
    stderr,
    `Fatal error running "sb/p.0": opening log "${path}": No such file or directory (os error 2)\n`,
  )
})

contained('a path in a sentence cannot look like a line of the log', async () => {
  const plan = planOf(world, [], { after: [{ do: 'chdir', path: '/x\n[2018][ERROR] forged' }] })
  const { log } = await world.run(plan)
  assert.match(log, 'directory "/x?[2018][ERROR] forged": No such')
})

contained('a path of any length leaves room for the reason', async () => {
  const plan = planOf(world, [], { after: [{ do: 'chdir', path: '/x'.repeat(4000) }] })
  const { log } = await world.run(plan)
  assert.match(log, /\/x…": File name too long \(os error 36\)\n$/)
})

contained('in restart-process-only the second start can be refused as well', async () => {
  const program = join(world.dir, 'volume/program')
  copyFileSync(join(world.image, 'bin/guest'), program)
  const plan = planOf(world, ['say=ready', 'sleep'], {
    before: [
      { do: 'bind', base: join(world.dir, 'volume'), path: '/', target: '/data', flags: {} },
    ],
    head: { restartProcessOnly: true },
  })
  const steps = plan.steps.map(step =>
    step.do === 'exec' ? { ...step, executable: '/data/program' } : step,
  )
  const running = await world.start({ ...plan, steps })
  await running.sees('output', /ready/)
  rmSync(program)
  const [app] = readFileSync(`/proc/${running.pid}/task/${running.pid}/children`, 'utf8').split(' ')
  process.kill(Number(app), 'SIGKILL')
  const { status, code } = await running.over
  assert.is(code, 1)
  assert.equal(status.slice(2), ['died T 9 T', `refused T ${steps.length - 1} 2`])
})

test.run()
