/**
 * Goal: what replays is found to, what does not is found with its place, and nothing throws.
 *       And the property under all of it: replay equals life.
 * Method: one deviation at a time, exact findings; then random lives from a printed seed,
 *       with deaths, checkpoints and an archive, replayed from what is on disk.
 *       SEED=123 npx tsx test/journal/verify.test.ts  repeats one story; STORIES=500 tells more.
 */
import * as fs from 'node:fs'
import * as path from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { lastArchived } from '../../journal/archive.ts'
import { readAll } from '../../journal/read.ts'
import type { Item } from '../../journal/read.ts'
import { verify } from '../../journal/verify.ts'
import type { Replay } from '../../journal/verify.ts'
import { archiveOf } from './archiveWorld.ts'
import { allOf, chance, inTemporaryDirectory, live, over, replayCounts } from './story.ts'
import type { Counts } from './story.ts'

const told = async (directory: string): Promise<Item[]> => {
  const life = live(directory)
  for (let turn = 1; turn <= 4; turn++) life.hear('a')
  life.hot.checkpoint()
  life.hear('a', 'a')
  life.hot.close()
  return allOf(readAll({ hotDirectory: directory, archiveDirectory: '/nonexistent' }))
}

const withStory = (work: (items: Item[]) => Promise<void>): (() => Promise<void>) => {
  return () => inTemporaryDirectory(async directory => work(await told(directory)))
}

const sentences = async (items: Item[], replay: Replay<Counts> | null = replayCounts) =>
  (await verify(items, replay)).findings.map(
    ({ file, line, seq, kind, what }) =>
      `${path.basename(file)}:${line} ${seq ?? '-'} ${kind}: ${what}`,
  )

test(
  'a good story: everything counted, nothing found',
  withStory(async items => {
    assert.equal(await verify(items, replayCounts), {
      turns: 5,
      replayed: 5,
      foreign: 0,
      checkpoints: 2,
      findings: [],
    })
    assert.equal(await verify(items), {
      turns: 5,
      replayed: 0,
      foreign: 0,
      checkpoints: 2,
      findings: [],
    })
  }),
)

test(
  'another decision than then',
  withStory(async items => {
    const { apply } = replayCounts
    const other: Replay<Counts> = {
      ...replayCounts,
      apply: (state, inputs, seq) =>
        seq === 3 ? [apply(state, inputs, seq)[0], []] : apply(state, inputs, seq),
    }
    assert.equal(await sentences(items, other), [
      'hot.previous:4 3 effects: effects.0: ' +
        'written {"type":"third","of":"a","count":3}, replayed nothing',
    ])
    const counted: Replay<Counts> = {
      ...replayCounts,
      apply: (state, inputs, seq) => {
        const [next, effects] = apply(state, inputs, seq)
        return [next, effects.map(effect => ({ ...(effect as object), count: 9 }))]
      },
    }
    assert.equal(await sentences(items, counted), [
      'hot.previous:4 3 effects: effects.0.count: written 3, replayed 9',
      'hot.log:2 5 effects: effects.0.count: written 6, replayed 9',
    ])
  }),
)

test(
  'a checkpoint that its turns do not lead to; replay goes on from the checkpoint',
  withStory(async items => {
    const other: Replay<Counts> = {
      ...replayCounts,
      apply: (state, inputs, seq) => {
        const [next, effects] = replayCounts.apply(state, inputs, seq)
        return [seq === 1 ? { ...next, b: 1 } : next, effects]
      },
    }
    assert.equal(await sentences(items, other), [
      'hot.log:1 4 state: state.b: written nothing, replayed 1',
    ])
  }),
)

test(
  'machines that throw are a finding, and the next checkpoint is a new beginning',
  withStory(async items => {
    const other: Replay<Counts> = {
      ...replayCounts,
      apply: (state, inputs, seq) => {
        if (seq === 2) throw new Error('no such state')
        return replayCounts.apply(state, inputs, seq)
      },
    }
    const { findings, replayed } = await verify(items, other)
    assert.equal(
      findings.map(({ seq, kind, what }) => [seq, kind, what]),
      [[2, 'replay', 'turn 2 cannot be replayed: no such state']],
    )
    assert.is(replayed, 2, 'turns 1 and 5')
  }),
)

test(
  'damage and gaps are found; what is behind them is replayed from a checkpoint only',
  withStory(async items => {
    const [start, one, , three, four, checkpoint, five] = items as [
      Item,
      Item,
      Item,
      Item,
      Item,
      Item,
      Item,
    ]
    const gap: Item = { kind: 'gap', file: 'f', line: 7, from: 2, to: 2 }
    const again: Item = { kind: 'gap', file: 'f', line: 8, from: 5, to: 0 }
    const damage: Item = { kind: 'damage', file: 'f', line: 9, damage: 'changed', what: 'is bad' }
    const torn: Item = { ...damage, damage: 'torn' }
    const story = [start, one, gap, three, four, checkpoint, five, again, damage, torn]
    assert.equal(await sentences(story), [
      'f:7 2 gap: turns 2 to 2 are in no file',
      'f:8 5 gap: the numbers begin again with 1, after 4: another history follows',
      'f:9 - damage: is bad',
      'f:9 - torn: is bad',
    ])
    assert.is((await verify(story, replayCounts)).replayed, 2)
  }),
)

test(
  'a checkpoint of another version is taken, and nothing after it is compared',
  withStory(async items => {
    const newer = items.map(item =>
      item.kind === 'checkpoint' && item.checkpoint.seq > 0
        ? { ...item, checkpoint: { ...item.checkpoint, version: 2, state: { counts: { a: 4 } } } }
        : item.kind === 'turn' && item.turn.seq === 5
          ? { ...item, turn: { ...item.turn, effects: ['what version 2 wanted'] } }
          : item,
    )
    const replay: Replay<Counts> = {
      ...replayCounts,
      initial: (state, version) =>
        version === 2 ? (state as { counts: Counts }).counts : ((state ?? {}) as Counts),
    }
    assert.equal(await verify(newer, replay), {
      turns: 5,
      replayed: 5,
      foreign: 1,
      checkpoints: 2,
      findings: [],
    })
  }),
)

test('a reader that throws is a finding', async () => {
  async function* broken(): AsyncGenerator<Item> {
    throw new Error('the disk is gone')
  }
  assert.equal((await verify(broken())).findings, [
    { file: '', line: 0, seq: null, kind: 'damage', what: 'reading stopped: the disk is gone' },
  ])
})

// ---------------------------------------------------------------------------
// Replay equals life
// ---------------------------------------------------------------------------

const seed = Number(process.env['SEED'] ?? Date.now() % 100_000)
const storiesCount = Number(process.env['STORIES'] ?? (process.env['SEED'] === undefined ? 8 : 1))

const liveAtRandom = async (root: string, random: () => number): Promise<number> => {
  const world = { hotDirectory: path.join(root, 'hot'), archiveDirectory: path.join(root, 'disk') }
  const pick = (max: number): number => Math.floor(random() * max)
  let seq = 0
  /** Neither archived before a death nor in the hot journal any more. */
  let missing = 0
  let counts: Counts = {}
  for (let lifetime = 0; lifetime < 4; lifetime++) {
    const life = live(world.hotDirectory, { turnBytesMax: 2_000 })
    assert.equal(life.counts(), counts, 'a life begins as the last one ended')
    const { archive, faults, kill } = archiveOf(world.archiveDirectory, life.hot, {
      segmentBytesMax: 1_500,
      delayMs: 60_000,
    })
    await archive.flush()
    for (let turn = pick(80); turn > 0; turn--) {
      seq = life.hear(...Array.from({ length: 1 + pick(3) }, () => 'abc'[pick(3)] ?? ''))
      await over()
      if (pick(20) === 0) life.hot.checkpoint()
      if (pick(10) === 0) faults.refused.set(pick(2) === 0 ? 'write' : 'dataSync', 'EIO')
      if (pick(5) === 0) faults.refused.clear()
      if (pick(8) === 0) await archive.flush()
    }
    counts = life.counts()
    const [oldest] = life.hot.lines()
    if (pick(2) === 0) await kill()
    else await archive.close()
    life.hot.close()
    if (pick(4) === 0) fs.appendFileSync(path.join(world.hotDirectory, 'hot.log'), '0123')
    const archived = (await lastArchived(world.archiveDirectory))?.seq ?? 0
    missing += Math.max(0, (oldest?.after.seq ?? 0) - archived)
    const report = await verify(readAll(world), replayCounts)
    const kinds = new Set(report.findings.map(({ kind }) => kind))
    kinds.delete('torn')
    assert.equal([...kinds], missing === 0 ? [] : ['gap'])
    assert.is(report.turns, seq - missing, 'each turn once')
    assert.is(report.replayed, report.turns)
  }
  return seq
}

test(`replay equals life (seed ${seed})`, async () => {
  let turns = 0
  for (let story = 0; story < storiesCount; story++) {
    try {
      await inTemporaryDirectory(async root => {
        turns += await liveAtRandom(root, chance(seed + story))
      })
    } catch (error) {
      process.stdout.write(`repeat with SEED=${seed + story}\n`)
      throw error
    }
  }
  assert.ok(turns > 0)
})

test.run()
