/**
 * Goal: whatever happens to the hot journal, a start gets a true beginning of the story or is
 *       told that it does not, and no number is given twice. Nothing stops a start.
 * Method: every row of the table in recoverHot.ts; then exhaustively, on a file system in
 *       memory: cut a small journal at every byte, flip every bit, drop, repeat and swap lines.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { countsOf, live, over, step } from './story.ts'
import type { Counts } from './story.ts'
import { createMemoryDisk } from './memoryDisk.ts'
import type { MemoryDisk } from './memoryDisk.ts'

const log = '/run/hot.log'

/** Turns 1 to 3, a checkpoint, turns 4 to 6. */
const told = [['a'], ['b', 'a'], ['a'], ['b'], ['a', 'b'], ['c']]

/** The state after each turn, 0 to 6. */
const states = told.reduce<Counts[]>(
  (all, inputs) => [...all, step(all.at(-1) ?? {}, inputs)[0]],
  [{}],
)

const tellTo = (memory: MemoryDisk): void => {
  const life = live('/run', { disk: memory.disk })
  told.forEach((inputs, index) => {
    if (index === 3) assert.ok(life.hot.checkpoint())
    assert.is(life.hear(...inputs), index + 1)
  })
  life.hot.close()
}

const written = createMemoryDisk()
tellTo(written)
const whole = written.files().get(log) ?? ''
const lines = whole.split(/(?<=\n)/)

/** A start that finds this file, and one more turn; then a second start. */
const startWith = (text: string | Uint8Array) => {
  const memory = createMemoryDisk()
  memory.put(log, text)
  const first = live('/run', { disk: memory.disk })
  const counts = first.counts()
  const seq = first.hear('z')
  first.hot.close()
  const second = live('/run', { disk: memory.disk })
  assert.is(second.recovered.condition.kind, 'whole', 'what a start leaves behind is whole')
  assert.equal(second.counts(), step(counts, ['z'])[0])
  assert.is(second.recovered.seq, seq)
  assert.equal([...first.stalled, ...second.stalled], [])
  return { ...first.recovered, counts, nextSeq: seq, files: memory.files() }
}

// ---------------------------------------------------------------------------
// The table
// ---------------------------------------------------------------------------

test('absent: new, and every file begins with a checkpoint', () => {
  const memory = createMemoryDisk()
  const life = live('/run', { disk: memory.disk })
  assert.is(life.recovered.condition.kind, 'new')
  assert.is(life.recovered.condition.detail, '/run/hot.log is not there: nothing is remembered')
  assert.equal(life.counts(), {})
  assert.match(memory.files().get(log) ?? '', /^[0-9a-f]{8} 0000[0-9a-f]{2} \{"checkpoint":/)
  assert.is(life.hear('a'), 1)
})

test('whole: the checkpoint and the turns since', () => {
  const { condition, counts, state, turns, seq, version } = startWith(whole)
  assert.equal(condition, {
    kind: 'whole',
    detail: '3 turns since the checkpoint, the last one is turn 6',
  })
  assert.equal([state, turns.length, seq, version], [states[3], 3, 6, 1])
  assert.equal(counts, states[6])
})

test('last line torn: cut', () => {
  const { condition, counts, nextSeq, files } = startWith(whole.slice(0, -10))
  const bytes = (lines[3] ?? '').length - 10
  assert.equal(condition, {
    kind: 'cut',
    detail: `the last line of /run/hot.log (line 4, ${bytes} bytes) was torn and is cut off`,
  })
  assert.equal(counts, states[5])
  assert.is(nextSeq, 6)
  assert.ok(files.get(log)?.startsWith(lines.slice(0, 3).join('')))
})

test('an earlier line changed: set aside, told but not believed', () => {
  const damaged = whole.replace('["b"]', '["x"]')
  const { condition, counts, prefix, nextSeq, files, state } = startWith(damaged)
  assert.equal(condition, {
    kind: 'setAside',
    detail:
      'line 2 of /run/hot.log is not what was written; the file is kept as /run/hot.damaged-1',
  })
  assert.equal([counts, state], [{}, null])
  assert.equal(prefix, { state: states[3], turns: [] })
  assert.is(files.get('/run/hot.damaged-1'), damaged)
  assert.ok(nextSeq > 6, 'numbers of the damaged file are not given again')
})

test('a checkpoint that is torn, an empty file, and no text at all: set aside', () => {
  for (const text of [whole.slice(0, 40), '', '\n', '\0'.repeat(5000), Buffer.alloc(300, 0xff)]) {
    assert.is(startWith(text).condition.kind, 'setAside')
  }
})

test('a file that cannot be read is set aside', () => {
  const memory = written.survivors()
  const read = (path: string): Uint8Array => {
    if (path === log) throw Object.assign(new Error('bad sector'), { code: 'EIO' })
    return memory.disk.read(path)
  }
  const disk = { ...memory.disk, read }
  const { condition } = live('/run', { disk }).recovered
  assert.is(condition.kind, 'setAside')
  assert.match(condition.detail, '/run/hot.log cannot be read (EIO); the file is kept as')
})

test('evidence that cannot be kept does not stop a start either', async () => {
  const memory = createMemoryDisk()
  memory.put(log, `x${whole}`)
  memory.faults.refused.set('rename', 'EROFS')
  const life = live('/run', { disk: memory.disk })
  assert.match(life.recovered.condition.detail, 'the file could not be kept as evidence (EROFS)')
  life.hear('a')
  await over()
  assert.equal(life.stalled, [{ where: log, reason: 'EROFS' }])
  memory.faults.refused.clear()
  life.hear('b')
  await over()
  assert.equal(life.resumed, [{ where: log, missing: 2 }])
  assert.equal(countsOf(live('/run', { disk: memory.disk }).recovered), { a: 1, b: 1 })
})

test('of the evidence the five last are kept', () => {
  const memory = createMemoryDisk()
  for (let time = 1; time <= 8; time++) {
    memory.put(log, `damage ${time}\n`)
    live('/run', { disk: memory.disk }).hot.close()
  }
  const kept = [...memory.files()].filter(([name]) => name.includes('damaged')).sort()
  assert.equal(
    kept,
    [4, 5, 6, 7, 8].map(time => [`/run/hot.damaged-${time}`, `damage ${time}\n`]),
  )
})

test('an unfinished checkpoint is in nobody\u2019s way', () => {
  const memory = written.survivors()
  memory.put('/run/hot.next', whole.slice(0, 30))
  assert.equal(countsOf(live('/run', { disk: memory.disk }).recovered), states[6])
  assert.not(memory.files().has('/run/hot.next'))
})

test('the archive knows a higher number: it is not given again, and the story goes on', () => {
  const memory = written.survivors()
  const life = live('/run', { disk: memory.disk, after: { seq: 40, sum: 7 } })
  assert.equal([life.recovered.seq, life.hear('z')], [40, 41])
  const next = live('/run', { disk: memory.disk, after: { seq: 12, sum: 7 } })
  assert.equal(next.counts(), step(states[6] ?? {}, ['z'])[0])
  assert.is(next.hear('z'), 42)
})

test('numbers that were given away by turns that are lost are skipped', () => {
  const memory = written.survivors()
  const life = live('/run', { disk: memory.disk })
  life.hot.skipTo(60)
  life.hot.skipTo(3)
  assert.is(life.hear('z'), 61)
  const next = live('/run', { disk: memory.disk })
  assert.equal([next.recovered.condition.kind, next.recovered.seq], ['whole', 61])
  assert.equal(next.counts(), step(states[6] ?? {}, ['z'])[0])
})

test('after a reboot the hot journal goes on where the archive ended', () => {
  const memory = createMemoryDisk()
  const life = live('/run', { disk: memory.disk, after: { seq: 40, sum: 7 } })
  assert.equal(life.hot.tail(), { seq: 40, sum: 7 })
  assert.is(life.hear('a'), 41)
})

// ---------------------------------------------------------------------------
// Exhaustively
// ---------------------------------------------------------------------------

test('cut at every byte: the whole lines before the cut survive, without evidence', () => {
  const checkpointBytes = lines[0]?.length ?? 0
  for (let bytes = 0; bytes < whole.length; bytes++) {
    const text = whole.slice(0, bytes)
    const { condition, counts } = startWith(text)
    const turns = text.split('\n').length - 2
    const isBetween = text.endsWith('\n')
    const kind = bytes < checkpointBytes ? 'setAside' : isBetween ? 'whole' : 'cut'
    assert.is(condition.kind, kind, `cut at ${bytes}`)
    assert.equal(counts, kind === 'setAside' ? {} : states[3 + turns], `cut at ${bytes}`)
  }
})

test('flip every bit: never believed, evidence kept, no number given twice', () => {
  const bytes = Buffer.from(whole)
  for (let index = 0; index < bytes.length; index++) {
    for (let bit = 0; bit < 8; bit++) {
      const flipped = Buffer.from(bytes)
      flipped[index] = (flipped[index] ?? 0) ^ (1 << bit)
      const { condition, counts, nextSeq, prefix } = startWith(flipped)
      const where = `bit ${bit} of byte ${index}`
      assert.is(condition.kind, 'setAside', where)
      assert.equal(counts, {}, where)
      assert.ok(nextSeq > 6, `${where}: turn ${nextSeq}`)
      const before = prefix?.turns.length ?? 0
      assert.equal(
        prefix?.turns.map(turn => turn.inputs),
        told.slice(3, 3 + before),
        where,
      )
    }
  }
})

test('drop, repeat or swap any lines: set aside, but for the last turns', () => {
  const without = (index: number) => lines.filter((_, at) => at !== index)
  const twice = (index: number) => lines.flatMap((line, at) => (at === index ? [line, line] : line))
  const swapped = (one: number, other: number) =>
    lines.map((line, at) => (at === one ? lines[other] : at === other ? lines[one] : line))
  const last = lines.length - 1
  for (const [index] of lines.entries()) {
    assert.is(startWith(twice(index).join('')).condition.kind, 'setAside', `repeat ${index}`)
    const { condition, counts } = startWith(without(index).join(''))
    if (index < last) assert.is(condition.kind, 'setAside', `drop ${index}`)
    else assert.equal([condition.kind, counts], ['whole', states[5]])
    for (let other = index + 1; other <= last; other++) {
      assert.is(startWith(swapped(index, other).join('')).condition.kind, 'setAside')
    }
  }
})

test.run()
