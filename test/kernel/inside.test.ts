/**
 * Goal: rows S6, S7, S8, S30 and S34 of the list of what a container may never do: nothing of
 * the knot can be read, written, executed or entered from inside, and it keeps no secret.
 * Method: an application that tries; the memory of a knot, read whole.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { closeSync, existsSync, openSync, readFileSync, readSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Step } from '../../native/plan.ts'
import { skipUnless } from '../skip.ts'
import { canContain, ownWorld, planOf, whyNot } from './world.ts'

const contained = skipUnless(canContain, whyNot)
const world = ownWorld()

contained('S8: no working directory outside is reached through a descriptor', async () => {
  const before: Step[] = [{ do: 'mount', type: 'proc', target: '/proc', options: [], flags: {} }]
  for (let fd = 0; fd < 16; fd++)
    for (const path of [`/proc/self/fd/${fd}`, `/proc/1/fd/${fd}`]) {
      const after: Step[] = [{ do: 'chdir', path }]
      const { status, output } = await world.run(planOf(world, ['cwd'], { before, after }))
      const isInside = /\ncwd \/(proc)?\n/.test(output)
      assert.ok(isInside || /^refused/.test(status[1]!), `${path}: ${output}`)
    }
})

/** The one directory of the host that a plan makes the knot keep open. */
const unified = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'].find(path =>
  existsSync(join(path, 'cgroup.procs')),
)

skipUnless(canContain && unified !== undefined, 'needs cgroup v2')(
  'S8: a directory of the host that is open is no working directory either',
  async () => {
    const dir = join(unified!, `lithos-links-${process.pid}`)
    const before: Step[] = [
      { do: 'mount', type: 'proc', target: '/proc', options: [], flags: {} },
      { do: 'cgroup', dir, join: 'procs' },
    ]
    try {
      const refusals: string[] = []
      for (let fd = 3; fd < 16; fd++) {
        const after: Step[] = [{ do: 'chdir', path: `/proc/self/fd/${fd}` }]
        const { status, output } = await world.run(planOf(world, ['cwd'], { before, after }))
        assert.not.match(output, 'unreachable')
        refusals.push(status[1]!)
      }
      assert.ok(refusals.includes('refused T 7 13'), 'one of them was that directory')
    } finally {
      rmdirSync(dir)
    }
  },
)

contained('S7: no descriptor of the knot can be executed', async () => {
  const before: Step[] = [{ do: 'mount', type: 'proc', target: '/proc', options: [], flags: {} }]
  for (let fd = 3; fd < 10; fd++) {
    const plan = planOf(world, [], { before })
    const steps = plan.steps.map(step =>
      step.do === 'exec' ? { ...step, executable: `/proc/self/fd/${fd}` } : step,
    )
    const { status } = await world.run({ ...plan, steps })
    assert.is(status[1], `refused T ${steps.length - 1} 2`)
  }
})

contained('S30 S6: the knot cannot be looked into or be written from inside', async () => {
  const before: Step[] = [{ do: 'mount', type: 'proc', target: '/proc', options: [], flags: {} }]
  const after: Step[] = [{ do: 'keepCapabilities', mask: 0n }]
  const words = [
    'write=/proc/1/exe',
    'cat=/proc/1/maps',
    'cat=/proc/1/environ',
    'write=/proc/1/mem',
  ]
  const { output } = await world.run(planOf(world, words, { before, after }))
  assert.is(output.match(/Permission denied|Operation not permitted/g)?.length, 4, output)
})

contained('S34: what the application is given stands in no other place', async () => {
  const plan = planOf(world, ['say=ready', 'sleep'])
  const steps = plan.steps.map(step =>
    step.do === 'exec' ? { ...step, environment: ['KEY=canary'] } : step,
  )
  const running = await world.start({ ...plan, steps })
  await running.sees('output', /ready/)
  await running.sees('status', /started/)
  await untilAsleep(running.pid)
  const memory = readMemory(running.pid)
  assert.not.match(memory, 'KEY=canary', 'the plan has been let go')
  assert.not.match(readFileSync(`/proc/${running.pid}/environ`, 'utf8'), 'canary')
  process.kill(running.pid, 'SIGTERM')
  const { log, output, stderr } = await running.over
  assert.not.match(log + output + stderr, 'canary')
})

/** The knot has done all it does at a start and waits for signals. */
const untilAsleep = async (pid: number): Promise<void> => {
  while (!/^State:\tS/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')))
    await new Promise(resolve => setTimeout(resolve, 2))
}

/** Everything that a process has mapped and that can be read. */
const readMemory = (pid: number): string => {
  const fd = openSync(`/proc/${pid}/mem`, 'r')
  const ranges = readFileSync(`/proc/${pid}/maps`, 'utf8').matchAll(
    /^([0-9a-f]+)-([0-9a-f]+) r(?!.*\[v)/gm,
  )
  const parts = [...ranges].map(([, start, end]) => {
    const from = Number.parseInt(start!, 16)
    const bytes = Buffer.alloc(Number.parseInt(end!, 16) - from)
    readSync(fd, bytes, 0, bytes.length, from)
    return bytes.toString('latin1')
  })
  closeSync(fd)
  const memory = parts.join('')
  assert.match(memory, 'sb/p.0', 'the memory of this knot, to be sure')
  return memory
}

test.run()
