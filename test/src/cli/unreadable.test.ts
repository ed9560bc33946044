/**
 * Goal: a journal that cannot be read is not taken for one that says nothing.
 * Method: each command that reads it, where its file is a link to itself; this stops root, too.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { run as show } from '../../../src/cli/journal/show.ts'
import { run as verify } from '../../../src/cli/journal/verify.ts'
import { run as why } from '../../../src/cli/journal/why.ts'
import { run as ls } from '../../../src/cli/ls.ts'
import { run as ps } from '../../../src/cli/ps.ts'
import { makeWorld } from '../evaluate/world.ts'
import { capture } from './capture.ts'

const hot = 'run/journal/hot.log'
const archive = 'log/journal'

/** The present is in the hot journal, and nobody needs the archive for it. */
const commands = [
  ['lithos_ps', ps, [], [hot]],
  ['lithos ls', ls, [], [hot]],
  ['lithos journal show', show, [], [hot, archive]],
  ['lithos journal why', why, ['web/http.0'], [hot, archive]],
  ['lithos journal verify', verify, [], [hot, archive]],
] as const

for (const [name, run, words, files] of commands)
  for (const file of files)
    test(`${name}, ${file}`, async () => {
      const world = makeWorld({ [file]: `→$/${file}` })
      try {
        const { code, out, err } = await capture(run, ['-C', world.master, ...words])
        assert.is(code, 1)
        assert.is(out, '')
        assert.match(
          world.shown(err),
          `${name}: $/${file}: cannot be read: too many symbolic links`,
        )
      } finally {
        world.remove()
      }
    })

for (const [name, run, words] of commands)
  if (run !== ps)
    test(`${name}, where there has never been one`, async () => {
      const world = makeWorld()
      try {
        const { code, out, err } = await capture(run, ['-C', world.master, ...words])
        assert.equal([code, out], [1, ''])
        assert.match(
          world.shown(err),
          `${name}: no supervisor runs, and none has left a journal in`,
        )
        assert.match(world.shown(err), 'start one: lithos_tree --config $/etc/master.yaml\n')
      } finally {
        world.remove()
      }
    })

test.run()
