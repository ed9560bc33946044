/**
 * Goal: the first thing that is said to who has mistyped, or brings the habits of another tool,
 *   says what to type instead.
 * Method: the commands as processes, on lines that people type.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'

const programs = fileURLToPath(new URL('../../../src/bin/', import.meta.url))

const run = (line: string) => {
  const [name = '', ...words] = line.split(' ').map(word => (word === "''" ? '' : word))
  const { status, stdout, stderr } = spawnSync(join(programs, name), words)
  return { status, out: String(stdout), err: String(stderr) }
}

const answers: readonly (readonly [line: string, status: number, said: string])[] = [
  ['lithos status', 2, '`lithos ls` lists all instances'],
  ['lithos stop web', 2, '`instances: 0`'],
  ['lithos start web', 2, '`lithos restart NAME`'],
  ['lithos inspect web/http.0', 2, '`lithos show NAME`'],
  ['lithos exec web sh', 2, '`lithos cmd SANDBOX NAME`'],
  ['lithos lss', 2, 'did you mean ls?'],
  ['lithos nonsense', 2, 'see lithos --help'],
  ['lithos -C x ls', 2, 'options stand behind the command, lithos COMMAND -C, and not before it'],
  ['lithos journal -C x show', 2, 'lithos journal COMMAND -C'],
  ['lithos_cmd -C x web sh', 2, 'did you mean --master?'],
  ['lithos_cmd --mast=x web sh', 2, 'did you mean --master?'],
  ['lithos_switch --auto web x', 2, 'did you mean --auto-rollback?'],
  ['lithos_check --show-plan web', 2, 'requires two arguments'],
  ['lithos_check --show-plan web http --json', 2, 'leave out --json'],
  ["lithos_check -C ''", 1, '"": cannot be read: no such file or directory; `lithos init`'],
  ['lithos_check -C /dev/null/x', 1, 'a part of the path is not a directory\n'],
  ['lithos wait web running --timeout 0.5', 2, '"0.5": expected a whole number of seconds'],
  ['lithos_switch --timeout 1m web x', 2, '"1m": expected a whole number of seconds'],
  ['lithos logs --json web', 2, 'a log is text'],
  ['lithos logs --json --supervisor', 2, 'a log is text'],
  ['lithos_clean --used --unused', 2, 'leave out all but one'],
  ['lithos_clean --vmax=18446744073709551615 -D +4294967295 -C /nowhere', 1, '/nowhere: cannot'],
]

for (const [line, status, said] of answers)
  test(line, () => {
    const { status: code, out, err } = run(line)
    assert.is(code, status)
    assert.is(out, '')
    assert.ok(err.includes(said), err)
  })

test('help of a command by its name behind `help`', () => {
  const { status, out, err } = run('lithos help journal why')
  assert.equal([status, err], [0, ''])
  assert.is(out, run('lithos journal why --help').out)
  assert.is(run('lithos help ls').out, run('lithos ls --help').out)
  assert.is(run('lithos help').out, run('lithos --help').out)
})

test('no help has two empty lines in a row', () => {
  for (const name of ['lithos_check', 'lithos_tree', 'lithos_clean', 'lithos_ps', 'lithos_cmd'])
    assert.not.match(run(`${name} --help`).out, '\n\n\n')
})

test.run()
