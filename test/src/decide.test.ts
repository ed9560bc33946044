/**
 * Goal: the shared scope of src/decide.ts decides what xstate's own `transition` decides; replay
 *   of what was written equals life, after every turn; a checkpoint is the state.
 * Method: random stories from a printed seed. SEED=123 repeats one.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { initialTransition, transition } from 'xstate'
import { instanceMachine } from '../../machines/instance.ts'
import type { Heard } from '../../machines/letters.ts'
import type { Effect, Input } from '../../machines/vocabulary.ts'
import { decide, decideAll, emptyState } from '../../src/decide.ts'
import { keepState, restoreState } from '../../src/state.ts'
import { prng } from '../prng.ts'
import { invent, wanted } from './invent.ts'

const seed = Number(process.env['SEED'] ?? Date.now() % 100_000)
/** Not what decide.ts adds for the sockets. */
const isOfMachine = ({ type }: Effect): boolean => !type.endsWith('Socket')

const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

test(`replay equals life (SEED=${seed})`, () => {
  const random = prng(seed)
  let live = emptyState()
  let replayed = emptyState()
  for (let turn = 1; turn <= 2_000; turn++) {
    const count = 1 + Math.floor(random() * 3)
    const heard = Array.from({ length: count }, () => invent(random, live, turn * 100))
    const lived = decide(live, heard, turn)
    // What the journal gives back, and sometimes what a checkpoint gives back.
    const again = decide(replayed, asJson(heard) as Input[], turn)
    assert.equal(asJson(again.effects), asJson(lived.effects), `diverged at turn ${turn}`)
    assert.equal(asJson(keepState(again.state)), asJson(keepState(lived.state)), `turn ${turn}`)
    live = lived.state
    replayed =
      random() < 0.1
        ? restoreState(asJson(keepState(again.state)) as Parameters<typeof restoreState>[0])
        : again.state
  }
})

test(`many turns at once lead to where they lead one by one (SEED=${seed})`, () => {
  const random = prng(seed + 2)
  for (let story = 0; story < 20; story++) {
    const turns: { readonly seq: number; readonly inputs: readonly Input[] }[] = []
    const start = decide(emptyState(), [invent(random, emptyState(), 1)], 1).state
    const before = asJson(keepState(start))
    let live = start
    for (let seq = 2; seq <= 100; seq++) {
      const inputs = [invent(random, live, seq * 100), invent(random, live, seq * 100)]
      turns.push({ seq, inputs })
      live = decide(live, inputs, seq).state
    }
    assert.equal(asJson(keepState(decideAll(start, turns))), asJson(keepState(live)))
    assert.equal(asJson(keepState(start)), before, 'the state from before has changed')
  }
})

test(`no life without a launch, no launch while another life lives (SEED=${seed})`, () => {
  const random = prng(seed + 1)
  let state = emptyState()
  for (let turn = 1; turn <= 2_000; turn++) {
    const heard = [invent(random, state, turn * 100)]
    const before = state
    const decision = decide(state, heard, turn)
    for (const effect of decision.effects)
      if (effect.type === 'launch') {
        const living = before.instances.get(effect.instance)?.context.life
        const ended = heard.some(
          input =>
            (input.type === 'knot.exited' || input.type === 'knot.refused') &&
            input.incarnation === living?.incarnation,
        )
        const forgotten = heard.some(input => input.type === 'tree.started')
        assert.ok(living == null || ended || forgotten, `turn ${turn}: a second life`)
      } else if (effect.type === 'signal') {
        assert.ok(effect.pid > 0, 'only what has a pid is signalled')
      }
    state = decision.state
  }
})

test(`our scope decides what xstate decides (SEED=${seed})`, () => {
  const random = prng(seed + 2)
  let state = decide(
    emptyState(),
    [
      {
        type: 'config.loaded',
        at: 0,
        mono: 0,
        sandbox: 'web',
        wanted: { 'web/a.0': wanted('1') },
      },
    ],
    1,
  ).state
  let theirs = transition(
    instanceMachine,
    initialTransition(instanceMachine, { name: 'web/a.0' })[0],
    { type: 'want', wanted: wanted('1'), at: 0, mono: 0, turn: 1 },
  )[0]
  for (let turn = 2; turn <= 500; turn++) {
    const input = invent(random, state, turn * 100)
    if (!('instance' in input) || input.instance !== 'web/a.0') continue
    const [next, actions] = transition(instanceMachine, theirs, { ...input, turn } as Heard)
    const decision = decide(state, [input], turn)
    const ours = decision.state.instances.get('web/a.0')
    assert.is(ours?.value, next.value)
    assert.equal(ours?.context, next.context)
    assert.is(
      decision.effects.filter(isOfMachine).length,
      actions.filter(({ params }) => params !== null).length,
    )
    state = decision.state
    theirs = next
  }
})

test('a reboot forgets every life, and nothing is signalled', () => {
  const load = (mono: number): Input => ({
    type: 'config.loaded',
    at: 0,
    mono,
    sandbox: 'web',
    wanted: { 'web/a.0': wanted('1') },
  })
  const start = (bootId: string): Input => ({
    type: 'tree.started',
    at: 0,
    mono: 0,
    pid: 1,
    bootId,
    version: '1',
  })
  const before = decide(emptyState(), [start('b'), load(0)], 1).state
  assert.is(decide(before, [start('b')], 2).state.instances.size, 1)
  const after = decide(before, [start('c')], 2)
  assert.is(after.state.instances.size, 0)
  assert.equal(after.effects, [])
  const launched = decide(after.state, [load(1)], 3)
    .effects.filter(isOfMachine)
    .map(({ type }) => type)
  assert.equal(launched, ['launch', 'armTimer'])
})

test('what is still being read when everything stops starts nothing', () => {
  const stamp = { at: 1, mono: 1 }
  const told: readonly Input[] = [
    { type: 'tree.started', ...stamp, pid: 1, bootId: 'b', version: '1' },
    { type: 'tree.surveyed', ...stamp, adopted: 0, lost: 0 },
    { type: 'signal.received', ...stamp, signal: 'SIGTERM' },
  ]
  const stopped = decide(emptyState(), told, 1)
  assert.is(stopped.effects.at(-1)?.type, 'exit')
  const late = {
    type: 'config.loaded',
    sandbox: 'web',
    wanted: { 'web/a.0': wanted('1') },
  } as const
  assert.equal(decide(stopped.state, [{ ...late, ...stamp }], 2).effects, [])
})

test('a knot that was found with another configuration is judged by the next one', () => {
  const stamp = { at: 1, mono: 1 }
  const load: Input = {
    ...{ type: 'config.loaded', sandbox: 'web', wanted: { 'web/a.0': wanted('1') } },
    ...stamp,
  }
  const life = { instance: 'web/a.0', incarnation: 0, pid: 7, birth: 1 }
  const adopted = { type: 'knot.adopted', ...life, config: '2', bornAt: 0, appPid: 8 } as const
  const one = decide(emptyState(), [load], 1).state
  const two = decide(one, [{ ...adopted, ...stamp }], 2)
  assert.is(two.state.instances.get('web/a.0')?.value, 'running')
  const three = decide(two.state, [load], 3)
  assert.is(three.state.instances.get('web/a.0')?.value, 'stopping')
  assert.equal(decide(two.state, [{ ...load, wanted: { 'web/a.0': wanted('2') } }], 3).effects, [])
})

test.run()
