/**
 * Goal: a life that is found by a supervisor whose journal is lost is watched as its configuration
 *   asks, so that nobody waits for it without end, and is not ended for what it may never have
 *   been asked.
 * Method: `decide`, with what a start and the files say.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Input, Policy, Wanted } from '../../machines/vocabulary.ts'
import { decide, emptyState } from '../../src/decide.ts'
import type { Decision } from '../../src/decide.ts'

const ready: NonNullable<Policy['ready']> = {
  probe: { kind: 'tcp', port: 80 },
  timeoutMs: 10_000,
  onTimeout: 'restart',
}
const wanted = (policy: Policy): Wanted => ({
  ...{ spec: 's', config: 'c', restartMs: 0, killMs: 1_000, policy },
})

const story = () => {
  let decision: Decision = { state: emptyState(), effects: [] }
  let turn = 0
  const hear = (...inputs: readonly Input[]): readonly string[] => {
    decision = decide(decision.state, inputs, (turn += 1))
    return decision.effects.map(effect =>
      [effect.type, 'instance' in effect ? effect.instance : ''].join(' '),
    )
  }
  const states = () =>
    [...decision.state.instances].map(([name, { value }]) => `${name} ${String(value)}`)
  return { hear, states }
}

const stamp = { at: 1_000, mono: 1_000 }
const db = { instance: 's/db.0', incarnation: 7 }
const start = (incarnation: number): readonly Input[] => [
  { type: 'tree.started', pid: 1, bootId: 'b', version: '1', ...stamp },
  {
    ...{ type: 'knot.adopted', instance: db.instance, incarnation, pid: 10, birth: 10 },
    ...{ config: 'c', bornAt: 1, appPid: 11, ...stamp },
  },
  { type: 'tree.surveyed', adopted: 1, lost: 0, ...stamp },
]
const loaded: Input = {
  ...{ type: 'config.loaded', sandbox: 's', ...stamp },
  wanted: { 's/db.0': wanted({ ready }), 's/web.0': wanted({ after: ['db'] }) },
}

test('it is asked whether it is ready, and then those after it are started', () => {
  const { hear, states } = story()
  hear(...start(7), { type: 'app.unready', ...db, reason: 'nobody listens', ...stamp })
  assert.equal(hear(loaded), ['probe s/db.0', 'armTimer s/db.0'])
  assert.equal(states(), ['s/db.0 readying', 's/web.0 waiting'])
  const next = hear({ type: 'app.ready', ...db, ...stamp })
  assert.ok(next.includes('launch s/web.0'))
  assert.equal(states(), ['s/db.0 running', 's/web.0 starting'])
})

test('one that was ready before the configuration was read stays up', () => {
  const { hear, states } = story()
  hear(...start(7), { type: 'app.ready', ...db, ...stamp })
  assert.equal(hear(loaded), ['launch s/web.0', 'armTimer s/web.0'])
  assert.equal(states(), ['s/db.0 running', 's/web.0 starting'])
})

test('it is not ended for what it may never have been asked', () => {
  const { hear, states } = story()
  hear(...start(7))
  hear(loaded)
  const late = { at: 12_000, mono: 12_000 }
  const next = hear({ type: 'timer.elapsed', timer: 'ready', instance: db.instance, ...late })
  assert.ok(next.includes('launch s/web.0'))
  assert.not.ok(next.some(effect => effect.startsWith('signal')))
  assert.equal(states(), ['s/db.0 running', 's/web.0 starting'])
})

test('what it was asked when it was launched, and is asked no more, counts no more', () => {
  const { hear, states } = story()
  hear(...start(7), { type: 'app.unready', ...db, reason: 'nobody listens', ...stamp })
  const without = { 's/db.0': wanted({}), 's/web.0': wanted({ after: ['db'] }) }
  const next = hear({ ...loaded, wanted: without } as Input)
  assert.ok(next.includes('launch s/web.0'))
  assert.equal(states(), ['s/db.0 running', 's/web.0 starting'])
})

test('a knot of the original lithos, which has no number, is asked nothing', () => {
  const { hear } = story()
  hear(...start(0))
  assert.not.ok(hear(loaded).includes('probe s/db.0'))
})

test.run()
