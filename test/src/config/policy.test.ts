/**
 * Goal: keys of readiness, back-off, stops, order and upgrades mean what is documented, and every
 *   mistake in one is said at its place.
 * Method: texts, their values, and the lines of wrong ones.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { readContainer, readProcesses } from '../../../src/config/read.ts'
import { linesOf, valueOf } from './reading.ts'

const of = (lines: string) => valueOf(readContainer, `executable: /x\n${lines}`)
const wrong = (lines: string): readonly string[] =>
  linesOf(readContainer, `executable: /x\n${lines}`)

test('ready', () => {
  const rest = { timeoutMs: 60_000, onTimeout: 'restart' }
  const attemptMs = null
  assert.equal(of('ready: {tcp: 80}').ready, {
    probe: { kind: 'tcp', port: '80', attemptMs },
    ...rest,
  })
  assert.equal(of('ready: {notify: true, timeout: 0.5, on-timeout: accept}').ready, {
    probe: { kind: 'notify', attemptMs },
    timeoutMs: 500,
    onTimeout: 'accept',
  })
  assert.equal(of('ready: {fd: 3}').ready?.probe, { kind: 'fd', fd: 3, attemptMs })
  assert.equal(of('ready: {exec: [/bin/ok, -q], attempt: 2}').ready?.probe, {
    kind: 'exec',
    command: ['/bin/ok', '-q'],
    attemptMs: 2_000,
  })
  assert.equal(of('ready: {http: {port: "@{port}", path: /ok}}').ready?.probe, {
    kind: 'http',
    port: '@{port}',
    host: '127.0.0.1',
    path: '/ok',
    attemptMs,
  })
  assert.is(of('').ready, null)
  assert.is(of('ready: null').ready, null)
})

test('healthy, backoff, intensity, pre-stop', () => {
  assert.equal(of('healthy: {tcp: 80, period: 5, failures: 2, start-delay: 30}').healthy, {
    probe: { kind: 'tcp', port: '80', attemptMs: null },
    periodMs: 5_000,
    failures: 2,
    startDelayMs: 30_000,
  })
  assert.equal(of('backoff:').backoff, {
    initialMs: 1_000,
    factor: 2,
    maxMs: 60_000,
    jitter: 0.1,
    resetAfterMs: 60_000,
  })
  assert.equal(of('intensity: {restarts: 5, period: 60}').intensity, {
    restarts: 5,
    periodMs: 60_000,
    retryMs: 600_000,
  })
  assert.equal(of('pre-stop: [/bin/drain, now]').preStop, {
    command: ['/bin/drain', 'now'],
    timeoutMs: 10_000,
  })
  assert.equal(of('pre-stop: {command: [/x], timeout: 3}').preStop?.timeoutMs, 3_000)
})

test('stop: signals and the seconds between them', () => {
  const [TERM, QUIT, KILL] = ['SIGTERM', 'SIGQUIT', 'SIGKILL']
  assert.equal(of('stop: [TERM, 10, QUIT, 5, KILL]').stop, [
    { signal: TERM, waitMs: 10_000 },
    { signal: QUIT, waitMs: 5_000 },
    { signal: KILL, waitMs: null },
  ])
  assert.equal(of('stop: QUIT').stop, [{ signal: QUIT, waitMs: null }])
  assert.equal(of('stop: [SIGINT, 0.5, TERM]').stop, [
    { signal: 'SIGINT', waitMs: 500 },
    { signal: TERM, waitMs: null },
  ])
})

test('processes: after and upgrade', () => {
  const first = (lines: string) =>
    valueOf(readProcesses, `a:\n  image: i\n  config: /c\n${lines}`).get('a')
  assert.equal(first('  after: [b, c]')?.after, ['b', 'c'])
  assert.is(first('  upgrade: all')?.upgrade, 'all')
  assert.equal(first('  upgrade: rolling')?.upgrade, { maxUnavailable: 1, surge: 0 })
  assert.equal(first('  upgrade: {rolling: {max-unavailable: 0, surge: 2}}')?.upgrade, {
    maxUnavailable: 0,
    surge: 2,
  })
  const lines = (text: string) =>
    linesOf(readProcesses, `a:\n  image: i\n  config: /c\n  upgrade: ${text}`)
  assert.match(lines('one').join(), /4:12: a.upgrade: expected "all", "rolling" or a mapping/)
  assert.match(lines('{rolling: {max-unavailable: 0}}').join(), /nothing could be replaced/)
})

for (const [lines, expected] of [
  ['ready: {timeout: 5}', /2:\d+: ready: expected exactly one of .*, found none/],
  ['ready: {tcp: 80, fd: 3}', /ready: expected exactly one of .*, found tcp, fd/],
  ['ready: {tcp: 0}', /ready.tcp: expected a port from 1 to 65535/],
  ['ready: {tcp: 80, timeout: 5s}', /seconds are written without a unit/],
  ['ready: {exec: []}', /ready.exec: expected a program and its arguments/],
  ['healthy: {http: {port: 80, path: ok}}', /expected a path that begins with "\/"/],
  ['backoff: {factor: 0.5}', /backoff.factor: expected a factor from 1 to 100/],
  ['backoff: {jitter: 2}', /backoff.jitter: expected a fraction from 0 to 1/],
  ['intensity: {restarts: 5}', /intensity.period: expected .* but the key is missing/],
  ['stop: [10, TERM]', /word 1, "10": one of HUP INT/],
  ['stop: [TERM, KILL, 5]', /word 3, "5": nothing comes after KILL/],
  ['stop: [KILL]', /begins with another signal than KILL/],
  ['stop: [SEGV]', /word 1, "SEGV"/],
  ['stop: []', /expected a signal, or a list/],
] as const)
  test(`wrong: ${lines}`, () => assert.match(wrong(lines).join('\n'), expected))

test.run()
