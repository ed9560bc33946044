/**
 * Goal: whoever asks a command for help sees first what to type, and it is no mistake.
 * Method: the descriptions of all commands, as the build gets them; a shell reads the examples.
 */
import { spawnSync } from 'node:child_process'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parse } from '../../../src/cli/args.ts'
import { help } from '../../../src/cli/help.ts'
import { flat, knownOf } from '../../../src/manual/commands.ts'
import type { Known } from '../../../src/manual/commands.ts'

const all = async (): Promise<readonly Known[]> => {
  const known = await knownOf('lithos', '', () => import('../../../src/cli/lithos.ts'))
  return known === null ? [] : flat(known)
}

/** As the command gets them: without quotes, comments and redirections. */
const wordsOf = (line: string): readonly string[] => {
  const script = `printf '%s\\n' ${line.replace(/[<>]\S+/g, '')}`
  const { stdout, status } = spawnSync('sh', ['-c', script], { cwd: '/', encoding: 'utf8' })
  assert.is(status, 0, line)
  return stdout.split('\n').filter(word => word !== '')
}

test('help begins with examples, and each of them can be typed', async () => {
  const known = await all()
  const described = known.flatMap(({ description }) => description ?? [])
  assert.ok(described.length > 25, String(described.length))
  for (const description of described) {
    const { command, examples } = description
    const [head, first, ...rest] = help(description).split('\n')
    assert.is(head, 'Examples:', command)
    assert.match(first ?? '', command)
    assert.ok(rest.includes('Usage:') && rest.includes('optional arguments:'), command)
    for (const [line] of examples) {
      const parsed = parse(description, wordsOf(line))
      assert.is.not(parsed.kind, 'usage', `${command} ${line}: ${JSON.stringify(parsed)}`)
    }
  }
})

test.run()
