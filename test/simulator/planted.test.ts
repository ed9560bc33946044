/**
 * Goal: the simulator finds what it is there for. Each mistake of bugs.ts is planted at the edge of
 *   the shipped code, and some promise is broken by it within a number of seeds.
 * Method: seeds from 1 on, so that a change of the simulator that makes it blind is seen.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { bugs } from './bugs.ts'
import { runSeed } from './run.ts'

const seedsMax = 300

for (const bug of bugs)
  test(`${bug} is found`, () => {
    let seed = 1
    while (seed <= seedsMax && runSeed({ seed, bug }).violation === null) seed += 1
    assert.ok(seed <= seedsMax, `not within ${seedsMax} seeds`)
  })

test.run()
