/**
 * Goal: S17: behind mounts, descriptors and namespaces stands a second wall. What of the host gets
 *   through one of them cannot be opened, and what an application needs it can still do.
 * Method: one of the first walls is taken away; what then is held back, is so by this one. The same
 *   without it.
 */
import * as fs from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { hasLandlock } from '../../native/landlock.ts'
import type { Plan, Step } from '../../native/plan.ts'
import { skipUnless } from '../skip.ts'
import { compile } from './compile.ts'
import { planFor, printed, without } from './configured.ts'
import type { More } from './configured.ts'
import { canContain, ownWorld, whyNot } from './world.ts'

const walled = skipUnless(canContain && hasLandlock(), `${whyNot}, and Landlock`)
const world = ownWorld(() => {
  compile('hostile.c', join(world.image, 'bin/hostile'), '-static')
})

const volumes = 'volumes: {/tmp: !Tmpfs {}, /data: !Persistent {path: /rw, mkdir: true}}\n'

const configured = (user: number, words: readonly string[], more: More = {}): Plan => {
  const text = words.map(word => JSON.stringify(word)).join(', ')
  return planFor(world, `user-id: ${user}\narguments: [${text}]\n${volumes}`, more)
}

const off: More = { sandbox: 'landlock: off\n' }

const run = async (plan: Plan): Promise<readonly string[]> => printed(await world.run(plan))

walled('S17: a directory of the host that came in as a descriptor leads nowhere', async () => {
  const leak = join(world.dir, 'leak')
  fs.symlinkSync(join(world.dir, 'secret'), leak)
  fs.mkdirSync(join(world.dir, 'secret'))
  fs.writeFileSync(join(world.dir, 'secret/x'), 'of the host\n')
  const words = ['cat=/proc/self/fd/7/x', 'write=/proc/self/fd/7/y']
  try {
    for (const user of [0, 100])
      for (const more of [{}, off]) {
        const plan = configured(user, words, more)
        const passed: Step = { do: 'passSockets', fds: [7] }
        const at = plan.steps.findIndex(step => step.do === 'limitFiles')
        const lines = await run({ ...plan, steps: plan.steps.toSpliced(at, 0, passed) })
        const [read, wrote] = lines
        if (more === off) assert.match(read!, 'of the host')
        else assert.match(read!, 'Permission denied', `user ${user}`)
        if (more !== off || user !== 0) assert.match(wrote!, 'Permission denied')
      }
  } finally {
    fs.rmSync(leak)
  }
})

walled('S17: an image that was not mounted read-only cannot be written all the same', async () => {
  const words = ['write=/made', 'write=/tmp/x', 'write=/data/x', 'write=/dev/null']
  for (const more of [{}, off]) {
    const plan = configured(0, words, more)
    const steps = plan.steps.map((step): Step =>
      step.do === 'root' ? { ...step, flags: {} } : step,
    )
    const [image, ...places] = await run({ ...plan, steps })
    assert.match(image!, more === off ? 'done' : 'Permission denied')
    for (const line of places) assert.match(line, 'done')
    fs.rmSync(join(world.image, 'made'), { force: true })
  }
})

walled('S17: sockets of the host that have a name and no file are out of reach', async () => {
  const name = `lithos-landlock-${process.pid}`
  const server = createServer(socket => socket.end()).listen(`\0${name}`)
  try {
    const ask = (more: More) =>
      run(configured(100, [`abstract=${name}`], { program: '/bin/hostile', ...more }))
    assert.equal(await ask({}), ['abstract EPERM'])
    assert.equal(await ask(off), ['abstract 0'])
  } finally {
    server.close()
  }
})

walled('S17: what an application does with its own goes on', async () => {
  const words = [
    'write=/dev/stdout',
    'write=/dev/stderr',
    'cat=/dev/stdin',
    'write=/proc/self/comm',
    'write=/proc/self/oom_score_adj',
    'write=/etc/hosts',
    'pty=/dev/ptmx',
  ]
  for (const sandbox of ['', 'no-new-privileges: false\n', 'seccomp: off\n'])
    for (const line of await run(configured(0, words, { sandbox })))
      assert.match(line, /(: done|pty done)$/, sandbox + line)
  const rename = join(world.dir, 'made/rename')
  fs.mkdirSync(rename, { recursive: true, mode: 0o777 })
  fs.writeFileSync(join(rename, 'file'), '')
  const plan = configured(0, ['rename=/data/rename/file'], { program: '/bin/hostile' })
  const steps = plan.steps.map((step): Step =>
    step.do === 'chdir' ? { ...step, path: '/data' } : step,
  )
  assert.equal(await run({ ...plan, steps }), ['rename 0'], 'from a directory to another')
})

walled('S17: who may mount is not walled, because he could not any more', async () => {
  const mounts = (plan: Plan) => plan.steps.filter(step => step.do === 'enterLandlock').length
  assert.is(mounts(configured(0, [])), 1)
  assert.is(mounts(configured(0, [], { sandbox: 'capabilities: [sys_admin]\n' })), 0)
  assert.is(mounts(without(configured(0, [], off))), 0)
})

test.run()
