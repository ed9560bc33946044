/**
 * Goal: archive and hot journal are read as one story: each turn once, in order, and whatever
 *       is damaged or missing told in its place.
 * Method: exact stories on one line each, also while files are compressed, replaced and
 *       removed under the reader; every bit of a segment flipped.
 */
import * as fs from 'node:fs'
import * as path from 'node:path'
import { gzipSync } from 'node:zlib'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { readAll } from '../../journal/read.ts'
import { archiveOf, filesIn, numbers } from './archiveWorld.ts'
import { allOf, brief, inTemporaryDirectory, live } from './story.ts'
import type { Life } from './story.ts'

interface World {
  readonly hotDirectory: string
  readonly archiveDirectory: string
}

const worldIn = (root: string): World => ({
  hotDirectory: path.join(root, 'hot'),
  archiveDirectory: path.join(root, 'archive'),
})

const hear = (life: Life, times: number): void => {
  for (let turn = 0; turn < times; turn++) life.hear('a')
}

const storyOf = async (world: World): Promise<string> => brief(await allOf(readAll(world)))

/** Turns 1 to 12; segments begin with 1, 6 and 10; the hot journal with a checkpoint at 8. */
const tell = async (world: World): Promise<void> => {
  const life = live(world.hotDirectory)
  const { archive } = archiveOf(world.archiveDirectory, life.hot, { segmentBytesMax: 350 })
  for (let turn = 1; turn <= 12; turn++) {
    if (turn === 9) life.hot.checkpoint()
    hear(life, 1)
    await archive.flush()
  }
  await archive.close()
  life.hot.close()
}

const files = ['turns-000000000001.log.gz', 'turns-000000000006.log.gz', 'turns-000000000010.log']

test('one story; checkpoints stand among the turns whose state they are', () =>
  inTemporaryDirectory(async root => {
    const world = worldIn(root)
    await tell(world)
    assert.equal(filesIn(world.archiveDirectory), files)
    assert.is(await storyOf(world), '[0] 1 2 3 4 5 [5] 6 7 8 [8] 9 [9] 10 11 12')
  }))

test('no gap where the hot journal reaches back beyond what is left of the archive', () =>
  inTemporaryDirectory(async root => {
    const world = worldIn(root)
    await tell(world)
    for (const file of files.slice(0, 2)) fs.rmSync(path.join(world.archiveDirectory, file))
    assert.is(await storyOf(world), '[0] 1 2 3 4 5 6 7 8 [8] 9 [9] 10 11 12')
  }))

test('each alone', () =>
  inTemporaryDirectory(async root => {
    const world = worldIn(root)
    await tell(world)
    assert.is(
      await storyOf({ ...world, archiveDirectory: '/nonexistent' }),
      '[0] 1 2 3 4 5 6 7 8 [8] 9 10 11 12',
      'hot.previous and hot.log',
    )
    fs.rmSync(path.join(world.hotDirectory, 'hot.previous'))
    assert.is(await storyOf({ ...world, archiveDirectory: '/nonexistent' }), '[8] 9 10 11 12')
    assert.is(
      await storyOf({ ...world, hotDirectory: '/nonexistent' }),
      '[0] 1 2 3 4 5 [5] 6 7 8 9 [9] 10 11 12',
    )
    assert.is(await storyOf(worldIn(path.join(root, 'nothing'))), '')
  }))

test('an archive that is behind, or that has dropped its beginning', () =>
  inTemporaryDirectory(async root => {
    const world = worldIn(root)
    await tell(world)
    const [first = '', second = '', third = ''] = files.map(name =>
      path.join(world.archiveDirectory, name),
    )
    fs.rmSync(third)
    assert.is(await storyOf(world), '[0] 1 2 3 4 5 [5] 6 7 8 [8] 9 10 11 12')
    fs.rmSync(first)
    fs.rmSync(path.join(world.hotDirectory, 'hot.previous'))
    assert.is(await storyOf(world), '[5] 6 7 8 [8] 9 10 11 12')
    fs.rmSync(second)
    assert.is(await storyOf(world), '[8] 9 10 11 12')
  }))

test('what is in no file is a gap', () =>
  inTemporaryDirectory(async root => {
    const world = worldIn(root)
    await tell(world)
    fs.rmSync(path.join(world.hotDirectory, 'hot.previous'))
    fs.rmSync(path.join(world.archiveDirectory, files[1] ?? ''))
    fs.rmSync(path.join(world.archiveDirectory, files[2] ?? ''))
    assert.is(await storyOf(world), '[0] 1 2 3 4 5 gap 6-8 [8] 9 10 11 12')
    const gap = (await allOf(readAll(world))).find(item => item.kind === 'gap')
    assert.is(gap?.file, path.join(world.hotDirectory, 'hot.log'))
    assert.is(gap?.line, 1)
  }))

test('segments last written before a time are not opened', () =>
  inTemporaryDirectory(async root => {
    const world = worldIn(root)
    await tell(world)
    fs.utimesSync(path.join(world.archiveDirectory, files[0] ?? ''), 1_000, 1_000)
    fs.writeFileSync(path.join(world.hotDirectory, 'hot.previous'), '')
    const items = await allOf(readAll({ ...world, sinceMs: 1_000_001 }))
    assert.is(brief(items), '[5] 6 7 8 [8] 9 [9] 10 11 12')
  }))

// ---------------------------------------------------------------------------
// Damage
// ---------------------------------------------------------------------------

test('a damaged line is told in its place; what another file has of it is told too', () =>
  inTemporaryDirectory(async root => {
    const world = worldIn(root)
    await tell(world)
    const file = path.join(world.archiveDirectory, files[2] ?? '')
    fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace('"seq":10', '"seq":90'))
    const items = await allOf(readAll(world))
    assert.is(brief(items), '[0] 1 2 3 4 5 [5] 6 7 8 [8] 9 [9] changed 10 11 12')
    const damage = items.find(item => item.kind === 'damage')
    assert.equal(damage, {
      kind: 'damage',
      file,
      line: 2,
      damage: 'changed',
      what: 'is not what was written',
    })
  }))

test('of a damaged turn only that turn is lost, wherever the damage is', () =>
  inTemporaryDirectory(async root => {
    const world = { ...worldIn(root), hotDirectory: '/nonexistent' }
    await tell(worldIn(root))
    for (const name of files.slice(0, 2)) fs.rmSync(path.join(world.archiveDirectory, name))
    const file = path.join(world.archiveDirectory, files[2] ?? '')
    const whole = fs.readFileSync(file, 'utf8')
    const start = whole.indexOf('\n') + 1
    const end = whole.indexOf('\n', start)
    for (let index = start; index < end; index++) {
      const other = whole[index] === '1' ? '2' : '1'
      fs.writeFileSync(file, whole.slice(0, index) + other + whole.slice(index + 1))
      assert.is(await storyOf(world), '[9] changed gap 10-10 11 12', `byte ${index}`)
    }
    fs.writeFileSync(file, whole.slice(0, end) + whole.slice(end + 1))
    assert.is(await storyOf(world), '[9] changed changed', 'the turn behind two lines in one')
  }))

test('flip every bit of a segment: told, and the rest is read', () =>
  inTemporaryDirectory(async root => {
    const world = { ...worldIn(root), hotDirectory: '/nonexistent' }
    await tell(worldIn(root))
    for (const name of files.slice(0, 2)) fs.rmSync(path.join(world.archiveDirectory, name))
    const file = path.join(world.archiveDirectory, files[2] ?? '')
    const whole = fs.readFileSync(file)
    for (let index = 0; index < whole.length; index++) {
      for (const bit of [0, 5]) {
        const flipped = Buffer.from(whole)
        flipped[index] = (flipped[index] ?? 0) ^ (1 << bit)
        fs.writeFileSync(file, flipped)
        const story = await storyOf(world)
        assert.match(story, /changed|torn/, `bit ${bit} of byte ${index}`)
        const turns = story.split(' ').filter(word => /^\d+$/.test(word))
        assert.ok('10 11 12'.includes(turns.join(' ')) || turns.join(' ') === '10 12', story)
      }
    }
  }))

test('a compressed segment that is damaged gives what comes before', () =>
  inTemporaryDirectory(async root => {
    const world = { ...worldIn(root), hotDirectory: '/nonexistent' }
    const life = live(worldIn(root).hotDirectory)
    for (let turn = 0; turn < 5_000; turn++) life.hear(`name ${(turn * 7919) % 1000}`)
    life.hot.close()
    const packed = gzipSync(fs.readFileSync(path.join(root, 'hot/hot.log')))
    fs.mkdirSync(world.archiveDirectory)
    const file = path.join(world.archiveDirectory, 'turns-000000000001.log.gz')
    const turnsIn = (items: ReadonlyArray<{ readonly kind: string }>): number =>
      items.filter(({ kind }) => kind === 'turn').length

    fs.writeFileSync(file, packed.subarray(0, packed.length - 2_000))
    const cut = await allOf(readAll(world))
    assert.ok(turnsIn(cut) > 3_000 && turnsIn(cut) < 5_000)
    assert.equal(cut.at(-1)?.kind, 'damage')
    fs.writeFileSync(file, 'not packed at all')
    assert.is(await storyOf(world), 'unreadable')
  }))

test('a directory in the place of a file, and no line end for a long while', () =>
  inTemporaryDirectory(async root => {
    const world = worldIn(root)
    fs.mkdirSync(path.join(world.archiveDirectory, 'turns-000000000001.log'), { recursive: true })
    fs.writeFileSync(path.join(world.archiveDirectory, 'turns-000000000002.log'), '0'.repeat(3e5))
    assert.is(await storyOf(world), 'unreadable changed')
  }))

// ---------------------------------------------------------------------------
// While it is written
// ---------------------------------------------------------------------------

test('files compressed, dropped and replaced while they are read', () =>
  inTemporaryDirectory(async root => {
    const world = worldIn(root)
    const life = live(world.hotDirectory)
    const { archive } = archiveOf(world.archiveDirectory, life.hot, { segmentBytesMax: 400 })
    hear(life, 10)
    await archive.flush()
    const items = readAll(world)
    const seen = [(await items.next()).value]
    for (let group = 0; group < 10; group++) {
      hear(life, 5)
      life.hot.checkpoint()
      await archive.flush()
    }
    for await (const item of items) seen.push(item)
    const story = brief(seen.filter(item => item !== undefined))
    assert.not.match(story, /gap|torn|changed|unreadable/)
    assert.match(story, /^\[0\] 1 2 .*10/)
    await archive.close()
  }))

test('a reader who leaves early leaves no file open', () =>
  inTemporaryDirectory(async root => {
    const world = worldIn(root)
    await tell(world)
    const before = fs.readdirSync('/proc/self/fd').length
    for (let times = 0; times < 5; times++) {
      for await (const item of readAll(world)) if (item.kind === 'turn') break
    }
    assert.is(fs.readdirSync('/proc/self/fd').length, before)
  }))

test('a long story: nothing twice, nothing missing', () =>
  inTemporaryDirectory(async root => {
    const world = worldIn(root)
    const life = live(world.hotDirectory, { turnBytesMax: 20_000 })
    const { archive } = archiveOf(world.archiveDirectory, life.hot, { segmentBytesMax: 30_000 })
    for (let group = 0; group < 30; group++) {
      hear(life, 100)
      await archive.flush()
    }
    await archive.close()
    const turns = (await allOf(readAll(world))).filter(item => item.kind === 'turn')
    assert.is(brief(turns), numbers(1, 3_000))
  }))

test.run()
