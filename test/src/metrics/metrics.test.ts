/**
 * Goal: what is counted follows from the turns alone, each once; what is told is what the formats
 *   say it must be, whatever the names are; a file that is kept is gone on with, or is none.
 * Method: turns made by hand, a strict reader of each format (and Prometheus' own, where Python
 *   has it), and mistakes that the readers must not let pass.
 */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { createCantalFiles } from '../../../actors/cantalFiles.ts'
import { answer } from '../../../actors/metricsServer.ts'
import type { Effect, Input, Wanted } from '../../../machines/vocabulary.ts'
import { emptyState, decide } from '../../../src/decide.ts'
import { metaOf, readValues, valuesOf } from '../../../src/metrics/cantal.ts'
import { count, forget, newCounts } from '../../../src/metrics/counts.ts'
import type { Counts } from '../../../src/metrics/counts.ts'
import { familiesOf } from '../../../src/metrics/families.ts'
import { keepCounts, readCounts } from '../../../src/metrics/kept.ts'
import { inherit, legacyOf } from '../../../src/metrics/legacy.ts'
import { linesOf } from '../../../src/metrics/openMetrics.ts'
import type { Family } from '../../../src/metrics/openMetrics.ts'
import { readCantal } from './readCantal.ts'
import { readMetrics } from './readMetrics.ts'

// ---------------------------------------------------------------------------
// Turns
// ---------------------------------------------------------------------------

const missing = (): never => {
  throw new Error('it is not there')
}

const app = 'web/app.0'
const wanted: Wanted = { spec: 's', config: '{}', restartMs: 1, killMs: 1 }

type Spoken = { readonly [K in Input['type']]: Omit<Extract<Input, { type: K }>, 'at' | 'mono'> }
const at = (mono: number, said: Spoken[Input['type']]): Input =>
  ({ ...said, at: 1_000_000 + mono, mono }) as Input

const launch = (turn: number, instance = app): Effect => ({
  type: 'launch',
  instance,
  incarnation: turn,
  wanted,
})

const life = (incarnation: number, instance = app) => ({ instance, incarnation })

const started: Input = at(0, {
  type: 'tree.started',
  pid: 1,
  bootId: 'b',
  version: '1',
  reason: 'started with f',
})

/** `[heard, effects]`, from turn 1 on. */
type Story = readonly (readonly [readonly Input[], readonly Effect[]])[]
const tell = (story: Story, counts: Counts = newCounts(), first = 1): Counts => {
  story.forEach(([heard, effects], index) => count(counts, { seq: first + index, heard, effects }))
  return counts
}

const exit = (turn: number, mono: number, status: number | null, more = {}): Input =>
  at(mono, { type: 'knot.exited', ...life(turn), pid: 7, status, ...more })

const beginning: Story = [
  [[started], [launch(1)]],
  [[at(30, { type: 'knot.launched', ...life(1), pid: 7, birth: 1 })], []],
  [[at(40, { type: 'app.started', ...life(1), pid: 8 })], []],
]

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

/** A state as the machines make it: two sandboxes, one of a process with three instances. */
const stateOf = () => {
  const loaded = (sandbox: string, names: readonly string[]): Input =>
    at(5, {
      type: 'config.loaded',
      sandbox,
      wanted: Object.fromEntries(names.map(name => [name, { ...wanted, config: name }])),
    })
  const heard = [
    started,
    at(1, { type: 'tree.surveyed', adopted: 0, lost: 0 }),
    loaded('web', ['web/app.0', 'web/app.1', 'web/app.2']),
    loaded('db', ['db/main.0']),
  ]
  const first = decide(emptyState(), heard, 1)
  const runs = [at(9, { type: 'app.started', ...life(1), pid: 77 })]
  const { state, effects } = decide(first.state, runs, 2)
  const story: Story = [
    [heard, first.effects],
    [runs, effects],
  ]
  return { state, counts: tell(story) }
}

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

// ---------------------------------------------------------------------------
// cantal
// ---------------------------------------------------------------------------

const inDirectory = async (body: (directory: string) => Promise<void>): Promise<void> => {
  const directory = mkdtempSync(join(tmpdir(), 'metrics-'))
  try {
    await body(directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

test('cantal: the lines of the original, its order, its values', () => {
  const { state, counts } = stateOf()
  const metrics = legacyOf(counts, state)
  assert.is(
    metaOf(metrics).split('\n').slice(0, 9).join('\n'),
    `counter 8: {"group":"master","metric":"restarts"}
level 8 signed: {"group":"master","metric":"sandboxes"}
level 8 signed: {"group":"master","metric":"containers"}
level 8 signed: {"group":"master","metric":"queue"}
counter 8: {"group":"containers","metric":"started"}
counter 8: {"group":"containers","metric":"failures"}
counter 8: {"group":"containers","metric":"deaths"}
level 8 signed: {"group":"containers","metric":"running"}
counter 8: {"group":"processes.db.main","metric":"started"}`,
  )
  const read = readValues(metaOf(metrics), valuesOf(metrics))
  assert.is(read.get('master containers'), 4)
  assert.is(read.get('containers running'), 1)
  assert.is(read.get('processes.web.app started'), 3)
})

test('cantal: files that a reader follows, in place and anew', () =>
  inDirectory(async directory => {
    const base = join(directory, 'm')
    const files = createCantalFiles(base, text => assert.unreachable(text))
    const write = async (numbers: readonly number[], to = files): Promise<number> => {
      const metrics = numbers.map((value, index) => ({
        type: index % 2 === 0 ? ('counter' as const) : ('level' as const),
        group: `g${index}`,
        metric: 'm',
        value,
      }))
      await to.write(metaOf(metrics), valuesOf(metrics))
      assert.equal(
        [...readCantal(base).values()],
        numbers.map(number => BigInt(number)),
      )
      return statSync(`${base}.values`).ino
    }
    const first = await write([1, -2])
    assert.is(await write([2, -3]), first)
    const next = createCantalFiles(base, text => assert.unreachable(text))
    assert.is(await write([3, -4], next), first, 'the same set: the same file')
    assert.is.not(await write([3, -4, 5], next), first, 'another set: another file')
    await write(
      Array.from({ length: 1000 }, (_, index) => index),
      next,
    )
    next.remove()
    files.remove()
    assert.throws(() => readCantal(base), /ENOENT/)
  }))

test('cantal: pads are stepped over, and what the original had counted is taken over', () => {
  const meta =
    'counter 8: {"group":"master","metric":"restarts"}\npad 16\n' +
    'counter 8: {"group":"processes.web.app","metric":"started"}\n' +
    'counter 8: {"group":"containers","metric":"started"}\n'
  const values = Buffer.alloc(4096)
  values.writeBigUInt64LE(5n, 0)
  values.writeBigUInt64LE(70n, 24)
  values.writeBigUInt64LE(71n, 32)
  const counts = newCounts()
  inherit(counts, readValues(meta, values), ['web/app', 'web/other'])
  assert.is(counts.starts.started, 5)
  assert.is(counts.processes.get('web/app')?.started, 70)
  assert.is(counts.all.started, 71)
  assert.is(readValues('counter 8: {\nlevel 9: {}\n\0', values).size, 0)
})

test('cantal: a place that cannot be written costs one sentence', () =>
  inDirectory(async directory => {
    const said: string[] = []
    writeFileSync(join(directory, 'file'), '')
    const files = createCantalFiles(join(directory, 'file', 'm'), text => said.push(text))
    for (let i = 0; i < 3; i++) await files.write('', Buffer.alloc(0))
    assert.is(said.length, 1)
    files.remove()
  }))

// ---------------------------------------------------------------------------
// HTTP
// ---------------------------------------------------------------------------

test('HTTP: what is answered to whom', async () => {
  const page = async (accept: string) => ({ type: 't', body: `for ${accept} ü` })
  const status = async (head: string): Promise<string> =>
    (await answer(`${head}\r\n\r\n`, page)).split('\r\n')[0]?.slice(9, 12) ?? ''
  const table: Readonly<Record<string, string>> = {
    'GET /metrics HTTP/1.1\r\nHost: localhost': '200',
    'GET / HTTP/1.0': '200',
    'HEAD /metrics?x=1 HTTP/1.1\r\nhost: [::1]:9200': '200',
    'GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:9200': '200',
    'GET /metrics HTTP/1.1\r\nHost: evil.example': '403',
    'GET /metrics HTTP/1.1\r\nHost: 127.0.0.1.evil.example': '403',
    'GET /etc/passwd HTTP/1.1\r\nHost: localhost': '404',
    'POST /metrics HTTP/1.1\r\nHost: localhost': '405',
    'GET /metrics': '400',
    '': '400',
  }
  for (const [head, code] of Object.entries(table)) assert.is(await status(head), code, head)
  const text = await answer('GET / HTTP/1.1\r\nAccept: a/b\r\n\r\n', page)
  assert.is(
    text,
    'HTTP/1.1 200 OK\r\nContent-Type: t\r\nContent-Length: 10\r\nConnection: close\r\n\r\n' +
      'for a/b ü',
  )
})

test.run()
