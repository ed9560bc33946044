/**
 * Goal: of all supervisors that want a runtime directory one gets it, and a dead one's claim is
 * worth nothing.
 * Method: real processes race for a file, and are killed.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { fstatSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { takePidFile } from '../../actors/pidFile.ts'
import type { PidFile } from '../../actors/pidFile.ts'
import { lockHolder } from '../../native/files.ts'
import { commandLine } from '../../native/proc.ts'
import { until } from '../native/standIn.ts'

let dir = ''
let path = ''
const children: ChildProcess[] = []
const taken: PidFile[] = []

test.before.each(() => {
  dir = mkdtempSync(join(tmpdir(), 'lithos-test-'))
  path = join(dir, 'master.pid')
})
test.after.each(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  for (const file of taken.splice(0)) file.close()
  rmSync(dir, { recursive: true, force: true })
})

const take = (): E.Either<string, PidFile> => {
  const result = takePidFile(path)
  if (E.isRight(result)) taken.push(result.right)
  return result
}

/** A process that tries, and what it says. */
const contend = (program = process.execPath, argv0 = program) => {
  const script = join(import.meta.dirname ?? '', 'holder.ts')
  const child = spawn(program, ['--import=tsx', script, path], { argv0 })
  const said = { text: '', pid: child.pid ?? 0, child }
  child.stdout.on('data', (data: Buffer) => (said.text += data.toString()))
  children.push(child)
  return said
}

test('the pid and a newline', () => {
  writeFileSync(path, '4194304000\n')
  assert.ok(E.isRight(take()))
  assert.is(readFileSync(path, 'utf8'), `${process.pid}\n`)
})

test('who holds the lock is named without trying it, also where another pid is written', () => {
  writeFileSync(path, `${process.pid}\n`)
  assert.is(lockHolder(path), null, 'written, and not locked')
  const result = take()
  assert.is(lockHolder(path), process.pid)
  writeFileSync(path, '1\n')
  assert.is(lockHolder(path), process.pid)
  assert.is(lockHolder(join(dir, 'none')), null)
  if (E.isRight(result)) taken.pop()?.close()
  assert.is(lockHolder(path), null)
})

test('of four that race one wins, and the others name it', async () => {
  const contenders = [contend(), contend(), contend(), contend()]
  await until(() => contenders.every(({ text }) => text.endsWith('\n')), 'all answers')
  const winners = contenders.filter(({ text }) => text === 'taken\n')
  assert.is(winners.length, 1)
  const pid = winners[0]?.pid
  assert.is(readFileSync(path, 'utf8'), `${pid}\n`)
  const late = take()
  assert.ok(E.isLeft(late))
  assert.ok(late.left.startsWith(`Master pid is ${pid}. And there is alive process with that pid.`))
})

test('a dead holder is no obstacle, however it ended', async () => {
  const holder = contend()
  await until(() => holder.text === 'taken\n', 'the holder')
  assert.ok(E.isLeft(take()))
  holder.child.kill('SIGKILL')
  await until(() => holder.child.signalCode !== null, 'its death')
  assert.ok(E.isRight(take()))
})

test('a living process that only has the number is no obstacle', () => {
  writeFileSync(path, '1\n')
  assert.ok(E.isRight(take()))
})

test('a supervisor of the original, which locks nothing, is one', async () => {
  const child = spawn('sleep', ['60'], { argv0: '/usr/bin/lithos_tree' })
  children.push(child)
  // Its words can be seen a moment after its exec only.
  await until(() => (commandLine(child.pid ?? 0)?.length ?? 0) > 0, 'its words')
  writeFileSync(path, `${child.pid}\n`)
  const refused = take()
  assert.ok(E.isLeft(refused))
  assert.match(refused.left, `Master pid is ${child.pid}.`)
})

test('what an exec in place has left open is taken over', () => {
  const first = take()
  assert.ok(E.isRight(first))
  const again = takePidFile(path)
  assert.ok(E.isRight(again))
  assert.is(again.right.fd, first.right.fd)
})

test('a file that was removed meanwhile is made again', () => {
  assert.ok(E.isRight(take()))
  rmSync(path)
  const again = take()
  assert.ok(E.isRight(again))
  assert.is(fstatSync(again.right.fd).nlink, 1)
})

test('what cannot be opened is a sentence', () => {
  path = join(dir, 'missing', 'master.pid')
  const refused = take()
  assert.ok(E.isLeft(refused))
  assert.ok(refused.left.startsWith(`Can't write file "${path}": ENOENT`))
})

test.run()
