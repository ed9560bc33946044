/**
 * Goal: whoever follows a log reads every line once and in order, whatever rotation does to it,
 *   and however seldom he looks; the last lines are told from all that rotation has made.
 * Method: a log of numbered lines, with looks, rotations in place, by renaming and by truncating
 *   thrown in by chance from a printed seed. SEED=123 repeats one.
 */
import { appendFileSync, copyFileSync, existsSync, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { closeSync, renameSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { rotate } from '../../../actors/rotator.ts'
import { followLog } from '../../../src/look/followLog.ts'
import type { Followed } from '../../../src/look/followLog.ts'
import { linesOfLife } from '../../../src/look/lives.ts'
import { cutTo, lastLines, openLog, withoutBlankStart } from '../../../src/look/logPieces.ts'
import { prng } from '../../prng.ts'
import { skipUnless } from '../../skip.ts'

const seed = Number(process.env['SEED'] ?? Date.now() % 100_000)
const tmpfs = 0x01021994
const memory = '/dev/shm'
const inMemory = skipUnless(
  existsSync(memory) && statfsSync(memory).type === tmpfs,
  `needs a tmpfs on ${memory}`,
)
const onDisk = skipUnless(
  [0xef53, 0x58465342].includes(statfsSync(tmpdir()).type),
  'needs temporary files on ext4 or XFS',
)

const within =
  (place: string, body: (path: string) => Promise<void>) => async (): Promise<void> => {
    const directory = mkdtempSync(join(place, 'follow-'))
    try {
      await body(join(directory, 'log'))
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  }

const follow = (path: string): Followed =>
  followLog({ open: () => openLog(path), path, start: null })

const read = async (followed: Followed): Promise<string> => {
  let text = ''
  for await (const bytes of followed.news()) text += bytes.toString('latin1')
  return text
}

type Turn = (path: string) => Promise<void> | void

/** Where a line ended just where the file was cut, an empty one may be told. None is written. */
const plain = (text: string): string => text.replace(/\n+/g, '\n')

/** Lines, looks and turns of a log by chance; what was read is what was written. */
const story =
  (turn: Turn, turnsPerLook: number) =>
  async (path: string): Promise<void> => {
    const random = prng(seed)
    writeFileSync(path, 'first\n')
    const followed = follow(path)
    let [written, got, number, turns] = ['first\n', await read(followed), 0, 0]
    for (let step = 0; step < 400; step += 1) {
      const chance = random()
      if (chance < 0.5) {
        let lines = ''
        for (let left = Math.floor(random() * 300); left > 0; left -= 1)
          lines += `line ${(number += 1)} ${'x'.repeat(Math.floor(random() * 60))}\n`
        appendFileSync(path, lines)
        written += lines
      } else if (chance < 0.8) {
        got += await read(followed)
        turns = 0
        assert.is(plain(got).length, written.length, `step ${step}`)
      } else if (turns < turnsPerLook && statSync(path).size > 0) {
        turns += 1
        await turn(path)
      }
    }
    got += await read(followed)
    followed.close()
    assert.ok(plain(got) === written, 'what was read is not what was written')
  }

onDisk(
  `rotation in place (SEED=${seed})`,
  within(
    tmpdir(),
    story(async path => {
      await rotate(path, { count: 5, isCompressed: false })
    }, 4),
  ),
)

onDisk(
  `rotation in place, compressed (SEED=${seed})`,
  within(
    tmpdir(),
    story(async path => {
      await rotate(path, { count: 5, isCompressed: true })
    }, 4),
  ),
)

inMemory(
  `rotation by renaming (SEED=${seed})`,
  within(
    memory,
    story(async path => {
      await rotate(path, { count: 5, isCompressed: false })
      if (!existsSync(path)) writeFileSync(path, '')
    }, 3),
  ),
)

test(
  `rotation by copying and truncating, as logrotate does it (SEED=${seed})`,
  within(
    tmpdir(),
    story(path => {
      for (const number of [3, 2, 1])
        if (existsSync(`${path}.${number}`))
          renameSync(`${path}.${number}`, `${path}.${number + 1}`)
      copyFileSync(path, `${path}.1`)
      truncateSync(path)
    }, 2),
  ),
)

test(
  'a log that is not there yet, and one that goes and comes',
  within(tmpdir(), async path => {
    const followed = follow(path)
    assert.is(await read(followed), '')
    writeFileSync(path, 'a\n')
    assert.is(await read(followed), 'a\n')
    rmSync(path)
    assert.is(await read(followed), '')
    writeFileSync(path, 'b\n')
    assert.is(await read(followed), 'b\n')
    followed.close()
  }),
)

test(
  'the last lines of a file',
  within(tmpdir(), async path => {
    const last = (text: string, count: number) => {
      writeFileSync(path, text)
      const fd = openLog(path) as number
      const { bytes, lines } = lastLines(fd, count)
      closeSync(fd)
      return [bytes.toString(), lines]
    }
    assert.equal(last('a\nb\nc\n', 2), ['b\nc\n', 2])
    assert.equal(last('a\nb\nc', 2), ['b\nc', 2])
    assert.equal(last('a\nb\n', 9), ['a\nb\n', 2])
    assert.equal(last('\n\n', 1), ['\n', 1])
    assert.equal(last('', 3), ['', 0])
    assert.equal(last('a\n', 0), ['', 0])
    const long = Array.from({ length: 100_000 }, (_, index) => `${index}\n`).join('')
    assert.equal(last(long, 1), ['99999\n', 1])
    assert.is(String(last(long, 50_000)[0]).split('\n')[0], '50000')
    assert.is(last(long, Infinity)[0], long)
  }),
)

test('blanks that stand for the rest of a line', () => {
  const cut = (text: string) => withoutBlankStart(Buffer.from(text)).toString()
  assert.is(cut('   \nb\n'), 'b\n')
  assert.is(cut('   b\n'), '   b\n')
  assert.is(cut('\nb\n'), '\nb\n')
  assert.is(cutTo(Buffer.from('a\nb\n'), 1).bytes.toString(), 'b\n')
})

const marked = (time: number, text: string): string =>
  `2018-08-10T12:05:${String(time).padStart(2, '0')}Z: ----- ${text} -----\n`

test(
  'the lives of an instance in a log that it shares, also out of what was rotated',
  within(tmpdir(), async path => {
    const start = (time: number, name: string) => marked(time, `Starting "${name}": "/bin/x"`)
    const end = (time: number, name: string) =>
      marked(time, `Process "${name}" exited with code 1, uptime 2s`)
    const slow = marked(
      7,
      'Process "web/a.0" did not respond to SIGTERM in 5, uptime 1s. Killing..',
    )
    const [first, second, third] = [
      `${start(1, 'web/a.0')}one\n${end(2, 'web/a.0')}`,
      `${start(3, 'web/a.0')}two\n${start(4, 'web/a.10')}other\n`,
      `three\n${slow}${end(8, 'web/a.0')}`,
    ]
    writeFileSync(`${path}.2.gz`, gzipSync(`before\n${first}`))
    writeFileSync(`${path}.1`, second)
    writeFileSync(path, `${third}${start(9, 'web/a.0')}four\n`)
    const life = async (name: string, back: number) => {
      let text = ''
      for await (const line of linesOfLife(path, name, back)) text += line
      return text
    }
    assert.is(await life('web/a.0', 0), `${start(9, 'web/a.0')}four\n`)
    assert.is(await life('web/a.0', 1), second + third)
    assert.is(await life('web/a.0', 2), first)
    assert.is(await life('web/a.0', 3), '')
    assert.is(await life('web/a.1', 0), '')
  }),
)

test.run()
