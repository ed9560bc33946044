/**
 * Goal: a supervisor that is killed, restarted, crashed, starved and reloaded at random loses no
 *   container, no exit status and no connection, runs nothing twice, and leaves nothing behind.
 * Method: eight seconds of `npm run chaos`, from a printed seed. SEED=123 tries the same again.
 */
import * as assert from 'uvu/assert'
import { test } from 'uvu'
import { runChaos } from '../chaos/run.ts'
import { skipUnless } from '../skip.ts'
import { canContain, whyNot } from './world.ts'

const real = skipUnless(canContain, whyNot)
const seed = Number(process.env['SEED'] ?? Date.now() % 100_000)

real(`eight seconds of chaos (SEED=${seed})`, async () => {
  const report = await runChaos({ seconds: 8, containers: 14, seed })
  for (const [what, list] of Object.entries(report.faults)) assert.equal(list, [], what)
  const { done, starts, connects } = report
  assert.ok(starts > 1 && (done['applications killed, each'] ?? 0) > 0, 'something has happened')
  assert.ok((connects['connects'] ?? 0) > 100, 'the client was busy')
})

test.run()
