/**
 * Goal: the hot journal stays small; a checkpoint is the state of its turn, whoever writes when;
 *       and the caller may do with what it hears what it likes.
 * Method: a toy supervisor on a file system in memory, with small limits.
 */
import * as fs from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { createMemoryDisk } from './memoryDisk.ts'
import { inTemporaryDirectory, live, over } from './story.ts'

const log = '/run/hot.log'

test('a checkpoint is made when the turns since need more than the limit', async () => {
  const memory = createMemoryDisk()
  const life = live('/run', { disk: memory.disk, turnBytesMax: 500 })
  for (let turn = 1; turn <= 200; turn++) {
    life.hear(turn % 2 === 0 ? 'even' : 'odd')
    await over()
  }
  assert.ok((memory.files().get(log) ?? '').length < 1000)
  const next = live('/run', { disk: memory.disk })
  assert.equal(next.counts(), { odd: 100, even: 100 })
  assert.is(next.recovered.seq, 200)
})

test('a large state is not written for every few turns', async () => {
  const memory = createMemoryDisk()
  const life = live('/run', { disk: memory.disk, turnBytesMax: 10 })
  for (let turn = 1; turn <= 100; turn++) life.hear(`name${turn}`)
  await over()
  const before = memory.changes()
  for (let turn = 1; turn <= 20; turn++) {
    life.hear('a')
    await over()
  }
  const checkpointChanges = 6
  assert.ok(memory.changes() - before <= 20 + checkpointChanges)
})

test('the file that a checkpoint replaced is still there for those who are behind', () => {
  const memory = createMemoryDisk()
  const life = live('/run', { disk: memory.disk })
  life.hear('a')
  life.hear('b')
  life.hot.checkpoint()
  life.hear('c')
  const seqs = [...life.hot.lines()].map(({ kind, after }) => `${kind} ${after.seq}`)
  assert.equal(seqs, ['checkpoint 0', 'turn 1', 'turn 2', 'checkpoint 2', 'turn 3'])
})

test('a journal that someone removes is written anew with the next turn', () =>
  inTemporaryDirectory(async directory => {
    const life = live(`${directory}/run`)
    life.hear('a')
    fs.rmSync(`${directory}/run`, { recursive: true })
    life.hear('b')
    await over()
    assert.match(life.stalled[0]?.reason ?? '', 'the file was removed by someone')
    assert.equal(life.resumed, [{ where: `${directory}/run/hot.log`, missing: 1 }])
    life.hear('c')
    life.hot.close()
    const next = live(`${directory}/run`)
    assert.equal(next.counts(), { a: 1, b: 1, c: 1 })
    next.hot.close()
  }))

test('a checkpoint waits until the turn is over: its state is that of the turn', async () => {
  const memory = createMemoryDisk()
  let state = 0
  const options = { disk: memory.disk, turnBytesMax: 1, stateOf: () => state }
  const { hot } = live('/run', options)
  for (let turn = 1; turn <= 20; turn++) {
    hot.append([], [])
    state = turn
    await over()
    const [, seq, said] = /"seq":(\d+),.*"state":(\w+)/.exec(memory.files().get(log) ?? '') ?? []
    assert.is(said, seq === '0' ? 'null' : seq)
  }
  assert.ok(memory.files().has('/run/hot.previous'))
})

test('what is said of the journal may be appended to it', async () => {
  const memory = createMemoryDisk()
  const life = live('/run', {
    disk: memory.disk,
    onStalled: ({ reason }) => void life.hear(reason),
    onResumed: ({ missing }) => void life.hear(`missing ${missing}`),
  })
  memory.faults.refused.set('write', 'EIO')
  life.hear('a')
  await over()
  memory.faults.refused.clear()
  life.hear('a')
  await over()
  const next = live('/run', { disk: memory.survivors().disk })
  assert.equal(next.counts(), { a: 2, EIO: 1, 'missing 3': 1 })
})

test('a journal that is closed is not written again', async () => {
  const memory = createMemoryDisk()
  const life = live('/run', { disk: memory.disk, turnBytesMax: 1 })
  for (let turn = 0; turn < 5; turn++) life.hear('a')
  const before = memory.files()
  life.hot.close()
  await over()
  assert.equal(memory.files(), before)
})

test('the journal may not be called from inside itself', () => {
  const memory = createMemoryDisk()
  const life = live('/run', {
    disk: memory.disk,
    stateOf: () => life.hot.append(['from inside'], []),
  })
  assert.throws(() => life.hot.checkpoint(), /called from inside one of its own calls/)
})

test.run()
