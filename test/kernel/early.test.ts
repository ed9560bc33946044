/**
 * Goal: an order to stop that comes while the place is being made is not lost (gap H7); and who
 * starts the knot by hand gets an answer, and no harm.
 * Method: a pipe that keeps the knot in the middle of its set-up for as long as the test wants.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { spawnSync } from 'node:child_process'
import { closeSync, constants, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Step } from '../../native/plan.ts'
import { encodePlan } from '../../native/wire.ts'
import { skipUnless } from '../skip.ts'
import { canContain, ownWorld, placeSteps, planOf, whyNot } from './world.ts'

const contained = skipUnless(canContain, whyNot)
const world = ownWorld()

// ---------------------------------------------------------------------------
// Stopped before it began
// ---------------------------------------------------------------------------

for (const signal of ['SIGTERM', 'SIGINT'] as const)
  contained(`H7: ${signal} during set-up ends it at the next step`, async () => {
    const pipe = join(world.dir, `pipe-${signal}`)
    assert.is(spawnSync('mkfifo', [pipe]).status, 0)
    // Opening a pipe waits for a reader: the knot stands in the middle of its set-up.
    const wait: Step = { do: 'openLog', log: 'output', path: pipe }
    const plan = planOf(world, ['sleep'])
    const base = join(world.dir, 'state')
    const never: Step = { do: 'writeFile', base, path: signal, text: '', mode: 0o644 }
    const steps = [placeSteps(world)[1]!, wait, never, ...plan.steps]
    const running = await world.start({ ...plan, logLevel: 'info', steps })
    await running.sees('log', /Starting container/)
    process.kill(running.pid, signal)
    closeSync(openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK))
    const { code, status, log } = await running.over
    assert.is(code, 0)
    assert.equal(status, ['launched T', 'exited T 15 0 term'])
    assert.match(log, '][INFO] Stopped "sb/p.0" before it was started\n')
    assert.not.match(log, '"/bin/guest"')
    assert.not.ok(existsSync(join(base, signal)), 'no other step was taken')
  })

// ---------------------------------------------------------------------------
// Not a container at all
// ---------------------------------------------------------------------------

const knot = (): string => join(world.dir, 'native/lithos_knot')

contained('from a shell it helps, says its version, or says who starts it', () => {
  const help = spawnSync(knot(), ['--help'], { encoding: 'utf8' })
  assert.is(help.status, 0)
  assert.match(help.stdout, 'Usage:\n    lithos_knot [OPTIONS]\n')
  const version = spawnSync(knot(), ['--version'], { encoding: 'utf8' })
  assert.is(version.stdout, '0.18.4\n')
  assert.is(version.status, 0)
  const bare = spawnSync(knot(), ['--name', 'x'], { encoding: 'utf8' })
  assert.is(bare.status, 2)
  assert.match(bare.stderr, 'is started by lithos_tree')
})

contained('with a plan, but not alone in a pid namespace, it touches nothing', () => {
  const plan = join(world.dir, 'plan-outside')
  const status = join(world.dir, 'status-outside')
  writeFileSync(plan, encodePlan(planOf(world, ['sleep'])))
  const descriptors = [openSync(plan, 'r'), openSync(status, 'a')]
  // Among mounts of its own: on a host somebody else may mount something meanwhile.
  const script =
    'mount --make-rshared /; cat /proc/self/mountinfo >"$1"; "$0"; code=$?; ' +
    'cat /proc/self/mountinfo >"$2"; exit $code'
  const [before, after] = ['before', 'after'].map(name => join(world.dir, `mounts-${name}`))
  const words = ['--mount', 'sh', '-c', script, knot(), before ?? '', after ?? '']
  const result = spawnSync('unshare', words, {
    stdio: ['ignore', 'pipe', 'pipe', ...descriptors],
    encoding: 'utf8',
  })
  descriptors.forEach(closeSync)
  assert.is(result.status, 1)
  assert.match(readFileSync(status, 'utf8'), /^refused \d+\.\d{3} -1 1\n$/)
  assert.match(result.stderr, 'not the first process of a pid namespace')
  assert.match(readFileSync(before ?? '', 'utf8'), / shared:\d+ /)
  assert.is(readFileSync(after ?? '', 'utf8'), readFileSync(before ?? '', 'utf8'))
})

test.run()
