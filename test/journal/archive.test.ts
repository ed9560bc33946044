/**
 * Goal: the archive holds every turn once, whatever deaths lie between, and asks the disk no
 *       more often than it must.
 * Method: a toy supervisor over real directories; deaths at the worst moments; what is found
 *       afterwards is read by the reader of the post-mortem.
 */
import * as fs from 'node:fs'
import * as path from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { lastArchived } from '../../journal/archive.ts'
import { filesIn, hear, inWorld, numbers, storyIn, textOf } from './archiveWorld.ts'
import { inTemporaryDirectory } from './story.ts'

test(
  'each turn once, behind a checkpoint',
  inWorld(async ({ directory, begin }) => {
    const { life, archived } = begin()
    hear(life, 5)
    await archived.archive.flush()
    hear(life, 5)
    await archived.archive.close()
    assert.equal(filesIn(directory), ['turns-000000000001.log'])
    assert.is(await storyIn(directory), `[0] ${numbers(1, 10)}`)
    assert.equal([archived.stalled, archived.resumed], [[], []])
  }),
)

test(
  'the very bytes of the hot journal',
  inWorld(async ({ directory, begin }) => {
    const { life, archived } = begin()
    hear(life, 3)
    await archived.archive.close()
    const hot = fs.readFileSync(path.join(directory, '../hot/hot.log'), 'utf8')
    assert.is(textOf(directory, 'turns-000000000001.log'), hot)
  }),
)

test(
  'taken up again after an orderly end: the same segment',
  inWorld(async ({ directory, begin }) => {
    for (let life = 0; life < 3; life++) {
      const { life, archived } = begin()
      hear(life, 2)
      await archived.archive.close()
      life.hot.close()
    }
    assert.equal(filesIn(directory), ['turns-000000000001.log'])
    assert.is(await storyIn(directory), `[0] ${numbers(1, 6)}`)
  }),
)

test(
  'killed before a flush, with checkpoints between: what is missing comes from the hot journal',
  inWorld(async ({ directory, begin }) => {
    const first = begin()
    hear(first.life, 2)
    await first.archived.archive.flush()
    hear(first.life, 2)
    first.life.hot.checkpoint()
    hear(first.life, 2)
    await first.archived.kill()
    const second = begin()
    hear(second.life, 2)
    await second.archived.archive.close()
    assert.is(await storyIn(directory), `[0] ${numbers(1, 8)}`)
    assert.equal(second.archived.stalled, [])
  }),
)

test(
  'a torn last line is cut off, at every byte of it',
  inWorld(async ({ directory, begin }) => {
    const { life, archived } = begin()
    hear(life, 3)
    await archived.archive.close()
    life.hot.close()
    const file = path.join(directory, 'turns-000000000001.log')
    const whole = fs.readFileSync(file, 'utf8')
    const lastLine = whole.lastIndexOf('\n', whole.length - 2) + 1
    for (let bytes = lastLine; bytes < whole.length; bytes += 3) {
      fs.truncateSync(file, bytes)
      const next = begin()
      await next.archived.archive.close()
      next.life.hot.close()
      assert.is(fs.readFileSync(file, 'utf8'), whole, `cut at ${bytes}`)
    }
  }),
)

test(
  'what is torn is cut off also where nothing is written over it',
  inWorld(async ({ directory, begin }) => {
    const { life, archived } = begin()
    hear(life, 3)
    await archived.archive.close()
    life.hot.close()
    const file = path.join(directory, 'turns-000000000001.log')
    const whole = fs.readFileSync(file, 'utf8')
    fs.appendFileSync(file, `00000000 001000 {"seq":4,"inputs":["${'x'.repeat(900)}`)
    const next = begin()
    next.life.hear('a')
    await next.archived.archive.close()
    const [, , , , added = ''] = fs.readFileSync(file, 'utf8').split(/(?<=\n)/)
    assert.is(fs.readFileSync(file, 'utf8'), whole + added)
    assert.match(added, /"seq":4,"inputs":\["a"\]/)
  }),
)

test(
  'a damaged last segment is left as it is; another one begins where the hot journal does',
  inWorld(async ({ directory, begin }) => {
    const first = begin()
    hear(first.life, 4)
    await first.archived.archive.close()
    const file = path.join(directory, 'turns-000000000001.log')
    const damaged = textOf(directory, 'turns-000000000001.log').replace('"seq":3', '"seq":7')
    fs.writeFileSync(file, damaged)
    const second = begin()
    hear(second.life, 2)
    await second.archived.archive.flush()
    await second.archived.archive.close()
    assert.equal(filesIn(directory), ['turns-000000000001-1.log', 'turns-000000000001.log.gz'])
    assert.is(textOf(directory, 'turns-000000000001.log.gz'), damaged)
    assert.is(await storyIn(directory), '[0] 1 2 changed gap 3-3 4 gap 5-2 3 5 6')
  }),
)

test(
  'killed, and the hot journal damaged: what was good of it is archived all the same',
  inWorld(async ({ directory, begin }) => {
    const first = begin()
    hear(first.life, 2)
    await first.archived.archive.flush()
    hear(first.life, 3)
    await first.archived.kill()
    const hot = path.join(directory, '../hot/hot.log')
    fs.writeFileSync(hot, fs.readFileSync(hot, 'utf8').replace('"seq":5', '"seq":9'))
    const second = begin()
    assert.is(second.life.recovered.condition.kind, 'setAside')
    const next = second.life.hear('a')
    await second.archived.archive.close()
    const story = `[0] 1 2 3 4 gap 5-${next - 1} [${next - 1}] ${next}`
    assert.is(await storyIn(directory), story)
    const missing = next - 5
    assert.equal(second.archived.resumed, [{ where: directory, missing }])
  }),
)

test(
  'after a reboot the same story goes on',
  inWorld(async ({ directory, begin }) => {
    const first = begin()
    hear(first.life, 4)
    await first.archived.archive.close()
    fs.rmSync(path.join(directory, '../hot'), { recursive: true })
    const after = await lastArchived(directory)
    assert.equal(after, first.life.hot.tail())
    const second = begin({ after: after ?? { seq: 0, sum: 0 } })
    hear(second.life, 2)
    await second.archived.archive.close()
    assert.is(await storyIn(directory), `[0] ${numbers(1, 6)}`)
  }),
)

test(
  'after a reboot that did not ask the archive nothing is lost either',
  inWorld(async ({ directory, begin }) => {
    const first = begin()
    hear(first.life, 4)
    await first.archived.archive.close()
    fs.rmSync(path.join(directory, '../hot'), { recursive: true })
    const second = begin()
    second.life.hear('another story')
    await second.archived.archive.flush()
    await second.archived.archive.close()
    assert.equal(filesIn(directory), ['turns-000000000001-1.log', 'turns-000000000001.log.gz'])
    assert.is(await storyIn(directory), '[0] 1 2 3 4 gap 5-0 [0] 1')
    fs.rmSync(path.join(directory, '../hot'), { recursive: true })
    const third = begin()
    third.life.hear('a third one')
    await third.archived.archive.flush()
    await third.archived.archive.close()
    assert.is(await storyIn(directory), '[0] 1 2 3 4 gap 5-0 [0] 1 gap 2-0 [0] 1')
  }),
)

test('the last turn of an archive that is not there, empty, torn or damaged', () =>
  inTemporaryDirectory(async directory => {
    assert.is(await lastArchived(path.join(directory, 'absent')), null)
    assert.is(await lastArchived(directory), null)
    const file = path.join(directory, 'turns-000000000401.log')
    fs.writeFileSync(file, 'nothing that we have written\n')
    assert.equal(await lastArchived(directory), { seq: 401 - 1, sum: 0 }, 'the name is believed')
    fs.writeFileSync(`${file}.gz`, 'not packed')
    fs.rmSync(file)
    assert.equal(await lastArchived(directory), { seq: 400, sum: 0 })
  }))

// ---------------------------------------------------------------------------
// Groups, syncs, timers
// ---------------------------------------------------------------------------

test(
  'many turns are one write and one sync; with never there is none',
  inWorld(async ({ begin }) => {
    const { life, archived } = begin({}, { delayMs: 60_000 })
    hear(life, 100)
    await archived.archive.flush()
    assert.is(archived.faults.counts.get('write'), 1)
    assert.is(archived.faults.counts.get('dataSync'), 1)
    await archived.archive.close()
    life.hot.close()

    const never = begin({}, { delayMs: 60_000, sync: 'never' })
    hear(never.life, 100)
    await never.archived.archive.close()
    assert.is(never.archived.faults.counts.get('dataSync'), undefined)
  }),
)

test(
  'always: on disk without being asked; interval: with the next tick of its own',
  inWorld(async ({ directory, begin }) => {
    const untilWritten = async (seq: number): Promise<void> => {
      while (!(await storyIn(directory)).endsWith(String(seq))) {
        await new Promise(resolve => setTimeout(resolve, 5))
      }
    }
    const always = begin({}, { sync: 'always', delayMs: 3_600_000 })
    hear(always.life, 1)
    await untilWritten(1)
    await always.archived.archive.close()
    always.life.hot.close()
    const interval = begin({}, { sync: 'interval', delayMs: 10 })
    hear(interval.life, 1)
    await untilWritten(2)
    await interval.archived.archive.close()
  }),
)

test(
  'no timer while nothing waits',
  inWorld(async ({ begin }) => {
    const timers = (): number =>
      process.getActiveResourcesInfo().filter(name => name === 'Timeout').length
    const before = timers()
    const { life, archived } = begin()
    hear(life, 1)
    assert.is(timers(), before + 1)
    await archived.archive.flush()
    assert.is(timers(), before)
    hear(life, 2)
    assert.is(timers(), before + 1)
    await archived.kill()
    assert.is(timers(), before, 'also when the last write failed')
  }),
)

test.run()
