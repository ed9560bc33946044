/**
 * Goal: an end is judged by the life that it is told of, also where several had its name and its
 *   pid; and what is not told of the others is still asked for.
 * Method: the fake kernel, two knots of the original and one of ours, and a journal that goes back.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Input } from '../../machines/vocabulary.ts'
import { decide, emptyState } from '../../src/decide.ts'
import type { State } from '../../src/decide.ts'
import { createConfigs } from './configs.ts'
import { createKernel, noOrders } from './kernel.ts'
import type { Process } from './kernel.ts'
import { createPromises } from './promises.ts'
import { createWorld, stampOf } from './world.ts'

const instance = 'web/b.0'

const scene = () => {
  const world = createWorld({ seed: 1 })
  const kernel = createKernel(world)
  const promises = createPromises(world, kernel, createConfigs(world))
  let state = emptyState()
  let seq = 0

  const hear = (...inputs: readonly Input[]): State => {
    const decision = decide(state, inputs, (seq += 1))
    const { effects } = decision
    const turn = { seq, inputs, effects, before: state, isInFile: true, time: 0, mono: 0 }
    state = decision.state
    promises.written(turn, state)
    return state
  }

  const bear = (incarnation: number): Process => {
    world.now += 1_000
    const file = incarnation === 0 ? null : `${instance}@${incarnation}`
    return kernel.bear({
      ...{ instance, incarnation, file, config: '{}', spec: null, killMs: 500 },
      lines: file === null ? [] : [{ said: 'pid', pid: 101, birth: 0 }],
      isChild: incarnation > 0,
      isSpare: incarnation === 0,
      orders: noOrders,
    })
  }

  const adopted = ({ incarnation, pid, birth, bornAt }: Process): Input => ({
    ...{ type: 'knot.adopted', instance, incarnation, pid, birth, config: '{}', bornAt },
    ...stampOf(world),
  })
  const exited = ({ incarnation, pid }: Process): Input => ({
    ...{ type: 'knot.exited', instance, incarnation, pid, status: null, keptBy: 'nobody' },
    ...stampOf(world),
  })
  const free = (process: Process): void => {
    kernel.end(process, 512)
    kernel.byPid.delete(process.pid)
  }
  return { world, kernel, promises, hear, bear, adopted, exited, free }
}

/** All of `web/b.0`: one of the original, one of ours with its pid, another one of the original. */
const threeOfAName = () => {
  const { world, kernel, promises, hear, bear, adopted, exited, free } = scene()
  const first = bear(0)
  const known = hear(adopted(first))
  free(first)
  hear(exited(first))
  const ours: Process = Object.assign(bear(16), { pid: first.pid })
  const { pid, birth } = ours
  hear({ type: 'knot.launched', instance, incarnation: 16, pid, birth, ...stampOf(world) })
  kernel.end(ours, 512)
  const other = bear(0)
  hear(adopted(other))
  free(other)
  promises.amnesia(known)
  assert.is(world.violation, null)
  return { world, hear, exited, first, ours }
}

test('where a journal goes back, the end of the life that it has is that of no other', () => {
  const { world, hear, exited, first } = threeOfAName()
  hear(exited(first))
  assert.is(world.violation, null)
})

test('and the other one has to be told truly', () => {
  const { world, hear, exited, ours } = threeOfAName()
  hear(exited(ours))
  assert.match(world.violation?.what ?? '', 'ended with 512, which is not told')
})

test.run()
