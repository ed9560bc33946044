/**
 * Goal: a supervisor that dies, or whose memory file system is full, at any point: what was
 *       acknowledged is found by the next start, and supervision is never stopped.
 * Method: a story with a checkpoint, killed at every change it makes to the file system and
 *       at every byte of every write; the same on disks that are full, fall short or refuse;
 *       then a real tmpfs that is really full.
 */
import { spawnSync } from 'node:child_process'
import * as fs from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { isRoot, skipUnless } from '../skip.ts'
import type { Disk } from '../../journal/disk.ts'
import { createMemoryDisk } from './memoryDisk.ts'
import type { MemoryDisk } from './memoryDisk.ts'
import { chance, inTemporaryDirectory, live, over, step } from './story.ts'
import type { Counts, Life } from './story.ts'

const log = '/run/hot.log'

const told = ['a', 'b', 'a', 'c', 'a', 'b', 'a']

const states = told.reduce<Counts[]>(
  (all, input) => [...all, step(all.at(-1) ?? {}, [input])[0]],
  [{}],
)

/** Two lives, a checkpoint in each. Tells how many turns were acknowledged. */
const liveTwice = (memory: MemoryDisk): number => {
  let acknowledged = 0
  const isDead = (): boolean => memory.changes() > memory.faults.diesAt
  for (const [from, to] of [
    [0, 4],
    [4, 7],
  ] as const) {
    const life = live('/run', { disk: memory.disk })
    for (const [index, input] of told.slice(from, to).entries()) {
      if (index === 2) life.hot.checkpoint()
      if (isDead()) return acknowledged
      life.hear(input)
      if (isDead()) return acknowledged
      acknowledged += 1
    }
    life.hot.close()
  }
  return acknowledged
}

const startAgain = (memory: MemoryDisk, acknowledged: number, where: string): void => {
  const next = memory.survivors()
  const life = live('/run', { disk: next.disk })
  const { condition, seq } = life.recovered
  assert.not.equal(condition.kind, 'setAside', `${where}: ${condition.detail}`)
  assert.ok(seq === acknowledged || seq === acknowledged + 1, `${where}: turn ${seq}`)
  assert.equal(life.counts(), states[seq], where)
  assert.is(life.hear('z'), seq + 1)
  assert.equal(life.stalled, [], where)
  life.hot.close()
  assert.is(live('/run', { disk: next.survivors().disk }).recovered.condition.kind, 'whole')
}

test('killed at every change of the file system', () => {
  const healthy = createMemoryDisk()
  assert.is(liveTwice(healthy), told.length)
  for (let diesAt = 0; diesAt < healthy.changes(); diesAt++) {
    const memory = createMemoryDisk()
    memory.faults.diesAt = diesAt
    startAgain(memory, liveTwice(memory), `killed at change ${diesAt}`)
  }
})

test('killed at every byte of every write', () => {
  const healthy = createMemoryDisk()
  liveTwice(healthy)
  for (let diesAt = 0; diesAt < healthy.changes(); diesAt++) {
    for (let bytes = 0; bytes <= 130; bytes++) {
      const memory = createMemoryDisk()
      Object.assign(memory.faults, { diesAt, lastGaspBytes: bytes })
      startAgain(memory, liveTwice(memory), `killed at change ${diesAt}, ${bytes} bytes written`)
    }
  }
})

const hearOften = async (life: Life, times: number, input: string): Promise<void> => {
  for (let turn = 0; turn < times; turn++) {
    life.hear(input)
    await over()
  }
}

// ---------------------------------------------------------------------------
// Full, short, refused
// ---------------------------------------------------------------------------

test('full: said once, the file stays whole; then room: said, with what is missing', async () => {
  const memory = createMemoryDisk()
  const life = live('/run', { disk: memory.disk })
  life.hear('a')
  const before = memory.files().get(log) ?? ''
  memory.faults.capacityBytes = before.length + 20
  await hearOften(life, 9, 'b')
  assert.equal(life.stalled, [
    { where: log, reason: 'only 20 of 54 bytes were written: no space left' },
  ])
  assert.equal(life.resumed, [])
  assert.is(memory.files().get(log), before, 'cut back to the last whole line')
  assert.not(life.hot.isWhole())

  memory.faults.capacityBytes = Infinity
  await hearOften(life, 1, 'b')
  assert.equal(life.resumed, [{ where: log, missing: 10 }])
  assert.ok(life.hot.isWhole())
  life.hear('c')
  assert.is(life.stalled.length, 1)
  const next = live('/run', { disk: memory.survivors().disk })
  assert.equal(next.counts(), { a: 1, b: 10, c: 1 })
  assert.is(next.recovered.seq, 12)
})

test('old turns give way to a checkpoint when there is no room for both', async () => {
  const memory = createMemoryDisk()
  const life = live('/run', { disk: memory.disk, turnBytesMax: 3_000 })
  while (!memory.files().has('/run/hot.previous')) await hearOften(life, 1, 'a')
  while ((memory.files().get(log) ?? '').length < 2_900) await hearOften(life, 1, 'a')
  memory.faults.capacityBytes = 6_000
  for (let turn = 0; turn < 500; turn++) {
    await hearOften(life, 1, 'a')
    assert.is(life.stalled.length, life.resumed.length, 'over with the turn')
    const next = live('/run', { disk: memory.survivors().disk })
    assert.equal(next.counts(), life.counts())
  }
  assert.ok(life.resumed.length > 1)
  for (const { missing } of life.resumed) assert.ok(missing <= 1)
})

test('a disk that stays full is one trouble, however often a checkpoint makes room', async () => {
  const memory = createMemoryDisk()
  const life = live('/run', { disk: memory.disk })
  await hearOften(life, 3, 'a')
  life.hot.checkpoint()
  const files = new Set<string>()
  for (let turn = 0; turn < 300; turn++) {
    // Somebody else takes every byte that old turns have left.
    const used = [...memory.files().values()].reduce((sum, { length }) => sum + length, 0)
    memory.faults.capacityBytes = used + 40
    await hearOften(life, 1, 'a')
    files.add((memory.files().get(log) ?? '').slice(0, 8))
  }
  assert.ok(files.size > 20, `${files.size} checkpoints were written meanwhile`)
  assert.is(life.stalled.length, 1)
  assert.equal(life.resumed, [])
  memory.faults.capacityBytes = Infinity
  await hearOften(life, 400, 'a')
  assert.is(life.stalled.length, 1)
  assert.is(life.resumed.length, 1)
  assert.ok((life.resumed[0]?.missing ?? 0) >= files.size - 1)
  const next = live('/run', { disk: memory.survivors().disk })
  assert.equal(next.counts(), life.counts())
})

test('a checkpoint that cannot take its place leaves nothing behind', () => {
  const memory = createMemoryDisk()
  const life = live('/run', { disk: memory.disk })
  life.hear('a')
  const before = memory.files().get(log)
  memory.faults.refused.set('rename', 'EIO')
  assert.not(life.hot.checkpoint())
  assert.not(memory.files().has('/run/hot.next'))
  assert.is(memory.files().get(log), before)
})

test('each call refused: nothing throws; said once, and once that it is over', async () => {
  const calls: ReadonlyArray<keyof Disk> = [
    ...(['makeDirectory', 'list', 'read', 'create', 'openToAppend', 'write'] as const),
    ...(['isLinked', 'truncate', 'close', 'link', 'rename', 'remove'] as const),
  ]
  for (const call of calls) {
    const memory = createMemoryDisk()
    live('/run', { disk: memory.disk }).hear('a')
    memory.faults.refused.set(call, 'EIO')
    const life = live('/run', { disk: memory.disk, turnBytesMax: 200 })
    await hearOften(life, 20, 'b')
    memory.faults.refused.clear()
    await hearOften(life, 20, 'c')
    life.hot.checkpoint()
    await over()
    assert.ok(life.stalled.length <= 1, call)
    assert.is(life.resumed.length, life.stalled.length, call)
    const next = live('/run', { disk: memory.survivors().disk })
    assert.equal(next.counts(), life.counts(), call)
    assert.is(next.recovered.condition.kind, 'whole', call)
  }
})

test('a large state that cannot be written is not encoded with every turn', async () => {
  const memory = createMemoryDisk()
  const large = 'x'.repeat(100_000)
  let encoded = 0
  const stateOf = (): unknown => {
    encoded += 1
    return large
  }
  const life = live('/run', { disk: memory.disk, stateOf })
  life.hot.checkpoint()
  memory.faults.refused.set('write', 'ENOSPC')
  encoded = 0
  await hearOften(life, 64, 'a')
  assert.ok(encoded >= 5 && encoded <= 12, `${encoded} times for 64 turns`)
  memory.faults.refused.clear()
  await hearOften(life, 16, 'a')
  assert.is(life.resumed.length, 1, 'and yet it is tried often enough')
})

test('random faults from a seed: the next start finds what the last one wrote', async () => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 100_000)
  for (let story = 0; story < 200; story++) {
    const random = chance(seed + story)
    const memory = createMemoryDisk()
    const life = live('/run', { disk: memory.disk, turnBytesMax: 300 })
    for (let turn = 0; turn < 60; turn++) {
      memory.faults.capacityBytes = random() < 0.3 ? Math.floor(random() * 2_000) : Infinity
      memory.faults.writeBytesMax = random() < 0.1 ? Math.floor(random() * 60) : Infinity
      memory.faults.refused.clear()
      if (random() < 0.1) memory.faults.refused.set('truncate', 'EIO')
      if (random() < 0.1) memory.faults.refused.set('rename', 'EIO')
      await hearOften(life, 1, random() < 0.5 ? 'a' : 'b')
      const isBehind = life.stalled.length > life.resumed.length
      const next = live('/run', { disk: memory.survivors().disk })
      const where = `SEED=${seed}, story ${story}, turn ${turn}`
      assert.not.equal(next.recovered.condition.kind, 'setAside', where)
      if (!isBehind) assert.equal(next.counts(), life.counts(), where)
    }
  }
})

// ---------------------------------------------------------------------------
// A real one
// ---------------------------------------------------------------------------

const asRoot = skipUnless(isRoot, 'mounting a tmpfs needs root')

asRoot('a tmpfs of 64 KiB that is full, and has room again', () =>
  inTemporaryDirectory(async directory => {
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', directory])
    assert.is(mounted.status, 0, mounted.stderr.toString())
    try {
      const life = live(directory)
      life.hear('before')
      fs.writeFileSync(`${directory}/ballast`, '')
      const ballast = fs.openSync(`${directory}/ballast`, 'w')
      fillUp(ballast)
      await hearOften(life, 2_000, 'during')
      assert.is(life.stalled.length, 1)
      assert.equal(life.resumed, [])
      const meanwhile = live(directory)
      assert.is(meanwhile.recovered.condition.kind, 'whole')
      meanwhile.hot.close()

      fs.ftruncateSync(ballast, 0)
      fs.closeSync(ballast)
      await hearOften(life, 1, 'after')
      assert.is(life.resumed.length, 1)
      life.hot.close()
      const next = live(directory)
      assert.equal(next.counts(), { before: 1, during: 2_000, after: 1 })
      next.hot.close()
    } finally {
      const unmounted = spawnSync('umount', [directory])
      assert.is(unmounted.status, 0, unmounted.stderr.toString())
    }
  }),
)

const fillUp = (file: number): void => {
  try {
    for (;;) fs.writeSync(file, Buffer.alloc(4096))
  } catch {
    return
  }
}

test.run()
