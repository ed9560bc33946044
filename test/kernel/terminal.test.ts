/**
 * Goal: a command of lithos_cmd at a terminal is like any other: full-screen programs, Ctrl-C,
 * Ctrl-Z and fg, sizes; and the terminal is as it was when it is over, however it ends.
 * Method: real containers. Somebody sits at a pseudo terminal, with a shell or without, and types.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  applicationOf,
  knots,
  makeImage,
  makeWorld,
  program,
  removeWorld,
} from '../../src/demo/world.ts'
import type { World } from '../../src/demo/world.ts'
import { commandLine, readStat } from '../../native/proc.ts'
import { skipUnless } from '../skip.ts'
import { addCommands, childrenOf, commandWords, leftBehind } from './commandWorld.ts'
import { until } from './supervised.ts'
import { makeDesk } from './typing.ts'
import type { Desk, Typing } from './typing.ts'
import { canContain, whyNot } from './world.ts'

const contains = skipUnless(canContain, whyNot)

let world: World
let desk: Desk

test.before(() => {
  if (!canContain) return
  world = makeWorld('cmd')
  makeImage(world, 'img')
  addCommands(world)
  desk = makeDesk(world.root)
})

test.after.each(async () => {
  if (!canContain) return
  desk.close()
})

test.after(async () => {
  if (canContain) await removeWorld(world)
})

const nothingIsLeft = () => until('nothing is left', () => leftBehind(world).length === 0)

const typeTo = (...words: readonly string[]): Typing =>
  desk.start(program('lithos_cmd'), ...commandWords(world, ...words))

// ---- at a terminal -----------------------------------------------------------------------

contains('a full-screen program gets every key and every size', async () => {
  const typing = typeTo('web', 'keys')
  await typing.sees(/name \/dev\/pts\/0 controlling \/dev\/tty foreground 1/)
  await typing.sees(/screen 24 80/)
  typing.type('\x03')
  await typing.sees(/key 03/)
  typing.type('\x1a')
  await typing.sees(/key 1a/)
  typing.resize(40, 100)
  await typing.sees(/resized 40 100/)
  typing.type('q')
  assert.is(await typing.ended(), 42, typing.screen())
  await nothingIsLeft()
})

contains('Ctrl-C, Ctrl-D and a redirected standard error', async () => {
  const script =
    'trap i=1 INT; echo on; until [ "$i" ]; do sleep 0.05; done; echo int; cat; echo end'
  const typing = typeTo('web', 'sh', '-c', script)
  await typing.sees(/on/)
  typing.type('\x03')
  await typing.sees(/int/)
  typing.type('line\n')
  await typing.sees(/line\r\nline/)
  typing.type('\x04')
  await typing.sees(/end/)
  assert.is(await typing.ended(), 0)

  const call = `${program('lithos_cmd')} ${commandWords(world, 'web', 'sh').join(' ')}`
  const split = `[ -t 0 ] && [ -t 1 ] && [ ! -t 2 ] && echo split`
  const other = desk.start('sh', '-c', `${call} -c '${split}' 2>/dev/null`)
  await other.sees(/split/)
  assert.is(await other.ended(), 0)
})

/** With job control, as at any prompt. */
const openShell = async (): Promise<Typing> => {
  const typing = desk.start('sh', '-i')
  await typing.sees(/\$ /)
  typing.type(`go() { ${program('lithos_cmd')} ${commandWords(world, 'web').join(' ')} "$@"; }\n`)
  await typing.sees(/\$ /)
  return typing
}

contains(
  'Ctrl-Z stops all of it, fg goes on, and the terminal is the shell’s meanwhile',
  async () => {
    const typing = await openShell()
    typing.type(`${program('lithos_cmd')} ${commandWords(world, 'web', 'cat').join(' ')}\n`)
    await typing.sees(/cat\r\n/)
    typing.type('one\n')
    await typing.sees(/one\r\none\r\n/)
    typing.type('\x1a')
    await typing.sees(/Stopped|suspended/)
    await typing.sees(/\$ /)
    typing.type('echo a$((40 + 2))z\n')
    await typing.sees(/a42z/)
    typing.type('fg\n')
    await typing.sees(/cat\r\n/)
    typing.type('two\n')
    await typing.sees(/two\r\ntwo\r\n/)
    typing.type('\x04')
    await typing.sees(/\$ /)
    typing.type('echo code $?; exit\n')
    await typing.sees(/code 0/)
    await typing.ended()
    await nothingIsLeft()
  },
)

contains('an editor that stops itself comes back as it was, also by way of bg', async () => {
  const typing = await openShell()
  typing.type(`${program('lithos_cmd')} ${commandWords(world, 'web', 'keys').join(' ')}\n`)
  await typing.sees(/screen 24 80/)
  typing.type('z')
  await typing.sees(/Stopped|suspended/)
  typing.type('bg\n')
  await typing.sees(/screen 24 80/)
  typing.type('fg\n')
  await typing.sees(/keys\r\n/)
  // Nobody tells a job that runs that it has come to the foreground.
  await until('it has the terminal', () => {
    typing.type('k')
    return typing.screen().includes('key 6b')
  })
  typing.type('q')
  await typing.sees(/\$ /)
  typing.type('echo code $?; exit\n')
  await typing.sees(/code 42/)
  await typing.ended()
})

contains('Ctrl-Z and Ctrl-C where only its output is redirected', async () => {
  const typing = await openShell()
  const script = `'trap "" HUP; sleep 1000; echo slept'`
  typing.type(
    `${program('lithos_cmd')} ${commandWords(world, 'web', 'sh').join(' ')} -c ${script} | cat\n`,
  )
  await commandIn()
  typing.type('\x1a')
  await typing.sees(/Stopped|suspended/)
  await until('the command has stopped, too', () => knotsIn().every(isStopped))
  typing.type('fg\n')
  await until('it goes on', () =>
    knotsIn().every(knot => stateOf(applicationOf(knot) ?? 0) === 'S'),
  )
  typing.type('\x03')
  await nothingIsLeft()
  await typing.sees(/\$ /)
  typing.type('exit\n')
  await typing.ended()
  await nothingIsLeft()
})

const knotsIn = (): readonly number[] => [...knots(world).values()]

/**
 * The shell whose child sleeps already. While it makes that by vfork, as dash does, a key that
 * stops both would stop the child only, and the shell waits for it and cannot be stopped.
 */
const commandIn = async (): Promise<number> => {
  const sleeps = (pid: number): boolean => commandLine(pid)?.[0] === 'sleep'
  const found = () =>
    knotsIn()
      .flatMap(knot => applicationOf(knot) ?? [])
      .find(pid => childrenOf(pid).some(sleeps))
  await until('a command runs', () => found() !== undefined)
  return found() ?? 0
}

const isStopped = (knot: number): boolean => stateOf(applicationOf(knot) ?? 0) === 'T'

const stateOf = (pid: number): string => readStat(pid)?.state ?? 'gone'

contains('a terminal that goes away ends the command', async () => {
  const typing = typeTo('web', 'keys')
  await typing.sees(/screen 24 80/)
  typing.hangUp()
  await typing.ended()
  await nothingIsLeft()
})

contains('kill -9 at a terminal gives the terminal back', async () => {
  const typing = desk.start(
    'sh',
    '-c',
    `${program('lithos_cmd')} ${commandWords(world, 'web', 'keys').join(' ')}; ` +
      // Its guard does it, in its own time; a shell that reads lines would have done it itself.
      `until stty -a | grep -q -- ' icanon'; do :; done; echo cooked`,
  )
  await typing.sees(/screen 24 80/)
  const shell = await typing.pid()
  const [waiter] = childrenOf(shell)
  process.kill(waiter ?? 0, 'SIGKILL')
  await typing.sees(/cooked/)
  await typing.ended()
  await nothingIsLeft()
})

test.run()
