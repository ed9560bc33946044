/**
 * Goal: a file is read within its limit, or it is said why not; nothing waits for a pipe.
 * Method: real files of each kind in a directory of their own.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FILE_BYTES_MAX, readFileText } from '../../../src/config/fileText.ts'
import { sayProblem } from '../../../src/config/report.ts'

const test = suite<{ dir: string }>('fileText')

test.before(context => {
  context.dir = mkdtempSync(join(tmpdir(), 'lithos-config-'))
})
test.after(({ dir }) => rmSync(dir, { recursive: true, force: true }))

const lineOf = (file: string, bytesMax?: number): string | undefined => {
  const { value, problems } = readFileText(file, bytesMax)
  assert.is(value === null, problems.length > 0)
  return problems.map(sayProblem)[0]
}

test('text', ({ dir }) => {
  const file = join(dir, 'good.yaml')
  writeFileSync(file, '\ufeffé😀\n')
  assert.is(readFileText(file).value, '\ufeffé😀\n')
  writeFileSync(file, '')
  assert.is(readFileText(file).value, '')
})

test('a file whose size is not told', () => {
  assert.match(readFileText('/proc/self/status').value ?? '', /^Name:/)
})

test('what is no file', ({ dir }) => {
  const at = (name: string): string => join(dir, name)
  assert.is(lineOf(at('none')), `${at('none')}: cannot be read: no such file or directory`)
  mkdirSync(at('dir'))
  assert.is(lineOf(at('dir')), `${at('dir')}: cannot be read: it is a directory`)
  symlinkSync('loop', at('loop'))
  assert.is(lineOf(at('loop')), `${at('loop')}: cannot be read: too many symbolic links`)
  execFileSync('mkfifo', [at('pipe')])
  assert.is(lineOf(at('pipe')), `${at('pipe')}: cannot be read: it is not a regular file`)
  assert.is(lineOf('/dev/null'), '/dev/null: cannot be read: it is not a regular file')
  assert.match(lineOf(`${at('none')}\0`) ?? '', /cannot be read: /)
})

test('limits', ({ dir }) => {
  const file = join(dir, 'size')
  writeFileSync(file, 'x'.repeat(100))
  assert.is(readFileText(file, 100).value?.length, 100)
  assert.is(lineOf(file, 99), `${file}: expected at most 99 bytes, found 100 bytes`)
  // Sparse: refused by its size, without a byte of it being read.
  truncateSync(file, 2 ** 40)
  assert.is(
    lineOf(file),
    `${file}: expected at most ${FILE_BYTES_MAX} bytes, found ${2 ** 40} bytes`,
  )
  assert.is(
    lineOf('/proc/self/status', 3),
    '/proc/self/status: expected at most 3 bytes, found more than 3 bytes',
  )
})

test('bytes that are not UTF-8, and their line', ({ dir }) => {
  const file = join(dir, 'bytes')
  const bad: readonly (readonly [readonly number[], number])[] = [
    [[0xff], 1],
    [[0x61, 0x0a, 0xc3, 0x0a, 0x61], 2],
    [[0x0a, 0x0a, 0xed, 0xa0, 0x80], 3],
    [[0x61, 0x0a, 0xc3], 2],
  ]
  for (const [bytes, line] of bad) {
    writeFileSync(file, Buffer.from(bytes))
    assert.is(lineOf(file), `${file}:${line}: expected UTF-8 text, found bytes that are not`)
  }
})

test.run()
