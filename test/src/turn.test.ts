/**
 * Goal: heard, decided, appended, performed: in this order, and what is performed is in the log.
 * Method: a log and hands that write down when they are called.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Effect, Input } from '../../machines/vocabulary.ts'
import { emptyState } from '../../src/decide.ts'
import { openBus } from '../../src/turn.ts'

const settle = () => new Promise(resolve => setImmediate(resolve))
const stamp = { at: 1, mono: 1 }
const wanted = { 'web/a.0': { spec: 's', config: 'c', restartMs: 0, killMs: 0 } }
const load: Input = { type: 'config.loaded', sandbox: 'web', wanted, ...stamp }

const world = (onPerform: (effect: Effect, hear: (input: Input) => void) => void = () => {}) => {
  const story: string[] = []
  let seq = 0
  const bus = openBus(
    emptyState(),
    {
      nextSeq: () => seq + 1,
      append: (inputs, effects) => {
        seq += 1
        story.push(`append ${inputs.map(({ type }) => type)} → ${effects.map(({ type }) => type)}`)
      },
    },
    (effect, turn) => {
      story.push(`perform ${effect.type} of turn ${turn}`)
      onPerform(effect, bus.hear)
    },
  )
  bus.finished.subscribe(({ seq }) => story.push(`finished ${seq}`))
  return { bus, story }
}

test('nothing is performed before its turn is written', async () => {
  const { bus, story } = world()
  bus.hear(load)
  await settle()
  assert.equal(story, [
    'append config.loaded → launch,armTimer',
    'perform launch of turn 1',
    'perform armTimer of turn 1',
    'finished 1',
  ])
})

test('what comes of an effect is heard in a later turn', async () => {
  const { bus, story } = world((effect, hear) => {
    if (effect.type === 'launch')
      hear({
        type: 'knot.launched',
        instance: effect.instance,
        incarnation: effect.incarnation,
        pid: 9,
        birth: 1,
        ...stamp,
      })
  })
  bus.hear(load)
  await settle()
  assert.equal(story.slice(3), ['finished 1', 'append knot.launched → ', 'finished 2'])
  assert.is(bus.state().instances.get('web/a.0')?.context.life?.pid, 9)
})

test.run()
