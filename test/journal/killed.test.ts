/**
 * Goal: a process that is really killed, in the midst of writing hot journal and archive: what
 *       it had acknowledged is there, and the story is whole.
 * Method: a child that appends without end; SIGKILL after some thousand turns; a new life over
 *       what it left; three times in the same directories.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs'
import * as path from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { readAll } from '../../journal/read.ts'
import { verify } from '../../journal/verify.ts'
import { archiveOf } from './archiveWorld.ts'
import { inTemporaryDirectory, live, replayCounts } from './story.ts'

const writer = fileURLToPath(new URL('./writer.ts', import.meta.url))

/** The last number that it said; it says them into a file, which never makes it wait. */
const writeAndKill = async (root: string, turns: number): Promise<number> => {
  const file = path.join(root, 'said')
  const said = fs.openSync(file, 'w')
  const child = spawn(process.execPath, ['--import=tsx', writer, root], {
    stdio: ['ignore', said, 'inherit'],
  })
  const gone = once(child, 'close')
  const watching = setInterval(() => {
    if (fs.readFileSync(file, 'utf8').split('\n').length > turns) child.kill('SIGKILL')
  }, 2)
  try {
    const [, signal] = await gone
    assert.is(signal, 'SIGKILL')
    return Number(fs.readFileSync(file, 'utf8').split('\n').at(-2))
  } finally {
    clearInterval(watching)
    child.kill('SIGKILL')
    fs.closeSync(said)
  }
}

test('killed in the midst of writing, again and again', () =>
  inTemporaryDirectory(async root => {
    const where = {
      hotDirectory: path.join(root, 'hot'),
      archiveDirectory: path.join(root, 'archive'),
    }
    for (const turns of [1_000, 3_000, 2_000]) {
      const acknowledged = await writeAndKill(root, turns)
      const life = live(where.hotDirectory)
      const { seq, condition } = life.recovered
      assert.ok(seq === acknowledged || seq === acknowledged + 1, `${seq} after ${acknowledged}`)
      assert.is.not(condition.kind, 'setAside')
      const { archive, resumed } = archiveOf(where.archiveDirectory, life.hot)
      life.hear('a')
      await archive.close()
      life.hot.close()
      assert.equal(resumed, [])
      const report = await verify(readAll(where), replayCounts)
      assert.equal(report.findings, [])
      assert.is(report.replayed, seq + 1)
    }
  }))

test.run()
