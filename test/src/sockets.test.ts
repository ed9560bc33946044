/**
 * Goal: a socket is open exactly as long as somebody uses it or will; it is opened before the
 *   launch that needs it; what an earlier life has left is closed only when all wishes are known.
 * Method: stories with known ends; socketsByChance.test.ts has random ones.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Effect, Input, Wanted } from '../../machines/vocabulary.ts'
import { decide, emptyState } from '../../src/decide.ts'
import type { State } from '../../src/decide.ts'
import { keepState, restoreState } from '../../src/state.ts'
import type { KeptState } from '../../src/state.ts'
import { own, shared, wanted } from './invent.ts'

/** Without stamps and numbers of turns: a story is told in inputs. */
type Told = {
  readonly [T in Input['type']]: Omit<Extract<Input, { type: T }>, 'at' | 'mono'>
}[Input['type']]

const teller = (start: State = emptyState()) => {
  let state = start
  let turn = 0
  return {
    state: () => state,
    tell: (...told: readonly Told[]): readonly Effect[] => {
      turn += 1
      const stamp = { at: turn * 100, mono: turn * 100 }
      const decision = decide(
        state,
        told.map(input => ({ ...input, ...stamp }) as Input),
        turn,
      )
      state = decision.state
      return decision.effects
    },
  }
}

const begun: Told = { type: 'tree.started', pid: 1, bootId: 'b', version: '1' }
const surveyed: Told = { type: 'tree.surveyed', adopted: 0, lost: 0 }
const want = (config: string, ...sockets: NonNullable<Wanted['sockets']>): Wanted => ({
  ...wanted(config),
  sockets,
})
const loaded = (instances: Readonly<Record<string, Wanted>>, sandbox = 'web'): Told => ({
  type: 'config.loaded',
  sandbox,
  wanted: instances,
})
const opened = (port: number, more = {}): Told => {
  const socket = shared(port, more)
  return { type: 'socket.opened', key: socket.key, socket }
}
const recovered = (port: number): Told => ({
  type: 'socket.recovered',
  key: shared(port).key,
  from: 'keeper',
})
const words = (effects: readonly Effect[]): readonly string[] =>
  effects.flatMap(effect => {
    if (effect.type === 'openSocket') return [`open ${effect.socket.port}`]
    if (effect.type === 'closeSocket') return [`close ${effect.key.split(':').at(-1)}`]
    return effect.type === 'launch' ? [`launch ${effect.instance}`] : []
  })

test('opened once, before the first launch that needs it; what is not shared is nobody’s', () => {
  const { tell, state } = teller()
  tell(begun, surveyed)
  const a = want('1', shared(80), own(81))
  assert.equal(words(tell(loaded({ 'web/a.0': a, 'web/a.1': a }))), [
    'open 80',
    'launch web/a.0',
    'launch web/a.1',
  ])
  tell(opened(80))
  assert.equal([...state().sockets.keys()], ['tcp:0.0.0.0:80'])
  assert.equal(words(tell(loaded({ 'web/a.0': a, 'web/a.1': a, 'web/a.2': a }))), [
    'launch web/a.2',
  ])
})

test('kept while all who use it wait to be started again, closed when nobody wants it', () => {
  const { tell } = teller()
  tell(begun, surveyed)
  tell(loaded({ 'web/a.0': want('1', shared(80)) }))
  tell(opened(80), { type: 'knot.launched', instance: 'web/a.0', incarnation: 2, pid: 7, birth: 1 })
  const exited: Told = {
    type: 'knot.exited',
    instance: 'web/a.0',
    incarnation: 2,
    pid: 7,
    status: 0,
  }
  assert.equal(words(tell(exited)), [])
  assert.equal(words(tell({ type: 'config.refused', sandbox: 'web', reasons: ['no'] })), [])
  assert.equal(words(tell(loaded({}))), ['close 80'])
})

test('one that lives uses its port until it ends, whatever it is started with next', () => {
  const { tell } = teller()
  tell(begun, surveyed)
  tell(loaded({ 'web/a.0': want('1', shared(80)) }))
  tell(opened(80), { type: 'knot.launched', instance: 'web/a.0', incarnation: 2, pid: 7, birth: 1 })
  assert.equal(words(tell(loaded({ 'web/a.0': { ...want('1', shared(81)), spec: 'x' } }))), [])
  const end = { instance: 'web/a.0', incarnation: 2, pid: 7, status: 0 }
  assert.equal(words(tell({ type: 'knot.exited', ...end })), ['close 80'])
  tell({ type: 'socket.closed', key: shared(80).key })
  const elapsed: Told = { type: 'timer.elapsed', instance: 'web/a.0', timer: 'restart' }
  assert.equal(words(tell(elapsed)), ['open 81', 'launch web/a.0'])
})

test('a launch whose socket could not be opened asks for it again', () => {
  const { tell } = teller()
  tell(begun, surveyed)
  assert.equal(words(tell(loaded({ 'web/a.0': want('1', shared(80)) }))), [
    'open 80',
    'launch web/a.0',
  ])
  const why = { step: 'opening the socket', about: '0.0.0.0:80', code: 'EADDRINUSE' }
  tell({ type: 'knot.refused', instance: 'web/a.0', incarnation: 2, ...why })
  const elapsed: Told = { type: 'timer.elapsed', instance: 'web/a.0', timer: 'restart' }
  assert.equal(words(tell(elapsed)), ['open 80', 'launch web/a.0'])
})

test('options are those of the first, until nobody wants them so', () => {
  const { tell } = teller()
  const [few, many] = [shared(80, { backlog: 5 }), shared(80, { backlog: 500 })]
  tell(begun, surveyed)
  tell(loaded({ 'web/a.0': want('1', few) }))
  tell(opened(80, { backlog: 5 }))
  const both = { 'web/a.0': want('1', few), 'web/b.0': want('1', many) }
  assert.equal(words(tell(loaded(both))), ['launch web/b.0'])
  const { 'web/b.0': b } = both
  const alone = tell(loaded({ 'web/b.0': b, 'web/c.0': b }))
  assert.equal(words(alone), ['open 80', 'launch web/c.0'])
})

test('what was found is kept until every sandbox that lives has been read', () => {
  const { tell } = teller()
  const found = { instance: 'db/x.0', incarnation: 0, pid: 7, birth: 1, config: 'c', bornAt: 0 }
  tell(begun, recovered(80), recovered(81), { type: 'knot.adopted', ...found }, surveyed)
  assert.equal(words(tell(loaded({}), { type: 'config.refused', sandbox: 'db', reasons: [] })), [])
  const x = { ...want('c', shared(80)), config: 'c' }
  assert.equal(words(tell(loaded({ 'db/x.0': x }, 'db'))), ['close 81'])
})

test('what was found goes where no sandbox is left, when that is known', () => {
  const { tell } = teller()
  tell(begun, recovered(80))
  assert.equal(words(tell(surveyed)), [])
  assert.equal(words(tell({ type: 'config.listed', sandboxes: [] })), ['close 80'])
})

test('nothing is closed in the turn of a launch, which may be found to want it', () => {
  const begins = () => {
    const { tell } = teller()
    tell(begun, surveyed)
    tell(loaded({ 'web/a.0': want('1', shared(80)) }))
    const life = { instance: 'web/a.0', incarnation: 2, pid: 7 }
    tell(opened(80), { type: 'knot.launched', ...life, birth: 1 })
    tell(loaded({}))
    const other = loaded({ 'web/b.0': want('2') })
    const turn = tell({ type: 'knot.exited', ...life, status: 0 }, other)
    assert.equal(words(turn), ['launch web/b.0'])
    return tell
  }
  const launched: Told = {
    type: 'knot.launched',
    ...{ instance: 'web/b.0', incarnation: 5, pid: 8, birth: 1 },
  }
  const newer = { ...want('2', shared(80)), spec: 'newer' }
  assert.equal(words(begins()(launched)), ['close 80'])
  const found: Told = { type: 'spec.loaded', instance: 'web/b.0', wanted: newer }
  assert.equal(words(begins()(found, launched)), [])
})

test('what was found and nobody wants goes, though the configuration is as before', () => {
  const { tell, state } = teller()
  const a = { 'web/a.0': want('1', shared(80)) }
  tell(begun, surveyed)
  tell(loaded(a))
  tell(opened(80))
  const next = teller(state())
  next.tell(begun, recovered(80), recovered(99), surveyed)
  assert.equal(words(next.tell(loaded(a))), ['close 99'])
})

test('what was found and used is closed when its last user has ended', () => {
  const { tell, state } = teller()
  tell(begun, surveyed)
  tell(loaded({ 'web/a.0': want('1', shared(80)) }))
  tell(opened(80), { type: 'knot.launched', instance: 'web/a.0', incarnation: 2, pid: 7, birth: 1 })
  const next = teller(state())
  next.tell(begun, recovered(80), surveyed)
  const other = { ...want('1', shared(81)), spec: 'x' }
  assert.equal(words(next.tell(loaded({ 'web/a.0': other }))), [])
  const end = { instance: 'web/a.0', incarnation: 2, pid: 7, status: 0 }
  assert.equal(words(next.tell({ type: 'knot.exited', ...end })), ['close 80'])
})

test('a new life knows of no socket before it is told; nothing is opened for who lives', () => {
  const { tell, state } = teller()
  tell(begun, surveyed)
  tell(loaded({ 'web/a.0': want('1', shared(80)) }))
  tell(opened(80), { type: 'knot.launched', instance: 'web/a.0', incarnation: 2, pid: 7, birth: 1 })
  assert.is(state().sockets.size, 1)
  tell(begun)
  assert.is(state().sockets.size, 0)
  assert.equal(words(tell(recovered(80), surveyed)), [])
})

test('a stop closes all', () => {
  const { tell } = teller()
  tell(begun, surveyed)
  tell(loaded({ 'web/a.0': want('1', shared(80)) }))
  tell(opened(80))
  const why = { step: 's', about: '', code: 'E' }
  tell({ type: 'knot.refused', instance: 'web/a.0', incarnation: 2, ...why })
  tell(recovered(98))
  assert.equal(words(tell({ type: 'signal.received', signal: 'SIGTERM' })), [
    'close 80',
    'close 98',
  ])
})

test('checkpoints hold them; an older one has none', () => {
  const { tell, state } = teller()
  tell(begun, surveyed)
  const old = JSON.parse(JSON.stringify(keepState(state()))) as KeptState
  assert.not('sockets' in old)
  assert.is(restoreState(old).sockets.size, 0)
  tell(opened(80), recovered(81))
  const kept = JSON.parse(JSON.stringify(keepState(state()))) as KeptState
  assert.equal(restoreState(kept).sockets, state().sockets)
})

test.run()
