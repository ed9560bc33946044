/**
 * Goal: what is counted follows from the turns alone, each once; what is told is what the formats
 *   say it must be, whatever the names are; a file that is kept is gone on with, or is none.
 * Method: turns made by hand, a strict reader of each format (and Prometheus' own, where Python
 *   has it), and mistakes that the readers must not let pass.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Effect, Input } from '../../../machines/vocabulary.ts'
import { forget } from '../../../src/metrics/counts.ts'
import { familiesOf } from '../../../src/metrics/families.ts'
import { keepCounts, readCounts } from '../../../src/metrics/kept.ts'
import { linesOf } from '../../../src/metrics/openMetrics.ts'
import type { Family } from '../../../src/metrics/openMetrics.ts'
import { readMetrics } from './readMetrics.ts'
import { app, at, beginning, exit, launch, life, missing, stateOf, tell } from './turns.ts'

test('a life is counted: its start, how long that took, its end and why', () => {
  const counts = tell([
    ...beginning,
    [[exit(1, 90, 512, { app: 3 << 8 })], [launch(4)]],
    [[at(2_000, { type: 'app.started', ...life(4), pid: 9 })], []],
  ])
  const { started, restarts, failures, deaths } = counts.processes.get('web/app') ?? missing()
  assert.equal([started, restarts, failures, deaths.failed], [2, 1, 1, 1])
  assert.equal(counts.starting.get('web'), {
    buckets: [0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0],
    sum: 0.04 + 1.91,
    count: 2,
  })
  assert.is(counts.starts.started, 1)
})

test('each cause of a death is told from the others', () => {
  const asked = (signal: 'SIGTERM' | 'SIGKILL'): Effect => ({
    type: 'signal',
    ...life(1),
    pid: 7,
    signal,
  })
  const oom = { kills: 2, limit: null }
  const table: readonly (readonly [cause: string, heard: Input, before: readonly Effect[]])[] = [
    ['exited', exit(1, 50, 512, { app: 0 }), []],
    ['failed', exit(1, 50, 512, { app: 1 << 8 }), []],
    ['signal', exit(1, 50, 512, { app: 11 }), []],
    ['signal', exit(1, 50, 512, { app: 9 }), []],
    ['oom', exit(1, 50, 512, { app: 9, oom }), []],
    // One of its children was killed, and it went on until it had enough.
    ['failed', exit(1, 50, 512, { app: 1 << 8, oom }), []],
    ['stopped', exit(1, 50, 0, { app: 15 }), [asked('SIGTERM')]],
    ['killed', exit(1, 50, 9, { app: 9, oom }), [asked('SIGTERM'), asked('SIGKILL')]],
    ['unknown', exit(1, 50, null), []],
    ['refused', at(50, { type: 'knot.refused', ...life(1), step: '', about: '', code: 'E' }), []],
  ]
  for (const [cause, heard, before] of table) {
    const counts = tell([...beginning, [[], before], [[heard], []]])
    const { deaths } = counts.processes.get('web/app') ?? missing()
    const told = Object.entries(deaths).filter(([, number]) => number > 0)
    assert.equal(told, [[cause, 1]])
  }
})

test('a turn that comes twice is counted once, also over a life of the supervisor', () => {
  const counts = tell(beginning)
  tell(beginning, counts)
  assert.is(counts.turns, 3)
  const kept = readCounts(keepCounts(counts, 'b'), 'b') ?? missing()
  assert.equal(kept, counts)
  tell([...beginning, [[exit(1, 90, 0, { app: 0 })], []]], kept)
  assert.is(kept.turns, 4)
  assert.is(kept.processes.get('web/app')?.deaths.exited, 1)
})

test('what is kept of another boot has no clock, and what is not ours is nothing', () => {
  const text = keepCounts(tell(beginning), 'b')
  assert.is(readCounts(text, 'another')?.lives.size, 0)
  assert.is(readCounts(text, 'another')?.all.started, 1)
  for (const wrong of ['', '{', '[]', '{}', text.slice(0, -9), text.replace('"turns":', '"t":')])
    assert.is(readCounts(wrong, 'b'), null, wrong)
})

test('names that no instance has any more are forgotten, totals are not', () => {
  const counts = tell([...beginning, [[exit(1, 9, 0)], []]])
  forget(counts, new Set(['db/main.0']))
  assert.is(counts.processes.size + counts.lives.size + counts.starting.size, 0)
  assert.equal(counts.all, { started: 1, failures: 0, deaths: 1 })
})

// ---------------------------------------------------------------------------
// Text
// ---------------------------------------------------------------------------

const momentOf = ({ state, counts }: ReturnType<typeof stateOf>) => ({
  counts,
  state,
  version: '1.2"3\\4\n',
  phases: ['serving', 'stopping'],
  instanceStates: ['starting', 'running', 'backoff'],
  lag: 3,
  usage: new Map([[app, { memoryBytes: 4096, cpuSeconds: 1e-9 }]]),
  bootAt: 0,
  self: { residentBytes: 5e7, cpuSeconds: 0.25, openFiles: 20 },
})

test('the text is what both formats say, with names that need care', () => {
  for (const dialect of ['openMetrics', 'prometheus'] as const) {
    const text = [...linesOf(familiesOf(momentOf(stateOf())), dialect)].join('')
    const samples = readMetrics(text, dialect)
    const value = (name: string) => samples.get(name)
    assert.is(value('lithos_instances{sandbox="web",process="app",state="running"}'), 1)
    assert.is(value('lithos_instances{sandbox="web",process="app",state="starting"}'), 2)
    assert.is(value('lithos_starts_total{sandbox="web",process="app"}'), 3)
    assert.is(value('lithos_start_seconds_bucket{sandbox="web",le="0.005"}'), 1)
    const ofApp = '{sandbox="web",process="app",instance="0"}'
    assert.is(value(`lithos_instance_memory_bytes${ofApp}`), 4096)
    assert.is(value(`lithos_instance_cpu_seconds_total${ofApp}`), 1e-9)
    assert.is(value('lithos_build_info{version="1.2\\"3\\\\4\\n"}'), 1)
    assert.is(value('lithos_journal_lag_turns'), 3)
  }
})

test('what the reader of the text must not let pass, it does not', () => {
  const family: Family = {
    name: 'a_seconds',
    type: 'counter',
    help: 'h',
    unit: 'seconds',
    samples: [{ labels: {}, value: 1 }],
  }
  const told = (families: readonly Family[]): string =>
    [...linesOf(families, 'openMetrics')].join('')
  const good = told([family])
  assert.is(readMetrics(good, 'openMetrics').get('a_seconds_total'), 1)
  for (const bad of [
    good.replace('# EOF\n', ''),
    good.replaceAll('_total', ''),
    good.replace(' 1\n', ' -1\n'),
    good.replace('UNIT a_seconds seconds', 'UNIT a_seconds bytes'),
    good.replace('a_seconds_total 1', 'a_seconds_total{a="1",a="2"} 1'),
    good.replace('a_seconds_total 1', 'a_seconds_total{a="1"b="2"} 1'),
    told([family, { ...family, name: 'b_seconds' }, family]),
    told([{ ...family, samples: [...family.samples, ...family.samples] }]),
    told([{ ...family, type: 'histogram' }]),
  ])
    assert.throws(() => readMetrics(bad, 'openMetrics'), undefined, bad)
})

test.run()
