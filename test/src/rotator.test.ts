/**
 * Goal: whatever is appended to a log is in it or in what was rotated out of it, once and in
 *   order, whoever writes, however fast, and whatever becomes of the one who rotates.
 * Method: writers that number their lines, rotation as fast as it goes, in place and by renaming;
 *   then all lines are counted. Rotators that are killed.
 */
import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { closeSync, openSync, statfsSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { compressOld, rotate } from '../../actors/rotator.ts'
import { bundle } from '../native/bundle.ts'
import { prng } from '../prng.ts'
import { skipUnless } from '../skip.ts'

const tmpfs = 0x01021994
const memory = '/dev/shm'
const isMemory = existsSync(memory) && statfsSync(memory).type === tmpfs
const isDisk = [0xef53, 0x58465342].includes(statfsSync(tmpdir()).type)
const onDisk = skipUnless(isDisk, 'needs temporary files on ext4 or XFS')
const inMemory = skipUnless(isMemory, `needs a tmpfs on ${memory}`)

const within =
  (place: string, body: (path: string) => Promise<void>) => async (): Promise<void> => {
    const directory = mkdtempSync(join(place, 'rotator-'))
    try {
      await body(join(directory, 'log'))
    } finally {
      for (const child of children.splice(0)) child.kill('SIGKILL')
      rmSync(directory, { recursive: true, force: true })
    }
  }

const children: ChildProcess[] = []

/** `NAME NUMBER` a line, into the file that it was started with, until it is told to end. */
const writer = (path: string, name: string): Promise<number> => {
  const fd = openSync(path, 'a')
  const words =
    `i=0; while [ ! -e "${path}.end" ]; do ` +
    `n=0; while [ $n -lt 100 ]; do echo "${name} $i"; i=$((i+1)); n=$((n+1)); done; done; ` +
    'echo $i >&2'
  const child = spawn('sh', ['-c', words], { stdio: ['ignore', fd, 'pipe'] })
  closeSync(fd)
  children.push(child)
  return new Promise(resolve => child.stderr?.once('data', text => resolve(Number(text))))
}

const end = async (path: string, over: readonly Promise<number>[]): Promise<readonly number[]> => {
  writeFileSync(`${path}.end`, '')
  return Promise.all(over)
}

/** Oldest first. */
const pieces = (path: string): readonly string[] =>
  [...Array(200).keys()]
    .reverse()
    .flatMap(number => (number === 0 ? [path] : [`${path}.${number}`, `${path}.${number}.gz`]))
    .filter(existsSync)
    .map(file => {
      const bytes = readFileSync(file)
      return (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('latin1')
    })

/** What was left of a line that stands in the copy is blank. */
const linesOf = (text: string): readonly string[] =>
  text.split('\n').filter(line => line.trim() !== '')

const isWhole = (all: readonly string[], name: string, lines: number): void => {
  const own = all.filter(line => line.startsWith(`${name} `)).map(line => Number(line.slice(2)))
  assert.is(own.length, lines, name)
  own.forEach((number, index) => number === index || assert.unreachable(`${name} ${number}`))
}

const rotated = bundle(fileURLToPath(new URL('rotated.ts', import.meta.url)))
test.after(rotated.remove)
const names = ['a', 'b', 'c']

for (const isCompressed of [true, false])
  onDisk(
    `three writers, rotated in place as fast as it goes, compressed: ${isCompressed}`,
    within(tmpdir(), async path => {
      const over = names.map(name => writer(path, name))
      for (let cuts = 0; cuts < 8;)
        if ((await rotate(path, { count: 150, isCompressed })) === 'cut') cuts++
      const counts = await end(path, over)
      const all = pieces(path).flatMap(linesOf)
      names.forEach((name, index) => isWhole(all, name, counts[index] ?? 0))
      assert.is(
        all.length,
        counts.reduce((sum, count) => sum + count, 0),
      )
      assert.ok(pieces(path).every(text => text.endsWith('\n')))
    }),
  )

onDisk(
  'as many are kept as were asked for, and what is short stays',
  within(tmpdir(), async path => {
    const options = { count: 2, isCompressed: true }
    writeFileSync(path, 'short\n')
    assert.is(await rotate(path, options), 'unchanged')
    for (const letter of ['a', 'b', 'c', 'd']) {
      writeFileSync(path, `${letter}\n`.repeat(5_000))
      assert.is(await rotate(path, options), 'cut')
    }
    const [oldest = '', newest = '', rest] = pieces(path)
    assert.equal([oldest[0], newest[0], rest?.trim()[0]], ['c', 'd', 'd'])
    assert.equal(readdirSync(join(path, '..')).sort(), ['log', 'log.1.gz', 'log.2.gz'])
    assert.is(statSync(`${path}.1.gz`).mode & 0o777, statSync(path).mode & 0o777)
  }),
)

onDisk(
  'what is no regular file is left alone',
  within(tmpdir(), async path => {
    const options = { count: 2, isCompressed: true }
    assert.is(await rotate(path, options), 'unchanged')
    writeFileSync(`${path}.target`, 'x\n'.repeat(9_000))
    symlinkSync(`${path}.target`, path)
    assert.is(await rotate(path, options), 'unchanged')
    rmSync(path)
    spawnSync('mkfifo', [path])
    assert.is(await rotate(path, options), 'unchanged')
    rmSync(path)
    mkdirSync(path)
    await rotate(path, options).catch(() => {})
    assert.is(readFileSync(`${path}.target`, 'utf8').length, 18_000)
  }),
)

inMemory(
  'where nothing can be cut it is renamed, and compressed when its writer is gone',
  within(memory, async path => {
    const options = { count: 2, isCompressed: true }
    const fd = openSync(path, 'a')
    writeFileSync(fd, 'one\n')
    assert.is(await rotate(path, options), 'renamed')
    writeFileSync(fd, 'two\n')
    await compressOld(path, options)
    assert.ok(existsSync(`${path}.1`), 'somebody may still write to it')
    writeFileSync(path, 'three\n')
    assert.is(await rotate(path, options), 'renamed')
    writeFileSync(path, 'four\n')
    // The oldest would be lost, and is still written to.
    assert.is(await rotate(path, options), 'unchanged')
    writeFileSync(fd, 'five\n')
    closeSync(fd)
    await compressOld(path, options)
    assert.equal(readdirSync(join(path, '..')).sort(), ['log', 'log.1.gz', 'log.2.gz'])
    assert.is(pieces(path).join(''), 'one\ntwo\nfive\nthree\nfour\n')
  }),
)

onDisk(
  'killed at any moment, it has lost nothing, and the next one goes on',
  within(tmpdir(), async path => {
    const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))
    const next = prng(seed)
    const over = names.map(name => writer(path, name))
    for (let round = 0; round < 8; round++) {
      const child = spawn(process.execPath, [rotated.program, path, '190', 'yes'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      children.push(child)
      await new Promise(resolve => child.stdout.once('data', resolve))
      await setTimeout(next() * 30)
      const ended = new Promise(resolve => child.once('exit', resolve))
      child.kill('SIGKILL')
      await ended
    }
    const counts = await end(path, over)
    await rotate(path, { count: 190, isCompressed: true })
    const all = pieces(path).flatMap(linesOf)
    for (const [index, name] of names.entries()) {
      const own = new Set(all.filter(line => /^[abc] \d+$/.test(line) && line.startsWith(name)))
      assert.is(own.size, counts[index], `SEED=${seed}: of ${name} there are ${own.size}`)
    }
    assert.not.ok(existsSync(`${path}.rotating`), `SEED=${seed}`)
  }),
)

test.run()
