/**
 * Goal: whatever ends an image, the next one has its pid, its standard streams, and the reason.
 * Method: a program that crashes, hangs, idles or execs; each of its images prints a line.
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { readPast } from '../../native/exec.ts'
import { bundle } from './bundle.ts'

interface Line {
  readonly pid: number
  readonly round: number
  readonly crash: string | null
  readonly generation: number
  readonly fds?: readonly number[]
  readonly kept?: number
  readonly child?: number | null
  readonly survived?: boolean
  readonly failed?: unknown
  readonly leaked?: number
}

const image = bundle(fileURLToPath(new URL('image.ts', import.meta.url)))
test.after(image.remove)

const run = async (
  ...words: string[]
): Promise<{ lines: Line[]; errors: string; code: unknown }> => {
  const child = spawn(process.execPath, [image.program, ...words])
  let [output, errors] = ['', '']
  child.stdout.on('data', (data: Buffer) => (output += data.toString()))
  child.stderr.on('data', (data: Buffer) => (errors += data.toString()))
  const code = await new Promise(resolve => child.on('close', resolve))
  const lines = output
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line) as Line)
  assert.ok(
    lines.every(({ pid = child.pid }) => pid === child.pid),
    'one pid all the time',
  )
  return { lines, errors, code }
}

for (const [how, crash] of [
  ['segv', 'SIGSEGV'],
  ['abort', 'SIGABRT'],
  ['overflow', 'SIGBUS'],
  ['hang', 'hung'],
] as const)
  test(`${how}: the next image knows that it was ${crash}`, async () => {
    const { lines, errors, code } = await run(how)
    assert.equal(
      lines.map(({ round, crash, generation }) => [round, crash, generation]),
      [
        [0, null, 0],
        [1, crash, 1],
      ],
    )
    assert.match(errors, /^lithos_tree: .*: starting anew in place, crash 0001 in a row$/m)
    assert.is(code, 0)
  })

test('crashes in a row are counted', async () => {
  const { lines } = await run('segv', '3')
  assert.equal(
    lines.map(({ generation }) => generation),
    [0, 1, 2, 3],
  )
})

test('exec on purpose is no crash, and leaks no descriptor', async () => {
  const { lines } = await run('exec', '3')
  assert.equal(
    lines.map(({ crash, generation }) => [crash, generation]),
    Array.from({ length: 4 }, () => [null, 0]),
  )
  // The first image may have inherited more; that is where it ends.
  for (const { fds } of lines.slice(1)) assert.equal(fds, lines[1]?.fds)
})

test('a descriptor that is kept is there under its number', async () => {
  const { lines } = await run('kept')
  const kept = lines.find(line => line.kept !== undefined)?.kept ?? -1
  assert.ok(kept > 2)
  assert.ok(lines.at(-1)?.fds?.includes(kept))
})

test('children stay ours, and how they ended meanwhile is not lost', async () => {
  const { lines } = await run('child')
  assert.equal(
    lines.map(({ child }) => child),
    [null, 7 << 8],
  )
})

test('an idle loop is not a hung one', async () => {
  const { lines } = await run('idle')
  assert.equal(
    lines.map(({ round, survived }) => [round, survived]),
    [
      [0, undefined],
      [0, true],
    ],
  )
})

test('an exec that fails is an answer, and the process goes on', async () => {
  const { lines, code } = await run('missing')
  const about = '/no/such/program'
  assert.equal(lines.at(-1)?.failed, {
    _tag: 'Left',
    left: { _tag: 'CallFailed', call: 'execve', code: 'ENOENT', about },
  })
  assert.is(lines.at(-1)?.leaked, 0)
  assert.is(code, 0)
})

test('an environment that is not ours means a first start', () => {
  assert.equal(readPast({}), { generation: 0, crash: null, words: null })
  assert.equal(readPast({ LITHOS_CRASH: '11', LITHOS_GENERATION: '0002' }), {
    generation: 2,
    crash: 'SIGSEGV',
    words: null,
  })
})

test.run()
