/**
 * Goal: what one image hands to the next counts only for the very text that is in the file.
 * Method: settings of a file on disk, handed over; then the file, the path or the words changed.
 */
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readSettings } from '../../src/evaluate/settings.ts'
import { handOver, takeOver } from '../../src/handOver.ts'

const test = suite<{ dir: string; file: string }>('handOver', { dir: '', file: '' })

test.before.each(world => {
  world.dir = mkdtempSync(join(realpathSync(tmpdir()), 'lithos-hand-'))
  world.file = join(world.dir, 'master.yaml')
  writeFileSync(world.file, 'runtime-dir: /run/x\nlog-level: loud\n')
})
test.after.each(({ dir }) => rmSync(dir, { recursive: true, force: true }))

const handed = (file: string) => ({ ...handOver(readSettings(file)) })

test('is the same as reading the file, with what was warned of, and is taken once', ({ file }) => {
  const env = handed(file)
  const read = readSettings(file)
  assert.is(read.problems.length, 1)
  assert.equal(takeOver(file, env), read)
  assert.equal(env, {})
  assert.is(takeOver(file, env), null)
})

test('a file that was changed, is gone, or is another one, is read', ({ dir, file }) => {
  const env = handed(file)
  writeFileSync(join(dir, 'other.yaml'), 'runtime-dir: /run/x\nlog-level: loud\n')
  assert.is(takeOver(join(dir, 'other.yaml'), { ...env }), null)
  writeFileSync(file, 'runtime-dir: /run/y\nlog-level: loud\n')
  assert.is(takeOver(file, { ...env }), null)
  rmSync(file)
  assert.is(takeOver(file, { ...env }), null)
})

test('what cannot be used, or is longer than a variable may be, is not handed', ({ file }) => {
  writeFileSync(file, 'runtime-dir: [no path]\n')
  assert.equal(handed(file), {})
  writeFileSync(file, `runtime-dir: /run/x\n# ${'x'.repeat(100_000)}\n`)
  assert.equal(handed(file), {})
})

test('words that are not ours are nothing', ({ file }) => {
  for (const json of ['', '{', 'null', '{}', '{"value":null}', '[1]'])
    assert.is(takeOver(file, { LITHOS_SETTINGS: json }), null)
})

test.run()
