/**
 * Goal: S10: many starts and stops, of containers of several kinds and of those that are refused,
 *   leave mounts, interfaces, control groups, descriptors and files as they were.
 * Method: some dozens under one supervisor, counted before and after. `npm run leaks` is the same
 *   with a thousand, and looks at memory, too.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { churn, differences } from '../leaks/churn.ts'
import { skipUnless } from '../skip.ts'
import { canNetwork, enterOwnNetwork } from './ownNetwork.ts'
import { supervised } from './supervised.ts'
import { canContain, whyNot } from './world.ts'

enterOwnNetwork(import.meta.url)

const real = skipUnless(canContain && canNetwork, whyNot)

real(
  'S10: forty starts leave nothing behind',
  supervised(async self => {
    const { starts, before, after } = await churn(self, 40)
    assert.ok(starts >= 40)
    const left = differences(before, after).filter(text => !text.startsWith('memory'))
    assert.equal(left, [])
    assert.is(await self.stop(), 0)
    assert.equal(self.leftovers(), [])
  }, 'cgroup-controllers: [name, cpu, memory, pids]\n'),
)

test.run()
