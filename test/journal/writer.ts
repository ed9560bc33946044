/**
 * A supervisor that does nothing but append, until somebody kills it; run by killed.test.ts.
 * Says each number as soon as the turn counts as written.
 */
import * as fs from 'node:fs'
import * as path from 'node:path'
import { startArchive } from '../../journal/archive.ts'
import { live } from './story.ts'

const [, , root = ''] = process.argv
const life = live(path.join(root, 'hot'), { turnBytesMax: 200_000 })

const archive = startArchive({
  directory: path.join(root, 'archive'),
  source: life.hot,
  sync: 'always',
  now: () => 0,
  segmentBytesMax: 50_000,
  onStalled: () => undefined,
  onResumed: () => undefined,
})

/** Two hot files hold three times as much: on a slow disk the archive would lose what they drop. */
const turnsAhead = 1_000
let turns = 0

const gust = (): void => {
  for (let turn = 0; turn < 10; turn++) fs.writeSync(1, `${life.hear('a', 'b')}\n`)
  turns += 10
  waitAndGoOn()
}

const waitAndGoOn = (): void =>
  void setImmediate(turns % turnsAhead > 0 || archive.hasAll() ? gust : waitAndGoOn)

gust()
