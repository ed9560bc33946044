/**
 * Goal: a second switch of a sandbox waits for the first, and no longer than it must.
 * Method: two turns taken on one file, also on one that is replaced meanwhile.
 */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { takeTurn } from '../../../src/switch/lock.ts'

test('one at a time', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'lock-'))
  const file = join(directory, 'web.yaml')
  try {
    writeFileSync(file, '')
    let waited = 0
    const wait = (): void => void (waited += 1)
    const first = await takeTurn(file, 1_000, wait)
    assert.ok(first !== null)
    assert.is(await takeTurn(file, 50, wait), null)
    assert.is(waited, 1)
    const second = takeTurn(file, 20_000, wait)
    first.release()
    assert.ok((await second) !== null)
    writeFileSync(`${file}.new`, '')
    renameSync(`${file}.new`, file)
    const third = await takeTurn(file, 1_000, wait)
    assert.ok(third !== null)
    assert.is(await takeTurn(file, 50, wait), null)
    third.release()
    ;(await second)?.release()
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})

test.run()
