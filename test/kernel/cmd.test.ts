/**
 * Goal: a command of lithos_cmd behaves as if it had been started here: input, output, exit code,
 * signals; and nothing is left of it, however any of its parties end.
 * Method: real containers, through pipes; each of the parties is killed.
 */
import type { ChildProcess } from 'node:child_process'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { makeImage, makeWorld, program, removeWorld } from '../../src/demo/world.ts'
import type { World } from '../../src/demo/world.ts'
import { skipUnless } from '../skip.ts'
import { addCommands, commandWords, leftBehind, partiesOf } from './commandWorld.ts'
import { runCommand, startCommand } from './commandWorld.ts'
import { until } from './supervised.ts'
import { canContain, whyNot } from './world.ts'

const contains = skipUnless(canContain, whyNot)

let world: World
const started: ChildProcess[] = []

test.before(() => {
  if (!canContain) return
  world = makeWorld('cmd')
  makeImage(world, 'img')
  addCommands(world)
})

test.after.each(async () => {
  if (!canContain) return
  for (const child of started.splice(0)) child.kill('SIGKILL')
})

test.after(async () => {
  if (canContain) await removeWorld(world)
})

const nothingIsLeft = () => until('nothing is left', () => leftBehind(world).length === 0)

const start = (...words: readonly string[]): ChildProcess => {
  const child = startCommand(world, ...words)
  started.push(child)
  return child
}

const endOf = (child: ChildProcess): Promise<number | string | null> =>
  new Promise(resolve => child.on('close', (code, signal) => resolve(code ?? signal)))

// ---- without a terminal ------------------------------------------------------------------

const sh = (script: string, name = 'sh'): readonly string[] => [name, '-c', script]

const codes: ReadonlyArray<
  readonly [title: string, options: readonly string[], words: readonly string[], code: number]
> = [
  ['its exit code', [], sh('exit 0'), 0],
  ['its exit code', [], sh('exit 200'), 200],
  ['128 and the signal', [], sh('kill -9 $$'), 137],
  ['128 and the signal', [], sh('kill -TERM $$'), 143],
  ['the original: 0 for 0', ['--compat-exit-code'], sh('exit 0'), 0],
  ['the original: 1 for all else', ['--compat-exit-code'], sh('exit 200'), 1],
  ['the original: SIGTERM is normal', ['--compat-exit-code'], sh('kill -TERM $$'), 0],
  ['the original: normal codes', ['--compat-exit-code'], sh('exit 3', 'normal'), 0],
  ['normal codes are codes', [], sh('exit 3', 'normal'), 3],
]

contains('ends with what the command has ended with', async () => {
  for (const [title, options, words, code] of codes) {
    const ran = runCommand(world, [...options, 'web', ...words])
    assert.is(ran.code, code, `${title}: ${words.join(' ')}: ${ran.stderr}`)
  }
  await nothingIsLeft()
})

contains('says why a command cannot be started, and leaves nothing', async () => {
  const refusals: ReadonlyArray<readonly [words: readonly string[], says: RegExp]> = [
    [['web', 'shh'], /^Fatal error: Command "shh" not found; did you mean "sh"\?\n$/],
    [['wub', 'sh'], /^Fatal error: There is no sandbox "wub" in .*; did you mean "web"\?\n$/],
    [
      ['web', 'daemon'],
      /^Fatal error: The target container is: Daemon\nlithos_cmd: .*`kind: Command`/,
    ],
    [['w/eb', 'sh'], /^Fatal error: Wrong sandbox name: w\/eb\nlithos_cmd: a name is /],
    [['web', 's.h'], /^Fatal error: Wrong command name: s\.h\nlithos_cmd: a name is /],
    [
      ['web', 'absent'],
      /^Fatal error: "web\/cmd\.absent\.\d+": executing "\/bin\/no-such": No such file .*\n$/,
    ],
  ]
  for (const [words, says] of refusals) {
    const { code, stderr } = runCommand(world, words)
    assert.match(stderr, says)
    assert.is(code, 1)
  }
  assert.is(runCommand(world, ['web']).code, 2)
  await nothingIsLeft()
})

contains('words, input and output are those of the caller; the environment is not', () => {
  const ran = runCommand(world, ['web', 'sh', '-c', 'cat; echo "$0:$1" >&2', '--x', '--y'], 'in\n')
  assert.equal(ran, { code: 0, stdout: 'in\n', stderr: '--x:--y\n' })
  const { stdout } = spawnSync(
    program('lithos_cmd'),
    commandWords(world, 'web', 'sh', '-c', 'echo "[$HOME] [$TERM] [$LITHOS_NAME]"'),
    { encoding: 'utf8', env: { ...process.env, TERM: 'vt52', HOME: '/here' } },
  )
  assert.match(stdout, /^\[\] \[vt52\] \[web\/cmd\.sh\.\d+\]\n$/)
})

contains('what is not interactive prints to the log of its sandbox', () => {
  const { stdout } = runCommand(world, ['web', ...sh('echo told', 'quiet')])
  assert.is(stdout, '')
  const log = readFileSync(`${world.root}/log/stderr/web.log`, 'utf8')
  assert.match(log, /Starting "web\/cmd\.quiet\.\d+".*\ntold\n/)
})

contains('a pipe is the pipe of the caller, not a byte goes through us', () => {
  const script = `head -c 1073741824 /dev/zero | "$@" | wc -c`
  const words = [program('lithos_cmd'), ...commandWords(world, 'web', 'cat')]
  const { stdout } = spawnSync('sh', ['-c', script, 'sh', ...words], { encoding: 'utf8' })
  assert.is(stdout.trim(), '1073741824')
  const inode = `readlink /proc/self/fd/0 /proc/self/fd/1`
  const ends = spawnSync('sh', ['-c', `: | { ${inode} | cat; }`], { encoding: 'utf8' }).stdout
  assert.match(ends, /pipe:/)
})

contains('signals are passed on; SIGTERM has a deadline', async () => {
  const trap = 'trap "echo got; exit 9" INT HUP USR1; echo on; while :; do sleep 0.05; done'
  for (const signal of ['SIGINT', 'SIGHUP', 'SIGUSR1'] as const) {
    const child = start('web', ...sh(trap))
    let output = ''
    child.stdout?.on('data', (text: Buffer) => (output += text.toString()))
    await until('it runs', () => output.includes('on'))
    child.kill(signal)
    assert.is(await endOf(child), 9, signal)
    assert.match(output, /got/)
  }
  const deaf = start('web', ...sh('trap "" TERM; echo on; while :; do sleep 0.05; done', 'deaf'))
  let said = ''
  deaf.stderr?.on('data', (text: Buffer) => (said += text.toString()))
  await new Promise(resolve => deaf.stdout?.once('data', resolve))
  deaf.kill('SIGTERM')
  assert.is(await endOf(deaf), 137)
  assert.match(said, /was killed by signal SIGKILL\[9\], because it did not end in time/)
  await nothingIsLeft()
})

// ---- killed ------------------------------------------------------------------------------

for (const party of ['waiter', 'knot', 'guard', 'command', 'waiter and guard'] as const)
  contains(`kill -9 of ${party} leaves nothing behind`, async () => {
    const child = start('web', ...sh('sleep 1000 & sleep 1000; :'))
    const pid = child.pid ?? 0
    await until('all are there', () => Object.values(partiesOf(pid)).every(one => one !== null))
    const parties = { waiter: pid, ...partiesOf(pid) }
    const end = endOf(child)
    for (const name of party.split(' and ') as (keyof typeof parties)[])
      process.kill(parties[name] ?? 0, 'SIGKILL')
    if (party === 'guard') child.kill('SIGTERM')
    assert.is(await end, party.startsWith('waiter') ? 'SIGKILL' : party === 'guard' ? 143 : 137)
    // Only who is left can clean up; the next command does it for those who are not.
    if (party === 'waiter and guard') runCommand(world, ['web', ...sh(':')])
    await nothingIsLeft()
  })

test.run()
