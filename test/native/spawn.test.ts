/**
 * Goal: a child gets exactly what it is given, a failure is told as it was, and nothing of us
 * is left changed.
 * Method: real children of a small C program, looked at through /proc.
 */
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { memoryFile } from '../../native/files.ts'
import { launchKnot } from '../../native/knot.ts'
import * as pidfd from '../../native/pidfd.ts'
import * as proc from '../../native/proc.ts'
import { spawn } from '../../native/spawn.ts'
import type { Spawn, Spawned } from '../../native/spawn.ts'
import { openWorkshop, until } from './standIn.ts'
import type { Workshop } from './standIn.ts'

let workshop: Workshop
let nowhere: number
const spawned: Spawned[] = []

test.before(() => {
  workshop = openWorkshop()
  nowhere = openSync('/dev/null', 'r+')
})
test.after.each(async () => {
  for (const child of spawned.splice(0)) {
    pidfd.signal(child.pidfd, 'SIGKILL')
    if (proc.readStat(child.pid)?.parent === process.pid) await ended(child)
    pidfd.close(child.pidfd)
  }
})
test.after(() => {
  closeSync(nowhere)
  workshop.close()
})

const request = (changes: Partial<Spawn> = {}): Spawn => ({
  path: workshop.standIn,
  argv: [workshop.standIn],
  env: [],
  fds: standard(),
  namespaces: ['mount', 'pid', 'uts', 'ipc'],
  ...changes,
})

const standard = (...further: [number, number][]): ReadonlyMap<number, number> =>
  new Map([[0, nowhere], [1, nowhere], [2, 2], ...further])

const start = (changes?: Partial<Spawn>): Spawned => {
  const result = spawn(request(changes))
  if (E.isLeft(result)) throw new Error(JSON.stringify(result.left))
  spawned.push(result.right)
  return result.right
}

/** A stand-in with a plan; what it says about itself goes nowhere. */
const startKnot = (plan: string, changes?: Partial<Spawn>): Spawned => {
  const memory = memoryFile('plan', Buffer.from(plan))
  assert.ok(E.isRight(memory))
  const child = start({ fds: standard([3, memory.right], [4, nowhere]), ...changes })
  closeSync(memory.right)
  return child
}

const ended = async (child: Spawned): Promise<number> => {
  let status: E.Either<unknown, number> = E.left('not yet')
  await until(() => E.isRight((status = pidfd.wait(child.pidfd, false))), `the end of ${child.pid}`)
  return E.isRight(status) ? status.right : -1
}

const openHere = () => readdirSync('/proc/self/fd').length

test('the descriptors that are given, at the numbers asked for, and no other', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  const plan = memoryFile('plan', Buffer.from(''))
  assert.ok(E.isRight(plan))
  const path = join(workshop.dir, 'output')
  const output = openSync(path, 'w')
  // 3 comes from above, 9 from standard input, and there is a hole between them.
  const child = start({
    argv: [workshop.standIn, 'fds'],
    fds: new Map([
      [9, 0],
      [0, 0],
      [1, output],
      [2, 2],
      [3, plan.right],
    ]),
  })
  assert.is(await ended(child), 0)
  const lines = readFileSync(path, 'utf8').split('\n')
  assert.equal(
    lines.filter(line => line.startsWith('fd')),
    ['fd 0', 'fd 1', 'fd 2', 'fd 3', 'fd 9'],
  )
  const mask = (name: string) => lines.find(line => line.startsWith(name))?.split('\t')[1]
  assert.is(mask('SigBlk'), '0000000000000000', 'nothing is blocked')
  assert.is(mask('SigIgn'), '0000000000000000', 'nothing is ignored, though Node does')
  assert.is(mask('SigCgt'), '0000000000000000')
  closeSync(output)
  closeSync(plan.right)
  server.close()
})

test('descriptors that trade places', async () => {
  const files = ['a', 'b', 'c', 'd'].map(name => join(workshop.dir, name))
  files.forEach(path => writeFileSync(path, ''))
  const fds = files.map(path => openSync(path, 'r'))
  const [first = 0, second = 0] = fds
  const child = start({
    // The stand-in reads its plan, which is empty, from 3: an application that sleeps.
    fds: standard([3, first], [4, nowhere], [first, second], [second, first]),
    namespaces: ['pid'],
  })
  await until(() => proc.childrenOf(child.pid).length === 1, 'the application')
  assert.is(proc.descriptorTarget(child.pid, first), files[1])
  assert.is(proc.descriptorTarget(child.pid, second), files[0])
  fds.forEach(fd => closeSync(fd))
})

test('a descriptor on its way does not land where another one has to', async () => {
  const paths = ['a', 'b', 'c'].map(name => join(workshop.dir, name))
  paths.forEach(path => writeFileSync(path, ''))
  const [hole = 0, middle = 0, last = 0] = paths.map(path => openSync(path, 'r'))
  closeSync(hole)
  const child = start({
    fds: new Map([
      [0, 0],
      [1, 1],
      [2, 2],
      [3, last],
      [hole, last],
      [middle, nowhere],
    ]),
    namespaces: ['pid'],
  })
  await until(() => proc.childrenOf(child.pid).length === 1, 'the application')
  assert.is(proc.descriptorTarget(child.pid, hole), paths[2])
  assert.is(proc.descriptorTarget(child.pid, middle), '/dev/null')
  closeSync(middle)
  closeSync(last)
})

test('argv, environment and namespaces', async () => {
  const config = JSON.stringify({ image: 'ünïcode', variables: { a: 'b c' } })
  const child = startKnot('stay', {
    argv: [workshop.standIn, '--config', config, ''],
    env: ['TERM=dumb', 'EMPTY='],
    namespaces: ['mount', 'pid', 'uts', 'ipc', 'net'],
  })
  // We go on when the exec can no longer fail, a moment before its arguments can be seen.
  const hasArguments = () => (proc.commandLine(child.pid)?.length ?? 0) > 0
  await until(hasArguments, 'the new program')
  assert.equal(proc.commandLine(child.pid), [workshop.standIn, '--config', config, ''])
  const environment = readFileSync(`/proc/${child.pid}/environ`, 'utf8')
  assert.is(environment, 'TERM=dumb\0EMPTY=\0')
  assert.is(proc.innerPid(child.pid), 1)
  assert.ok(proc.isInit(child.pid))
  for (const name of ['mnt', 'pid', 'uts', 'ipc', 'net'])
    assert.is.not(namespaceOf(child.pid, name), namespaceOf('self', name), name)
  for (const name of ['user', 'cgroup'])
    assert.is(namespaceOf(child.pid, name), namespaceOf('self', name), name)
})

const namespaceOf = (pid: number | 'self', name: string) => readlinkSync(`/proc/${pid}/ns/${name}`)

test('a failure says what was attempted, and leaves no process and no descriptor', () => {
  const before = openHere()
  const missing = spawn(request({ path: '/no/such/program' }))
  const expected = { _tag: 'CallFailed', call: 'execve', code: 'ENOENT', about: '/no/such/program' }
  assert.equal(missing, E.left(expected))
  const refused = spawn(request({ path: '/proc/version' }))
  assert.equal(refused, E.left({ ...expected, code: 'EACCES', about: '/proc/version' }))
  const badFd = spawn(request({ fds: new Map([[3, 7777]]) }))
  assert.ok(E.isLeft(badFd))
  assert.equal([badFd.left.call, badFd.left.code], ['passing descriptors', 'EBADF'])
  const badGroup = spawn(request({ cgroup: 7777 }))
  assert.ok(E.isLeft(badGroup))
  assert.equal([badGroup.left.call, badGroup.left.code], ['clone3', 'EBADF'])
  const long = spawn(request({ argv: [workshop.standIn, 'x'.repeat(200_000)] }))
  assert.ok(E.isLeft(long))
  assert.equal([long.left.call, long.left.code], ['execve', 'E2BIG'])
  assert.ok(E.isLeft(spawn(request({ argv: ['a\0b'] }))))
  assert.ok(openHere() <= before, 'no descriptor is left')
  assert.equal(proc.childrenOf(process.pid).filter(isZombie), [])
})

const isZombie = (pid: number) => proc.readStat(pid)?.state === 'Z'

test('a hundred children and their ends, with nothing left over', async () => {
  const before = openHere()
  const signalsBefore = readFileSync('/proc/self/status', 'utf8').match(/^Sig(Ign|Cgt|Blk).*$/gm)
  for (let count = 0; count < 100; count += 1) startKnot(`vanish ${count}`)
  const statuses = await Promise.all(spawned.map(ended))
  assert.equal(
    statuses,
    Array.from({ length: 100 }, (_, code) => code << 8),
  )
  for (const { pidfd: held } of spawned.splice(0)) pidfd.close(held)
  assert.ok(openHere() <= before, 'no descriptor is left')
  const signalsAfter = readFileSync('/proc/self/status', 'utf8').match(/^Sig(Ign|Cgt|Blk).*$/gm)
  assert.equal(signalsAfter, signalsBefore)
})

test('a knot begins with everything blocked: no order to stop comes too early', async () => {
  const knotsDir = join(workshop.dir, 'early')
  mkdirSync(knotsDir)
  // Any program that leaves its mask as it is.
  const born = launchKnot({
    ...{ knotsDir, instance: 'web/app.0', incarnation: 1, spec: '', plan: Buffer.from('x') },
    ...{ argv: ['/bin/sleep', '60'], env: [], namespaces: [], fds: new Map() },
  })
  if (E.isLeft(born)) throw new Error(JSON.stringify(born.left))
  spawned.push(born.right)
  const { pid } = born.right
  await until(() => readFileSync(`/proc/${pid}/comm`, 'utf8') === 'sleep\n', 'its program')
  const blocked = /^SigBlk:\t(\w+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  assert.is(blocked, 'fffffffffffbfeff', 'all but SIGKILL and SIGSTOP')
})

test('no signal that reaches us during a spawn is lost or invented', async () => {
  let heard = 0
  const listener = () => (heard += 1)
  process.on('SIGUSR2', listener)
  for (let count = 0; count < 50; count += 1) {
    process.kill(process.pid, 'SIGUSR2')
    startKnot('vanish 0')
  }
  await Promise.all(spawned.map(ended))
  await until(() => heard > 0, 'the signal')
  process.off('SIGUSR2', listener)
  assert.ok(heard <= 50)
})

test.run()
