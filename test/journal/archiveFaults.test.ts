/**
 * Goal: a slow, full, missing or read-only disk delays the archive and nothing else; it is
 *       said once and once when it is over; a gap is counted and told to the reader.
 * Method: each call of the disk refused in turn, at the beginning and in the middle; short
 *       writes; a write that does not come back.
 */
import * as fs from 'node:fs'
import * as path from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { archiveOf, everyCall, filesIn, hear, numbers, storyIn } from './archiveWorld.ts'
import { inTemporaryDirectory, live, over } from './story.ts'

const small = { segmentBytesMax: 600, delayMs: 60_000 }

test('each call refused from the beginning, and from the middle', () =>
  inTemporaryDirectory(async root => {
    for (const call of everyCall) {
      for (const isFromBeginning of [true, false]) {
        const where = `${call} refused ${isFromBeginning ? 'from the beginning' : 'later'}`
        const directory = fs.mkdtempSync(path.join(root, 'world-'))
        const life = live(path.join(directory, 'hot'))
        const { archive, faults, stalled, resumed } = archiveOf(
          path.join(directory, 'archive'),
          life.hot,
          small,
        )
        if (!isFromBeginning) {
          hear(life, 15)
          await archive.flush()
        }
        faults.refused.set(call, 'EIO')
        for (let group = 0; group < 4; group++) {
          hear(life, 5)
          await archive.flush()
        }
        assert.ok(stalled.length <= 1, where)
        for (const { reason } of stalled) assert.match(reason, 'EIO', where)
        faults.refused.clear()
        hear(life, 10)
        await archive.flush()
        hear(life, 10)
        await archive.flush()
        await archive.close()
        const count = isFromBeginning ? 40 : 55
        const story = await storyIn(path.join(directory, 'archive'))
        const turns = story.split(' ').filter(word => /^\d+$/.test(word))
        assert.is(turns.join(' '), numbers(1, count), where)
        assert.not.match(story, /gap|torn|changed/, where)
        assert.equal(
          resumed.map(({ missing }) => missing),
          stalled.map(() => 0),
          where,
        )
      }
    }
  }))

test('a full disk, with the error that a person understands; retried by itself', () =>
  inTemporaryDirectory(async root => {
    const life = live(path.join(root, 'hot'))
    const { archive, faults, stalled, resumed } = archiveOf(path.join(root, 'archive'), life.hot, {
      sync: 'always',
      delayMs: 1,
    })
    faults.refused.set('write', 'ENOSPC')
    hear(life, 3)
    while (stalled.length === 0) await new Promise(resolve => setTimeout(resolve, 2))
    assert.equal(stalled, [{ where: path.join(root, 'archive'), reason: 'ENOSPC' }])
    faults.refused.clear()
    while (resumed.length === 0) await new Promise(resolve => setTimeout(resolve, 2))
    assert.equal(resumed, [{ where: path.join(root, 'archive'), missing: 0 }])
    assert.is(await storyIn(path.join(root, 'archive')), `[0] ${numbers(1, 3)}`)
    await archive.close()
  }))

test('after a failure the next turn is as urgent as before', () =>
  inTemporaryDirectory(async root => {
    const life = live(path.join(root, 'hot'))
    const { archive, faults } = archiveOf(path.join(root, 'archive'), life.hot, {
      sync: 'always',
      delayMs: 3_600_000,
    })
    faults.refused.set('write', 'EIO')
    hear(life, 1)
    await archive.flush()
    faults.refused.clear()
    await archive.flush()
    const written = faults.counts.get('write') ?? 0
    hear(life, 1)
    const hangsAt = performance.now() + 20_000
    while (faults.counts.get('write') === written && performance.now() < hangsAt) {
      await new Promise(resolve => setTimeout(resolve, 2))
    }
    assert.is(faults.counts.get('write'), written + 1)
    await archive.close()
  }))

test('writes that fall short are carried on with', () =>
  inTemporaryDirectory(async root => {
    const life = live(path.join(root, 'hot'))
    const { archive, faults, stalled } = archiveOf(path.join(root, 'archive'), life.hot)
    faults.writeBytesMax = 7
    hear(life, 5)
    await archive.close()
    assert.is(await storyIn(path.join(root, 'archive')), `[0] ${numbers(1, 5)}`)
    assert.equal(stalled, [])
  }))

test('a run whose sync failed is written again at the same place', () =>
  inTemporaryDirectory(async root => {
    const life = live(path.join(root, 'hot'))
    const { archive, faults } = archiveOf(path.join(root, 'archive'), life.hot)
    hear(life, 2)
    await archive.flush()
    faults.refused.set('dataSync', 'EIO')
    hear(life, 2)
    await archive.flush()
    faults.refused.clear()
    hear(life, 2)
    await archive.close()
    assert.equal(filesIn(path.join(root, 'archive')), ['turns-000000000001.log'])
    assert.is(await storyIn(path.join(root, 'archive')), `[0] ${numbers(1, 6)}`)
  }))

// ---------------------------------------------------------------------------
// A disk that does not answer
// ---------------------------------------------------------------------------

const shut = (): { readonly gate: Promise<void>; readonly open: () => void } => {
  let open = (): void => undefined
  const gate = new Promise<void>(resolve => void (open = resolve))
  return { gate, open }
}

test('a write that does not come back: said, and the backlog is bounded', () =>
  inTemporaryDirectory(async root => {
    const life = live(path.join(root, 'hot'))
    let nowMs = 0
    const { archive, faults, stalled, resumed } = archiveOf(path.join(root, 'archive'), life.hot, {
      now: () => nowMs,
      backlogBytesMax: 1_000,
    })
    const { gate, open } = shut()
    faults.gate = gate
    hear(life, 1)
    const flushed = archive.flush()
    hear(life, 100)
    await over()
    assert.equal(stalled, [])
    nowMs = 61_000
    hear(life, 100)
    await over()
    assert.equal(stalled, [
      { where: path.join(root, 'archive'), reason: 'the disk has not answered for 61 s' },
    ])
    open()
    await flushed
    await archive.close()
    assert.equal(resumed, [{ where: path.join(root, 'archive'), missing: 0 }])
    assert.is(
      await storyIn(path.join(root, 'archive')),
      `[0] ${numbers(1, 201)}`,
      'what the backlog could not hold came from the hot journal',
    )
  }))

test('a gap when the hot journal had to let go: counted, told, and whole behind it', () =>
  inTemporaryDirectory(async root => {
    const life = live(path.join(root, 'hot'), { turnBytesMax: 1_000 })
    const { archive, faults, stalled, resumed } = archiveOf(path.join(root, 'archive'), life.hot, {
      backlogBytesMax: 1_000,
    })
    hear(life, 5)
    await archive.flush()
    const { gate, open } = shut()
    faults.gate = gate
    hear(life, 1)
    const flushed = archive.flush()
    for (let turn = 0; turn < 200; turn++) {
      hear(life, 1)
      await over()
    }
    open()
    await flushed
    hear(life, 5)
    await archive.close()
    const [begins = '', ends = ''] =
      /gap (\d+)-(\d+)/.exec(await storyIn(path.join(root, 'archive')))?.slice(1) ?? []
    const missing = Number(ends) - Number(begins) + 1
    assert.ok(missing > 100)
    assert.is(stalled.length, 1)
    assert.match(stalled[0]?.reason ?? '', `turns ${begins} to ${ends} were lost before they came`)
    assert.equal(resumed, [{ where: path.join(root, 'archive'), missing }])
    const story = await storyIn(path.join(root, 'archive'))
    assert.match(story, new RegExp(`gap ${begins}-${ends} \\[${ends}\\] ${Number(ends) + 1} `))
    assert.ok(story.endsWith(numbers(200, 211)))
  }))

test('both stall: what the archive lacks is skipped behind a fresh checkpoint', () =>
  inTemporaryDirectory(async root => {
    const life = live(path.join(root, 'hot'))
    const { archive, resumed } = archiveOf(path.join(root, 'archive'), life.hot)
    hear(life, 3)
    await archive.flush()
    fs.rmSync(path.join(root, 'hot'), { recursive: true })
    fs.writeFileSync(path.join(root, 'hot'), 'in the way')
    fs.rmSync(path.join(root, 'archive'), { recursive: true })
    hear(life, 3)
    await archive.flush()
    hear(life, 3)
    await archive.close()
    assert.is(await storyIn(path.join(root, 'archive')), '[6] 7 8 9')
    assert.equal(resumed.length, 1)
  }))

test.run()
