/**
 * Goal: an ordinary user who may read the configuration, and not the journal, is told so; nothing
 *   is concluded from what he cannot see.
 * Method: a world of root's, and commands as another user.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as assert from 'uvu/assert'
import { test } from 'uvu'
import { isRoot, skipUnless } from '../../skip.ts'
import { makeWorld } from '../evaluate/world.ts'

const programs = fileURLToPath(new URL('../../../src/bin/', import.meta.url))

const asNobody = (name: string, words: readonly string[]) => {
  const become = ['--reuid=65534', '--regid=65534', '--clear-groups']
  const { status, stdout, stderr } = spawnSync(
    'setpriv',
    [...become, join(programs, name), ...words],
    { cwd: '/' },
  )
  return { status, out: String(stdout ?? ''), err: String(stderr ?? '') }
}

const canBecome = isRoot && asNobody('lithos', ['--version']).status === 0

const real = skipUnless(canBecome, 'needs root, setpriv, and a checkout that anybody may read')

real(
  'neither images nor a plan of what cannot be seen, and no supervisor of what is not his',
  () => {
    const world = makeWorld({ 'run/journal/hot.log': '', 'next.yaml': '{}\n' })
    try {
      chmodSync(world.top, 0o755)
      chmodSync(join(world.top, 'run/journal/hot.log'), 0o600)
      const next = join(world.top, 'next.yaml')
      const lines = [
        ['lithos_clean', ['-C', world.master, '--unused'], /nothing is concluded: .*EACCES/],
        [
          'lithos_switch',
          ['-C', world.master, '-n', 'site', next],
          /^Fatal error: what runs is not/,
        ],
        [
          'lithos_tree',
          ['--rootless', '-C', world.master],
          /belongs to another user, .*lithos init/,
        ],
      ] as const
      for (const [name, words, said] of lines) {
        const { status, out, err } = asNobody(name, words)
        assert.equal([status, out], [1, ''], err)
        assert.match(err, said)
        assert.not.match(err, /^ {4}at /m)
      }
    } finally {
      world.remove()
    }
  },
)

test.run()
