/**
 * Goal: a state directory as nearly every life leaves it is removed in one call, not by a thread;
 *   what a container has made of it is left to the thread, and nothing outside is touched.
 * Method: directories of both kinds; looked at in the very moment after, and when all is over.
 */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { createSweeper } from '../../actors/sweeper.ts'
import type { SweepProblem } from '../../actors/sweeper.ts'
import { noCgroups } from '../../native/cgroup.ts'

test('what is as we have made it is gone at once, and anything else beside the work', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'lithos-test-'))
  const stateDir = join(dir, 'state')
  const problems: SweepProblem[] = []
  const report = (problem: SweepProblem): void => void problems.push(problem)
  const sweeper = createSweeper({ stateDir, layout: noCgroups, report })
  const makeState = (instance: string): string => {
    const path = join(stateDir, instance)
    mkdirSync(path, { recursive: true })
    return path
  }
  const isGoneAtOnce = (): boolean => {
    sweeper.perform({ type: 'sweep', instance: 'sb/web.0', cgroup: false })
    return readdirSync(stateDir).join() === 'sb'
  }
  makeState('sb/web.0')
  assert.ok(isGoneAtOnce(), 'an empty one')
  for (const name of ['hosts', 'resolv.conf']) writeFileSync(join(makeState('sb/web.0'), name), 'x')
  assert.ok(isGoneAtOnce(), 'with both files')
  assert.ok(isGoneAtOnce(), 'that was never there')

  const outside = join(dir, 'outside')
  writeFileSync(outside, 'precious')
  const odd: Readonly<Record<string, (path: string) => void>> = {
    'a link': path => symlinkSync(outside, path),
    'a directory': path => mkdirSync(path),
    'a large file': path => writeFileSync(path, Buffer.alloc(65_537)),
  }
  for (const [name, make] of Object.entries(odd)) {
    make(join(makeState('sb/web.0'), 'hosts'))
    assert.not.ok(isGoneAtOnce(), name)
    await sweeper.settled()
    assert.equal(readdirSync(stateDir), ['sb'], name)
    assert.equal(readdirSync(join(stateDir, 'sb')), [], name)
  }
  assert.is(readFileSync(outside, 'utf8'), 'precious')
  assert.equal(problems, [])
  sweeper.close()
  rmSync(dir, { recursive: true })
})

test.run()
