/**
 * Goal: what a life has left is gone, whatever its owner made of it, and nothing else is.
 * Method: hostile trees in a temporary directory; groups in a slice of our own on this host.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { execFileSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { createSweeper } from '../../actors/sweeper.ts'
import type { Sweeper, SweepProblem } from '../../actors/sweeper.ts'
import { findLayout, groupsOf, noCgroups } from '../../native/cgroup.ts'
import type { Layout } from '../../native/cgroup.ts'
import { isRoot, skipUnless } from '../skip.ts'
import { until } from '../native/standIn.ts'

const asRoot = skipUnless(isRoot, 'needs root')
const hasCgroups = skipUnless(
  isRoot && existsSync('/sys/fs/cgroup/pids/tasks'),
  'needs root and the pids hierarchy of cgroup v1',
)

let dir = ''
let stateDir = ''
let problems: SweepProblem[] = []
let sweeper: Sweeper
const children: ChildProcess[] = []

const open = (layout: Layout = noCgroups): void => {
  sweeper = createSweeper({ stateDir, layout, report: problem => problems.push(problem) })
}

test.before.each(() => {
  dir = mkdtempSync(join(tmpdir(), 'lithos-test-'))
  stateDir = join(dir, 'state')
  problems = []
  open()
})
test.after.each(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  sweeper.close()
  await sweeper.settled()
  rmSync(dir, { recursive: true, force: true })
})

const makeState = (instance: string): string => {
  const path = join(stateDir, instance)
  mkdirSync(path, { recursive: true })
  return path
}
const sweep = (instance: string, cgroup = false): Promise<void> => {
  sweeper.perform({ type: 'sweep', instance, cgroup })
  return sweeper.settled()
}

test('links are removed, not followed, dangling ones too', async () => {
  const outside = join(dir, 'outside')
  mkdirSync(outside)
  writeFileSync(join(outside, 'precious'), 'x')
  const state = makeState('sb/web.0')
  symlinkSync(outside, join(state, 'absolute'))
  symlinkSync('../../../outside', join(state, 'relative'))
  symlinkSync('/no/such/place', join(state, 'dangling'))
  symlinkSync('loop', join(state, 'loop'))
  mkdirSync(join(state, 'below', 'deeper'), { recursive: true })
  symlinkSync(outside, join(state, 'below', 'deeper', 'link'))
  await sweep('sb/web.0')
  assert.equal(problems, [])
  assert.equal(readdirSync(stateDir), ['sb'])
  assert.equal(readdirSync(join(stateDir, 'sb')), [])
  assert.equal(readdirSync(outside), ['precious'])
})

test('what has no name of an instance is not ours, whatever directory we were given', async () => {
  const others = ['postgresql/15/main', 'lists/partial', 'of.others/web.0', 'sb/keep']
  for (const path of others) writeFileSync(join(makeState(path), 'precious'), 'x')
  for (const instance of ['sb/web.0', 'gone/web.12', 'sb/cmd.tool.4194304']) makeState(instance)
  sweeper.sweepDangling(new Set())
  await sweeper.settled()
  for (const path of others) assert.ok(existsSync(join(stateDir, path, 'precious')), path)
  assert.equal(readdirSync(join(stateDir, 'sb')), ['keep'])
  assert.not.ok(existsSync(join(stateDir, 'gone')))
})

test('a state directory that has become a link itself', async () => {
  const outside = join(dir, 'outside')
  mkdirSync(outside)
  writeFileSync(join(outside, 'precious'), 'x')
  mkdirSync(join(stateDir, 'sb'), { recursive: true })
  symlinkSync(outside, join(stateDir, 'sb', 'web.0'))
  await sweep('sb/web.0')
  assert.equal(problems, [])
  assert.equal(readdirSync(join(stateDir, 'sb')), [])
  assert.equal(readdirSync(outside), ['precious'])
})

test('odd modes, odd names, odd files', async () => {
  const state = makeState('sb/web.0')
  mkdirSync(join(state, 'closed', 'inner'), { recursive: true })
  writeFileSync(join(state, 'closed', 'inner', 'file'), 'x', { mode: 0o000 })
  chmodSync(join(state, 'closed'), 0o000)
  writeFileSync(join(state, 'new\nline'), '')
  writeFileSync(join(state, 'x'.repeat(255)), '')
  writeFileSync(Buffer.concat([Buffer.from(`${state}/`), Buffer.from([0xff, 0xfe])]), '')
  execFileSync('mkfifo', [join(state, 'fifo')])
  await sweep('sb/web.0')
  assert.equal(problems, [])
  assert.equal(readdirSync(join(stateDir, 'sb')), [])
})

test('a tree that is deeper than any path may be long', async () => {
  const state = makeState('sb/web.0')
  // Names of depth are made where a short path leads, and put one into the other.
  let top = join(dir, 'chain')
  mkdirSync(top)
  for (let depth = 0; depth < 3000; depth += 1) {
    const next = join(dir, `chain-${depth % 2}`)
    mkdirSync(next)
    renameSync(top, join(next, 'd'))
    top = next
  }
  renameSync(top, join(state, 'deep'))
  writeFileSync(join(state, '.deep-0000000000'), 'a name that we would use')
  await sweep('sb/web.0')
  assert.equal(problems, [])
  assert.equal(readdirSync(join(stateDir, 'sb')), [])
})

test('many files do not stop the event loop, and the name is free at once', async () => {
  const state = makeState('sb/web.0')
  for (let index = 0; index < 5000; index += 1) writeFileSync(join(state, `f${index}`), '')
  sweeper.perform({ type: 'sweep', instance: 'sb/web.0', cgroup: false })
  assert.not(existsSync(state))
  mkdirSync(state)
  writeFileSync(join(state, 'of the next life'), '')
  await sweeper.settled()
  assert.equal(problems, [])
  assert.equal(readdirSync(state), ['of the next life'])
  assert.equal(readdirSync(stateDir), ['sb'])
})

asRoot('a mount is not entered, and what is in it survives', async () => {
  const state = makeState('sb/web.0')
  const mounted = join(state, 'mounted')
  mkdirSync(mounted)
  writeFileSync(join(state, 'file'), '')
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', mounted])
  try {
    writeFileSync(join(mounted, 'precious'), 'x')
    await sweep('sb/web.0')
    const [aside = ''] = readdirSync(stateDir).filter(name => name.startsWith('.swept-'))
    const left = join(stateDir, aside, 'mounted')
    assert.equal(readdirSync(left), ['precious'])
    assert.equal(readdirSync(join(stateDir, aside)), ['mounted'])
    assert.equal(
      problems.map(({ kind, ...rest }) => [kind, 'code' in rest && rest.code]),
      [['state dir', 'EBUSY']],
    )
    execFileSync('umount', [left])
    // The next supervisor finds it, and has more luck.
    sweeper.sweepDangling(new Set())
    await sweeper.settled()
    assert.equal(readdirSync(stateDir), [])
  } finally {
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
    for (const line of mounts.filter(text => text.includes(dir)))
      execFileSync('umount', [line.split(' ')[4] as string])
  }
})

test('nothing there is no problem', async () => {
  await sweep('sb/never.0')
  assert.equal(problems, [])
})

test('dangling: what lives stays, commands with a living pid stay, the rest goes', async () => {
  const child = spawn('sleep', ['60'])
  children.push(child)
  makeState('sb/web.0')
  makeState('sb/web.1')
  makeState(`sb/cmd.migrate.${child.pid}`)
  makeState('sb/cmd.migrate.4194999')
  makeState('sb/cmd.orphan.4194998')
  makeState('empty')
  makeState('gone/web.0')
  makeState('.swept-1-1/old')
  writeFileSync(join(stateDir, 'a file of somebody'), '')
  sweeper.sweepDangling(new Set(['sb/web.0', 'sb/cmd.orphan.4194998']))
  await sweeper.settled()
  assert.equal(readdirSync(stateDir).toSorted(), ['a file of somebody', 'sb'])
  assert.equal(
    readdirSync(join(stateDir, 'sb')).toSorted(),
    [`cmd.migrate.${child.pid}`, 'cmd.orphan.4194998', 'web.0'].toSorted(),
  )
  assert.equal(problems, [])
})

/** A slice in `pids`, which no other test and no limit uses. */
const withSlice = async (body: (layout: Layout, slice: string) => Promise<void>): Promise<void> => {
  const cgroupName = `lithos-test-${process.pid}.slice`
  const layout = findLayout({ cgroupName, controllers: ['pids'] })
  const slice = layout.v1[0]?.slice ?? ''
  assert.ok(slice.endsWith(cgroupName))
  mkdirSync(slice)
  try {
    open(layout)
    await body(layout, slice)
  } finally {
    sweeper.close()
    for (const child of children.splice(0)) child.kill('SIGKILL')
    await until(() => removeAll(slice), 'the slice to be empty')
  }
}

const removeAll = (group: string): boolean => {
  for (const entry of readdirSync(group, { withFileTypes: true }))
    if (entry.isDirectory() && !removeAll(join(group, entry.name))) return false
  try {
    rmdirSync(group)
    return true
  } catch {
    return false
  }
}

hasCgroups('a group goes when its last process does, with groups inside of it', () =>
  withSlice(async layout => {
    const dirs = groupsOf(layout, 'sb/web.0').v1.map(({ dir: group }) => group)
    const [group = ''] = dirs
    mkdirSync(join(group, 'inner', 'most'), { recursive: true })
    const child = spawn('sleep', ['60'])
    children.push(child)
    writeFileSync(join(group, 'inner', 'most', 'tasks'), String(child.pid))
    sweeper.perform({ type: 'sweep', instance: 'sb/web.0', cgroup: true })
    await new Promise(resolve => setTimeout(resolve, 10))
    assert.ok(existsSync(group), 'busy')
    child.kill('SIGKILL')
    await sweeper.settled()
    assert.not(existsSync(group))
    assert.equal(problems, [])
  }),
)

hasCgroups('a group is kept where the name is started again, and spared if it is after all', () =>
  withSlice(async layout => {
    const [{ dir: group } = { dir: '' }] = groupsOf(layout, 'sb/web.0').v1
    mkdirSync(group)
    await sweep('sb/web.0', false)
    assert.ok(existsSync(group))
    const child = spawn('sleep', ['60'])
    children.push(child)
    writeFileSync(join(group, 'tasks'), String(child.pid))
    sweeper.perform({ type: 'sweep', instance: 'sb/web.0', cgroup: true })
    sweeper.spare('sb/web.0')
    child.kill('SIGKILL')
    await sweeper.settled()
    assert.ok(existsSync(group))
    await sweep('sb/web.0', true)
    assert.not(existsSync(group))
  }),
)

hasCgroups('dangling groups go, living ones stay, strange ones are named', () =>
  withSlice(async (_, slice) => {
    const names = [
      'sb:web.0.scope',
      'sb:web.1.scope',
      'sb:cmd.run.4194999.scope',
      'strange',
      'a.scope',
    ]
    for (const name of names) mkdirSync(join(slice, name))
    sweeper.sweepDangling(new Set(['sb/web.1']))
    await sweeper.settled()
    const left = readdirSync(slice, { withFileTypes: true }).filter(entry => entry.isDirectory())
    assert.equal(left.map(({ name }) => name).toSorted(), ['a.scope', 'sb:web.1.scope', 'strange'])
    assert.equal(problems.map(({ kind, path }) => [kind, path]).toSorted(), [
      ['wrong group', join(slice, 'a.scope')],
      ['wrong group', join(slice, 'strange')],
    ])
  }),
)

test.run()
