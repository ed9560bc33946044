/**
 * Goal: each row of the recovery table, and what the machines make of its fact.
 * Method: a state that a short story has left behind, a survey made by hand, the facts compared.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Found } from '../../native/survey.ts'
import type { Input } from '../../machines/vocabulary.ts'
import { decide, emptyState } from '../../src/decide.ts'
import type { State } from '../../src/decide.ts'
import { recover } from '../../src/recover.ts'
import { keepState, restoreState } from '../../src/state.ts'

const stamp = { at: 1_000_000, mono: 5_000 }
const instance = 'web/http.0'
const wanted = { spec: 'aa', config: '{"a":1}', restartMs: 1_000, killMs: 5_000 }

const tell = (...story: readonly Omit<Input, 'at' | 'mono'>[]): State =>
  restoreState(
    keepState(
      story.reduce(
        (state, input, index) =>
          decide(state, [{ at: 1, mono: 100, ...input } as Input], index + 1).state,
        emptyState(),
      ),
    ),
  )

const load = { type: 'config.loaded', sandbox: 'web', wanted: { [instance]: wanted } } as const
const life = { instance, incarnation: 1 }
const launched = { type: 'knot.launched', ...life, pid: 42, birth: 9 } as const
const started = { type: 'app.started', ...life, pid: 43 } as const
const unwant = { type: 'config.loaded', sandbox: 'web', wanted: {} } as const

const starting = tell(load)
const running = tell(load, launched, started)
const stopping = tell(load, launched, started, unwant)

const alive: Found = {
  instance,
  incarnation: 1,
  state: 'alive',
  foreign: false,
  pid: 42,
  birth: 9,
  pidfd: 7 as Found['pidfd'],
  config: wanted.config,
  spec: 'aa',
  bornAt: 90,
  appPid: 43,
  kept: { startedAt: 95, refused: null, exited: null },
  file: 'web:http.0@1',
  offset: 10,
}
const gone: Found = { ...alive, state: 'gone', pidfd: null, appPid: null, config: null }
const refusal = { step: 'mounting tmpfs', about: '/x', code: 'ENOENT' }

/** `told`: lives whose end is in the journal. */
const heard = (state: State, ...found: readonly Found[]) => heardAfter([], state, ...found)
const heardAfter = (told: readonly number[], state: State, ...found: readonly Found[]) =>
  recover(
    state,
    found,
    stamp,
    () => refusal,
    ({ incarnation }) => told.includes(incarnation),
  )

const only = (state: State, ...found: readonly Found[]): Input => {
  const { inputs } = heard(state, ...found)
  assert.is(inputs.length, 1)
  return inputs[0] as Input
}

const after = (state: State, inputs: readonly Input[]) => {
  const decision = decide(state, inputs, 99)
  return [
    decision.state.instances.get(instance)?.value,
    decision.effects.map(({ type }) => type).join(' '),
  ]
}

test('row 1: that very process lives: adopted, and nothing else happens', () => {
  const { inputs, adopted } = heard(running, alive)
  assert.is(inputs[0]?.type, 'knot.adopted')
  assert.equal(adopted, [[alive, 1]])
  assert.equal(after(running, inputs), ['running', ''])
})

test('row 1, while it was being stopped: the signal is sent again', () => {
  const { inputs } = heard(stopping, alive)
  assert.equal(after(stopping, inputs), ['stopping', 'signal'])
})

test('row 2: gone, and its status file has the end', () => {
  const exited = { mono: 4_000, status: 256, started: 1_000, how: 'itself' }
  const input = only(running, { ...gone, kept: { ...gone.kept, exited } })
  assert.is(input.type, 'knot.exited')
  assert.is(input.type === 'knot.exited' && input.app, 256)
  assert.is(input.type === 'knot.exited' && input.uptimeMs, 3_000)
  assert.is(input.type === 'knot.exited' && input.keptBy, 'status file')
  assert.equal(after(running, [input]), ['starting', 'sweep launch armTimer'])
})

test('row 3: gone, and its status file has a refusal', () => {
  const input = only(starting, { ...gone, kept: { ...gone.kept, refused: { step: 3, errno: 2 } } })
  assert.equal(input, { type: 'knot.refused', ...life, ...refusal, ...stamp })
})

test('row 4: gone, and nobody has kept anything', () => {
  const input = only(running)
  assert.is(input.type === 'knot.exited' && input.status, null)
  assert.is(input.type === 'knot.exited' && input.keptBy, 'nobody')
})

test('row 4: another process has the number', () => {
  const { inputs, adopted } = heard(running, { ...alive, instance: 'web/x.0', birth: 10 })
  assert.is(inputs[0]?.type, 'knot.exited')
  assert.is(adopted.length, 1)
})

test('row 7, while another one was started: the deadline is that of its own start', () => {
  const early: Found = { ...alive, incarnation: 5, pid: 77, bornAt: 3_000, appPid: null }
  const { inputs } = heard(starting, { ...early, kept: { ...early.kept, startedAt: null } })
  const { state, effects } = decide(starting, inputs, 99)
  const { value, context } = state.instances.get(instance) ?? {}
  assert.is(value, 'starting')
  assert.equal(context?.timer, { timer: 'start', due: 63_000 })
  assert.ok(effects.some(effect => effect.type === 'armTimer' && effect.due === 63_000))
})

test('row 5: launched, and nobody had written it down', () => {
  const { inputs } = heard(starting, alive)
  assert.equal(
    inputs.map(({ type }) => type),
    ['knot.launched', 'knot.adopted'],
  )
  assert.equal(after(starting, inputs), ['running', 'disarmTimer'])
})

test('row 6: never launched', () => {
  const input = only(starting)
  assert.is(input.type, 'knot.refused')
  // Like every refusal: soon, not at once.
  assert.equal(after(starting, [input]), ['backoff', 'disarmTimer sweep armTimer'])
})

test('row 7: the journal knows nothing: it runs until a configuration judges it', () => {
  const { inputs } = heard(emptyState(), alive)
  const { state } = decide(emptyState(), inputs, 1)
  assert.is(state.instances.get(instance)?.value, 'running')
  const kept = decide(state, [{ ...stamp, ...load } as Input], 2)
  assert.is(kept.state.instances.get(instance)?.value, 'running')
  assert.equal(kept.effects, [])
  const judged = decide(state, [{ ...stamp, ...unwant } as Input], 2)
  assert.is(judged.state.instances.get(instance)?.value, 'stopping')
  const absent = { type: 'config.absent', sandbox: 'web', ...stamp } as const
  assert.is(decide(state, [absent], 2).state.instances.get(instance)?.value, 'stopping')
})

test('row 8: a knot of the original is adopted like ours', () => {
  const { inputs } = heard(emptyState(), { ...alive, incarnation: 0, foreign: true, file: null })
  assert.is(inputs[0]?.type === 'knot.adopted' && inputs[0].foreign, true)
})

test('row 9: of two with the same name one is spare, and never the one we know', () => {
  const twin = { ...alive, pid: 50, birth: 11, incarnation: 8, bornAt: 200 }
  const { adopted, spare } = heard(running, twin, alive)
  assert.equal(adopted, [[alive, 1]])
  assert.equal(spare, [twin])
  const unknown = heard(emptyState(), alive, twin)
  assert.equal(unknown.adopted, [[twin, 8]])
  assert.equal(unknown.spare, [alive])
})

test('row 10: a zombie whose end is written is not adopted, and told of no second time', () => {
  const begun = { type: 'tree.started', pid: 1, bootId: 'b', version: '1' } as const
  const exited = { type: 'knot.exited', ...life, pid: 42, status: 0 } as const
  const remembered = tell(begun, load, launched, started, exited)
  const zombie = { ...alive, state: 'zombie' as const }
  const { inputs, adopted, over } = heardAfter([1], remembered, zombie)
  assert.equal(over, [zombie])
  assert.equal(adopted, [])
  assert.not(inputs.some(input => 'incarnation' in input && input.incarnation === 1))
  // One whose end is not written is told of, but does not come to life for that.
  const untold = heard(remembered, zombie)
  assert.equal([untold.adopted, untold.unheard.length], [[], 1])
  // Where nothing is remembered it is: its end is told then.
  assert.is(heard(emptyState(), zombie).adopted.length, 1)
})

test('row 11: what was launched in a turn that was lost, and has ended, is told of', () => {
  const begun = { type: 'tree.started', pid: 1, bootId: 'b', version: '1' } as const
  const second = { incarnation: 2 }
  const known = tell(begun, load, { ...launched, ...second })
  const first = { ...alive, ...second }
  const exited = { mono: 4_000, status: 256, started: 1_000, how: 'itself' }
  const lost: Found = { ...gone, incarnation: 6, pid: 50, kept: { ...gone.kept, exited } }
  const zombie: Found = { ...alive, incarnation: 8, state: 'zombie', pid: 51, birth: 12 }
  const { inputs, adopted, unheard, over } = heard(known, first, lost, zombie)
  assert.equal(
    inputs.map(input => [input.type, 'incarnation' in input && input.incarnation]),
    [
      ['knot.adopted', 2],
      ['knot.exited', 6],
    ],
  )
  assert.is(inputs[1]?.type === 'knot.exited' && inputs[1].app, 256)
  assert.equal([adopted, over], [[[first, 2]], []])
  assert.equal(
    unheard.map(([knot, { type }]) => [knot, type]),
    [[zombie, 'knot.exited']],
  )
  // Where its life is to be told of too, it is not taken for another one that has come.
  assert.is(heard(known, zombie).unheard.length, 1)
  // What was written is not told again.
  const again = heardAfter([6, 8], known, first, lost, zombie)
  assert.equal([again.inputs.length, again.unheard, again.over], [1, [], [lost, zombie]])
})

test('where a life has ended and another knot of its name lives, no third is launched', () => {
  const other = { ...alive, pid: 50, birth: 11, incarnation: 0, foreign: true, file: null }
  for (const state of [running, starting, stopping]) {
    const { inputs, spare } = heard(state, other)
    const [value, effects] = after(state, inputs)
    assert.is(value, 'running')
    assert.not.match(effects ?? '', /launch|signal/)
    assert.equal(spare, [])
  }
})

test('where turns were lost: who waits for others, and lives, is not started with them', () => {
  const [a, b, c] = ['web/a.0', 'web/b.0', 'web/c.0'] as const
  const after = (name: string) => ({ ...wanted, policy: { after: [name] } })
  const all = { [a]: wanted, [b]: after('a'), [c]: after('b') }
  const end = { type: 'knot.exited', instance: a, incarnation: 1, pid: 42, status: 0 } as const
  const config = { ...load, wanted: all }
  const begun = { ...launched, instance: a }
  const known = tell(config, begun, end)
  assert.equal(
    [a, b, c].map(name => known.instances.get(name)?.value),
    ['backoff', 'waiting', 'waiting'],
  )
  const found = [a, b, c].map((instance, index) => ({
    ...{ ...alive, instance, incarnation: 7 + index, pid: 50 + index, file: null },
  }))
  const { inputs } = heard(known, ...found)
  const { state, effects } = decide(known, inputs, 99)
  assert.equal(
    [a, b, c].map(name => state.instances.get(name)?.value),
    ['running', 'running', 'running'],
  )
  assert.not(effects.some(({ type }) => type === 'launch'))
})

test('where turns were lost: what was to end in its turn is not swept away', () => {
  const [a, b] = ['web/a.0', 'web/b.0'] as const
  const all = { [a]: wanted, [b]: { ...wanted, policy: { after: ['a'] } } }
  const config = { ...load, wanted: all }
  const absent = { type: 'config.absent', sandbox: 'web' } as const
  // It ends after the other one, and until then it is started again.
  const died = { type: 'knot.exited', ...life, instance: a, pid: 42, status: 9 } as const
  const of = { a: { instance: a }, b: { instance: b, incarnation: 3, pid: 52 } }
  const begun = [
    { ...launched, ...of.a },
    { ...started, ...of.a },
    { ...launched, ...of.b },
    { ...started, ...of.b },
  ]
  const known = tell(config, ...begun, absent, died)
  assert.equal(
    [a, b].map(name => known.instances.get(name)?.value),
    ['backoff', 'stopping'],
  )
  const next = { ...alive, instance: a, incarnation: 8, pid: 62, birth: 19 }
  const { inputs } = heard(known, { ...gone, instance: b, incarnation: 3, pid: 52 }, next)
  const start = { type: 'tree.started', pid: 1, bootId: 'b', version: '1', ...stamp } as const
  for (const order of [inputs, [...inputs].reverse()]) {
    const { state, effects } = decide(known, [start, ...order], 99)
    assert.is(state.instances.get(a)?.value, 'running')
    const swept = effects.flatMap(effect => (effect.type === 'sweep' ? [effect.instance] : []))
    assert.equal(swept, [b])
    assert.not(effects.some(({ type }) => type === 'signal'))
  }
})

test('what was stopped before it was started had no application', () => {
  const exited = { mono: 4_000, status: 15, started: 0, how: 'term' }
  const input = only(running, { ...gone, kept: { ...gone.kept, exited } })
  assert.is('app' in input, false)
})

test.run()
