/**
 * Goal: the simulator finds what it is there for. Each mistake of bugs.ts is planted at the edge of
 *   the shipped code, and some promise is broken by it within a number of seeds.
 * Method: seeds from 1 on: a change of the simulator that makes it blind is seen. What takes
 *   a hundred of them is left to CI=true, or to `npm run simulate -- --bug NAME`.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { bugs } from './bugs.ts'
import type { Bug } from './bugs.ts'
import { runSeed } from './run.ts'

const isCi = process.env['CI'] === 'true'
const seedsMax = isCi ? 1_000 : 100
const rare: readonly Bug[] = ['numbers given twice', 'signal by pid']

for (const bug of bugs.filter(bug => isCi || !rare.includes(bug)))
  test(`${bug} is found`, () => {
    let seed = 1
    while (seed <= seedsMax && runSeed({ seed, bug }).violation === null) seed += 1
    assert.ok(seed <= seedsMax, `not within ${seedsMax} seeds`)
  })

test.run()
