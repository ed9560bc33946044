/**
 * Goal: where the working directory has been removed, whoever names absolute paths is served as
 *   anywhere else, and the supervisor survives its own restart.
 * Method: commands in such a directory, in processes of their own, for Node remembers where it is.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { makeWorld } from '../src/evaluate/world.ts'

const programs = fileURLToPath(new URL('../../src/bin/', import.meta.url))

/** The shell stands in it when it goes; it may say so. */
const runAway = (name: string, words: readonly string[]) => {
  const gone = mkdtempSync(join(realpathSync(tmpdir()), 'lithos-gone-'))
  const script = `rmdir "$1" && shift && exec "$@"`
  try {
    const { status, stdout, stderr } = spawnSync(
      '/bin/sh',
      ['-c', script, 'sh', gone, join(programs, name), ...words],
      { cwd: gone, encoding: 'utf8' },
    )
    return { status, stdout, stderr: withoutTimes(stderr.replace(/^sh: .*getcwd.*\n/gm, '')) }
  } finally {
    rmSync(gone, { recursive: true, force: true })
  }
}

const elsewhere = (name: string, words: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(join(programs, name), words, {
    cwd: '/',
    encoding: 'utf8',
  })
  return { status, stdout, stderr: withoutTimes(stderr) }
}

const withoutTimes = (text: string): string => text.replace(/\d{4}-[\d-]+T[\d:]+Z/g, 'TIME')

for (const [name, ...words] of [
  ['lithos_check', '--config'],
  ['lithos_ps', '--json', '--config'],
  ['lithos_clean', '--config'],
  ['lithos', 'ls', '--json', '--config'],
  ['lithos', 'why', 'site/web.0', '--config'],
] as const)
  test(`${name} ${words.join(' ')}, as anywhere else`, () => {
    const world = makeWorld()
    try {
      assert.equal(
        runAway(name, [...words, world.master]),
        elsewhere(name, [...words, world.master]),
      )
    } finally {
      world.remove()
    }
  })

test('a relative path is one that is not there', () => {
  const { status, stderr } = runAway('lithos_check', ['--config', 'master.yaml'])
  assert.is(status, 1)
  assert.match(stderr, 'master.yaml: cannot be read: no such file or directory')
  assert.not.match(stderr, / at /, 'no trace of our own')
})

const tell = `
  const { here, fromHere } = await import(process.argv[1])
  process.chdir(process.argv[2])
  process.getBuiltinModule('fs').rmdirSync(process.argv[2])
  process.stdout.write([here(), fromHere('a/../b'), fromHere('/c')].join(' '))`

test('what the kernel says of the directory is told without its remark', () => {
  const source = new URL('../../native/here.ts', import.meta.url).href
  const made = mkdtempSync(join(realpathSync(tmpdir()), 'lithos-gone-'))
  const text = execFileSync(
    process.execPath,
    ['--import=tsx', '--input-type=module', '-e', tell, source, made],
    { cwd: fileURLToPath(new URL('../..', import.meta.url)), encoding: 'utf8' },
  )
  assert.is(text, `${made} ${made}/b /c`)
})

test.run()
