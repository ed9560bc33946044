/**
 * Goal: segments stand on their own and keep to their limits; nothing is left of what a death
 *       interrupts.
 * Method: a toy supervisor with small limits; what lies in the directory afterwards, by name,
 *       size, time and content.
 */
import * as fs from 'node:fs'
import * as path from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { filesIn, hear, inWorld, storyIn, textOf } from './archiveWorld.ts'

/** A segment is left behind the group that fills it: ten turns and a checkpoint. */
const groupBytes = 1_500

const small = { segmentBytesMax: 1_500, delayMs: 1 }

test(
  'segments are bounded, begin with a checkpoint, and older ones are compressed',
  inWorld(async ({ directory, begin }) => {
    const { life, archived } = begin({}, small)
    for (let group = 0; group < 10; group++) {
      hear(life, 10)
      await archived.archive.flush()
    }
    await archived.archive.close()
    const files = filesIn(directory)
    assert.ok(files.length >= 4)
    for (const [index, name] of files.entries()) {
      const text = textOf(directory, name)
      const first = Number(name.slice(6, 18))
      assert.ok(text.length < 1_500 + groupBytes, name)
      assert.ok(text.split('\n')[0]?.includes(`{"checkpoint":{"seq":${first - 1},`), name)
      const [, second = ''] = text.split('\n')
      assert.ok(second === '' || second.includes(`{"seq":${first},`), name)
      assert.is(name.endsWith('.gz'), index < files.length - 1, name)
    }
    assert.match(await storyIn(directory), /^\[0\] 1 2 3 [0-9 [\]]* 99 100( \[100\])?$/)
  }),
)

test(
  'many short lives fill one segment after the other, too',
  inWorld(async ({ directory, begin }) => {
    for (let lifetime = 0; lifetime < 20; lifetime++) {
      const { life, archived } = begin({}, small)
      hear(life, 5)
      await archived.archive.close()
      life.hot.close()
    }
    const texts = filesIn(directory).map(name => textOf(directory, name))
    assert.ok(texts.length >= 4)
    for (const text of texts) assert.ok(text.length < 1_500 + groupBytes)
    assert.not.match(await storyIn(directory), /gap/)
  }),
)

test(
  'the oldest segments are dropped by size, the current one never',
  inWorld(async ({ directory, begin }) => {
    const { life, archived } = begin({}, { ...small, totalBytesMax: 4_000 })
    for (let group = 0; group < 20; group++) {
      hear(life, 10)
      await archived.archive.flush()
    }
    await archived.archive.close()
    const files = filesIn(directory)
    const bytes = files.map(name => fs.statSync(path.join(directory, name)).size)
    assert.ok(bytes.reduce((sum, size) => sum + size, 0) <= 4_000)
    assert.ok(files.length >= 2)
    const first = Number(files[0]?.slice(6, 18))
    assert.ok(first > 1)
    const story = await storyIn(directory)
    assert.ok(story.startsWith(`[${first - 1}] ${first} `) && / 200( \[200\])?$/.test(story))
    assert.not(story.includes('gap'))
    assert.equal(archived.stalled, [])
  }),
)

test(
  'however small the limit, the current segment stays',
  inWorld(async ({ directory, begin }) => {
    const { life, archived } = begin({}, { ...small, totalBytesMax: 10 })
    for (let group = 0; group < 5; group++) {
      hear(life, 10)
      await archived.archive.flush()
    }
    await archived.archive.close()
    assert.is(filesIn(directory).length, 1)
    assert.match(await storyIn(directory), /50( \[50\])?$|^\[50\]$/)
  }),
)

/** As it was before it was compressed. */
const unpacked = (directory: string, name: string): string => {
  const text = textOf(directory, name)
  const plain = name.replace('.gz', '')
  fs.rmSync(path.join(directory, name))
  fs.writeFileSync(path.join(directory, plain), text)
  return plain
}

test(
  'segments are dropped by age; compressing does not make them younger',
  inWorld(async ({ directory, begin }) => {
    const first = begin({}, small)
    hear(first.life, 60)
    await first.archived.archive.close()
    const day = 24 * 60 * 60
    const old = filesIn(directory)
      .slice(0, -1)
      .map(name => unpacked(directory, name))
    for (const name of old) fs.utimesSync(path.join(directory, name), 100 * day, 100 * day)
    first.life.hot.close()

    const stays = begin({}, { ...small, now: () => 130 * day * 1_000, ageMsMax: 31 * day * 1_000 })
    await stays.archived.archive.flush()
    await stays.archived.archive.close()
    stays.life.hot.close()
    const packed = filesIn(directory).slice(0, old.length)
    assert.equal(
      packed,
      old.map(name => `${name}.gz`),
    )
    for (const name of packed) {
      assert.is(fs.statSync(path.join(directory, name)).mtimeMs, 100 * day * 1_000)
    }

    const goes = begin({}, { ...small, now: () => 132 * day * 1_000, ageMsMax: 31 * day * 1_000 })
    await goes.archived.archive.flush()
    await goes.archived.archive.close()
    assert.is(filesIn(directory).length, 1)
  }),
)

test(
  'what a death leaves of compressing is cleared away',
  inWorld(async ({ directory, begin }) => {
    const first = begin({}, small)
    hear(first.life, 30)
    await first.archived.archive.close()
    const [packed = ''] = filesIn(directory)
    fs.writeFileSync(path.join(directory, `${packed}.new`), 'half of it')
    fs.writeFileSync(path.join(directory, packed.replace('.gz', '')), textOf(directory, packed))
    const second = begin({}, small)
    await second.archived.archive.flush()
    await second.archived.archive.close()
    assert.ok(filesIn(directory).includes(packed))
    assert.not(filesIn(directory).includes(packed.replace('.gz', '')))
    assert.not(filesIn(directory).includes(`${packed}.new`))
    assert.match(await storyIn(directory), /^\[0\] 1 2 .* 30( \[30\])?$/)
  }),
)

test.run()
