/**
 * Goal: the true cause, word for word.
 * Method: stories told to the machines by a supervisor without hands; the explanation compared.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Input } from '../../machines/vocabulary.ts'
import { decide, emptyState } from '../../src/decide.ts'
import { concerns, explain } from '../../src/explain.ts'
import type { PastTurn } from '../../src/explain.ts'

type Said = Input extends infer I ? (I extends Input ? Omit<I, 'at' | 'mono'> : never) : never

const instance = 'web/a.0'
const sandbox = 'web'
const wanted = (config: string) => ({
  [instance]: { spec: 's', config, restartMs: 1_000, killMs: 5_000 },
})
const started: Said = {
  type: 'tree.started',
  pid: 1,
  bootId: 'b',
  version: '9',
  reason: 'for a test',
}
const surveyed: Said = { type: 'tree.surveyed', adopted: 0, lost: 0 }
const load = (config = '1', cause = 2): Said => ({
  type: 'config.loaded',
  sandbox,
  wanted: wanted(config),
  cause,
})
const launched = (incarnation: number): Said => ({
  type: 'knot.launched',
  instance,
  incarnation,
  pid: 40 + incarnation,
  birth: 1,
})
const running = (incarnation: number): Said => ({
  type: 'app.started',
  instance,
  incarnation,
  pid: 50 + incarnation,
})
const exited = (incarnation: number, app: number): Said => ({
  type: 'knot.exited',
  instance,
  incarnation,
  pid: 40 + incarnation,
  status: 512,
  app,
  uptimeMs: 300,
})
const elapsed: Said = { type: 'timer.elapsed', instance, timer: 'restart' }

/** One input a turn, 300 ms apart. */
const tell = (...story: readonly Said[]): readonly string[] => {
  const turns: PastTurn[] = []
  let state = emptyState()
  for (const [index, said] of story.entries()) {
    const seq = index + 1
    const inputs = [{ at: seq * 300, mono: seq * 300, ...said } as Input]
    const decision = decide(state, inputs, seq)
    state = decision.state
    turns.push({ seq, inputs, effects: decision.effects })
  }
  return explain(instance, turns.filter(concerns(instance))).map(
    ({ seq, text }) => `${seq}: ${text}`,
  )
}

const first = [started, surveyed, load(), launched(3), running(3)] as const

test('it runs because it was configured', () => {
  assert.equal(tell(...first), [
    '5: web/a.0 runs: its application has pid 53',
    '3: the configuration of sandbox web was read: 1 instance wanted',
    '2: recovery is complete: 0 containers adopted, 0 lost',
    '1: the supervisor 9 started as pid 1, for a test',
  ])
})

test('it runs again because it had died by itself', () => {
  assert.equal(tell(...first, exited(3, 9), elapsed, launched(7), running(7)), [
    '9: web/a.0 runs: its application has pid 57',
    '7: the restart timer of web/a.0 elapsed 300ms after it was set',
    '6: web/a.0 ended: the application was killed by signal SIGKILL[9] after 300ms; ' +
      'the supervisor had not asked for it',
  ])
})

test('it was stopped because it was not ready in time, and what was found is said', () => {
  const ready = { kind: 'tcp', port: 80 }
  const policy = { ready: { timeoutMs: 2_000, onTimeout: 'restart', probe: ready } } as const
  const patient: Said = {
    type: 'config.loaded',
    sandbox,
    wanted: { [instance]: { ...wanted('1')[instance], policy } as never },
    cause: 2,
  }
  const nobody: Said = {
    type: 'app.unready',
    instance,
    incarnation: 3,
    reason: 'nobody listens on port 80',
  }
  const late: Said = { type: 'timer.elapsed', instance, timer: 'ready' }
  const begun = [started, surveyed, patient, launched(3), running(3)] as const
  const stopped = 'web/a.0 ended: the application was killed by signal SIGTERM[15] after 300ms; '
  assert.equal(tell(...begun, nobody, late, exited(3, 15)).slice(0, 3), [
    `8: ${stopped}we had sent it a signal in turn 7`,
    '7: web/a.0 was not ready in time: nobody listens on port 80',
    '5: web/a.0 runs: its application has pid 53',
  ])
  // Nobody has looked since this life began.
  assert.is(tell(...begun, late, exited(3, 15))[1], '6: web/a.0 was not ready in time')
})

test('it runs with a new configuration because somebody reloaded it', () => {
  const reload: Said = { type: 'config.reload', by: 'uid 0' }
  const steps = tell(
    ...first,
    reload,
    load('2', 6),
    exited(3, 15),
    elapsed,
    launched(9),
    running(9),
  )
  assert.equal(steps, [
    '11: web/a.0 runs: its application has pid 59',
    '9: the restart timer of web/a.0 elapsed 300ms after it was set',
    '8: web/a.0 ended: the application was killed by signal SIGTERM[15] after 300ms; ' +
      'we had sent it a signal in turn 7',
    '7: the configuration of sandbox web was read: 1 instance wanted',
    '6: a reload was asked for by uid 0',
  ])
})

test('it does not run because a step failed', () => {
  const refused: Said = {
    type: 'knot.refused',
    instance,
    incarnation: 3,
    step: 'mounting tmpfs on',
    about: '/data',
    code: 'ENOENT',
  }
  assert.equal(tell(started, surveyed, load(), launched(3), refused), [
    '5: web/a.0 could not be started: mounting tmpfs on "/data": ' +
      'no such file or directory (ENOENT)',
  ])
})

test('it was stopped with everything', () => {
  const stop: Said = { type: 'signal.received', signal: 'SIGTERM' }
  assert.equal(tell(...first, stop, exited(3, 15)), [
    '7: web/a.0 ended: the application was killed by signal SIGTERM[15] after 300ms; ' +
      'we had sent it a signal in turn 6',
    '6: the supervisor received SIGTERM',
  ])
})

test('what is said of a life does not hide why it began', () => {
  const died = [...first, exited(3, 9), elapsed, launched(7), running(7)] as const
  const why = tell(...died)
  const ready: Said = { type: 'app.ready', instance, incarnation: 7 }
  const unwell: Said = { type: 'app.unhealthy', instance, incarnation: 7, reason: 'it is deaf' }
  assert.equal(tell(...died, ready), ['10: web/a.0 is ready', ...why])
  assert.equal(tell(...died, ready, unwell), ['11: web/a.0 is not well: it is deaf', ...why])
})

test('after an adoption the start still says why', () => {
  const adopted: Said = {
    type: 'knot.adopted',
    instance,
    incarnation: 3,
    pid: 43,
    birth: 1,
    config: '1',
    bornAt: 900,
    appPid: 53,
  }
  assert.equal(tell(...first, started, adopted, surveyed).slice(0, 2), [
    '7: web/a.0 was found alive and adopted: knot has pid 43',
    '5: web/a.0 runs: its application has pid 53',
  ])
})

test.run()
