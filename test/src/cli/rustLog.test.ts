/**
 * Goal: RUST_LOG says how much check, clean and switch tell, as with the original, and changes no
 *   exit code.
 * Method: values as people write them; and lithos_check as a process with some of them.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { isHeard } from '../../../src/cli/rustLog.ts'
import { makeWorld } from '../evaluate/world.ts'

/** Of two levels, error and warn, how many are told. */
const told: readonly (readonly [rustLog: string, levels: number])[] = [
  ['', 2],
  ['warn', 2],
  ['trace', 2],
  ['error', 1],
  ['ERROR', 1],
  ['off', 0],
  ['off,lithos_clean=warn', 0],
  ['error/some text', 1],
  ['lithos_check=off', 0],
  ['lithos_check', 2],
  ['off,lithos_check=error', 1],
  ['lithos_check=nonsense', 2],
  ['hyper=off', 2],
  ['hyper=trace, error', 1],
]

for (const [rustLog, levels] of told)
  test(`RUST_LOG=${rustLog}`, () => {
    const heard = (['error', 'warn'] as const).filter(level =>
      isHeard('lithos_check', level, rustLog),
    )
    assert.equal(heard, ['error', 'warn'].slice(0, levels))
  })

const program = fileURLToPath(new URL('../../../src/bin/lithos_check', import.meta.url))

test('lithos_check: lines, JSON and exit code', () => {
  const world = makeWorld({ 'etc/processes/site.yaml': 'web: {image: gone, config: /x.yaml}\n' })
  try {
    const check = (rustLog: string, ...words: readonly string[]) => {
      const env = { ...process.env, RUST_LOG: rustLog }
      const { status, stdout, stderr } = spawnSync(program, ['-C', world.master, ...words], { env })
      return { status, out: String(stdout), err: String(stderr) }
    }
    const all = check('warn')
    assert.match(all.err, /image of web is not there[^]*Lithos version v/)
    assert.match(check('error').err, /image of web is not there/)
    assert.not.match(check('error').err, 'Lithos version')
    assert.equal(check('off'), { status: 1, out: '', err: '' })
    assert.is(check('off', '--json').out, check('warn', '--json').out)
  } finally {
    world.remove()
  }
})

test.run()
