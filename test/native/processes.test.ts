/**
 * Goal: memory is the same figure, whichever file of /proc tells it.
 * Method: a process that does nothing, asked in both ways.
 */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { memoryOf } from '../../native/processes.ts'

test('the cheap file and the dear one agree', async () => {
  const child = spawn('sleep', ['100'])
  try {
    const pid = child.pid ?? 0
    // Before its exec it is a copy of us, and grows.
    while (readFileSync(`/proc/${pid}/comm`, 'utf8') !== 'sleep\n')
      await new Promise(resolve => setTimeout(resolve, 5))
    while (!/^State:\tS/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')))
      await new Promise(resolve => setTimeout(resolve, 5))
    const both = () => [false, true].map(isSwapped => memoryOf([pid, 0], isSwapped))
    let [cheap, dear] = both()
    // A host that is short of memory may take some of it between the two.
    for (let tries = 0; tries < 100; tries += 1)
      if (cheap?.get(pid)?.resident !== dear?.get(pid)?.resident) [cheap, dear] = both()
    assert.ok((cheap?.get(pid)?.resident ?? 0) > 100_000, JSON.stringify(cheap?.get(pid)))
    assert.is(cheap?.get(pid)?.resident, dear?.get(pid)?.resident)
    assert.equal(cheap?.get(0), { resident: 0, swapped: 0 })
    assert.equal(dear?.get(0), { resident: 0, swapped: 0 })
  } finally {
    child.kill('SIGKILL')
  }
})

test.run()
