/**
 * Goal: `lithos_mkdev` makes what containers need, may be run again, and replaces nothing.
 * Method: the command itself on directories of its own; making device nodes takes root.
 */
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { run } from '../../../src/cli/mkdev.ts'
import { isRoot, skipUnless } from '../../skip.ts'
import { capture } from './capture.ts'

const asRoot = skipUnless(isRoot, 'needs root')
let top = ''
test.before(() => {
  top = fs.mkdtempSync(join(tmpdir(), 'lithos-mkdev-'))
})
test.after(() => fs.rmSync(top, { recursive: true, force: true }))

/** What a directory holds, one word or two for each. */
const content = (directory: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    fs
      .readdirSync(directory)
      .sort()
      .map(name => [name, looksLike(join(directory, name))]),
  )

const looksLike = (path: string): string => {
  const stats = fs.lstatSync(path)
  if (stats.isSymbolicLink()) return `link ${fs.readlinkSync(path)}`
  if (stats.isDirectory()) return 'directory'
  if (!stats.isCharacterDevice()) return `something of ${stats.size} bytes`
  const { mode, rdev } = stats
  return `device ${rdev >> 8}:${rdev & 0xff} ${(mode & 0o7777).toString(8)}`
}

const whole = {
  fd: 'link /proc/self/fd',
  full: 'device 1:7 666',
  null: 'device 1:3 666',
  ptmx: 'link pts/ptmx',
  pts: 'directory',
  random: 'device 1:8 666',
  shm: 'directory',
  stderr: 'link /proc/self/fd/2',
  stdin: 'link /proc/self/fd/0',
  stdout: 'link /proc/self/fd/1',
  tty: 'device 5:0 666',
  urandom: 'device 1:9 666',
  zero: 'device 1:5 666',
}
const silence = { code: 0, out: '', err: '' }

asRoot('makes everything, with parents, whatever the umask', async () => {
  const directory = join(top, 'a/b/dev')
  const umask = process.umask(0o077)
  try {
    assert.equal(await capture(run, [directory]), silence)
  } finally {
    process.umask(umask)
  }
  assert.equal(content(directory), whole)
})

asRoot('may be run again, and completes what is there in part', async () => {
  const directory = join(top, 'again')
  assert.equal(await capture(run, [directory]), silence)
  const { ino } = fs.statSync(join(directory, 'zero'))
  fs.rmSync(join(directory, 'null'))
  fs.rmSync(join(directory, 'ptmx'))
  fs.rmdirSync(join(directory, 'pts'))
  fs.chmodSync(join(directory, 'full'), 0o600)
  assert.equal(await capture(run, [directory]), silence)
  assert.equal(content(directory), whole)
  assert.is(fs.statSync(join(directory, 'zero')).ino, ino)
})

asRoot('what is in the way is named and kept; the rest is made', async () => {
  const directory = join(top, 'blocked')
  fs.mkdirSync(directory)
  fs.writeFileSync(join(directory, 'null'), 'mine')
  fs.symlinkSync('/elsewhere', join(directory, 'stdin'))
  fs.writeFileSync(join(directory, 'shm'), '')
  assert.equal(await capture(run, [directory]), {
    code: 1,
    out: '',
    err: [
      `${directory}/null is there and is not a character device 1:3; remove it, and run this again`,
      `${directory}/shm is there and is not a directory; remove it, and run this again`,
      `${directory}/stdin is there and is not a link to /proc/self/fd/0; ` +
        'remove it, and run this again',
    ]
      .map(line => `lithos_mkdev: ${line}\n`)
      .join(''),
  })
  assert.equal(content(directory), {
    ...whole,
    null: 'something of 4 bytes',
    shm: 'something of 0 bytes',
    stdin: 'link /elsewhere',
  })
})

test('a place that cannot be', async () => {
  const file = join(top, 'file')
  fs.writeFileSync(file, '')
  assert.equal(await capture(run, [join(file, 'dev')]), {
    code: 1,
    out: '',
    err: `lithos_mkdev: Can't make the directory ${file}/dev: ENOTDIR\n`,
  })
})

test('without a directory', async () => {
  const { code, err } = await capture(run, [])
  assert.is(code, 1)
  assert.is(err, 'Usage: lithos_mkdev /var/lib/lithos/dev\n')
})

test.run()
