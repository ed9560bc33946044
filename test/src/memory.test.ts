/**
 * Goal: what another version has decided is told apart in the journal from what this one does.
 * Method: a hot journal as another version would leave it, opened by this one, and read again.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { openHot } from '../../journal/hot.ts'
import { readAll } from '../../journal/read.ts'
import { verify } from '../../journal/verify.ts'
import { decide, emptyState, rulesVersion } from '../../src/decide.ts'
import type { Input } from '../../machines/vocabulary.ts'
import { readPresent } from '../../src/history.ts'
import type { Settings } from '../../src/evaluate/settings.ts'
import { openMemory } from '../../src/memory.ts'
import { replay } from '../../src/replay.ts'
import { keepState } from '../../src/state.ts'

const stamp = { at: 0, mono: 0 }
const started = { type: 'tree.started', pid: 1, bootId: 'b', version: 'another', ...stamp }

test('a journal of another version is gone on with, under rules of our own', async () => {
  const runtimeDir = mkdtempSync(join(tmpdir(), 'lithos-memory-'))
  const hotDirectory = join(runtimeDir, 'journal')
  try {
    const { hot } = openHot(hotDirectory, {
      version: rulesVersion + 1,
      stateOf: () => keepState(emptyState()),
      onStalled: () => {},
      onResumed: () => {},
    })
    hot.checkpoint()
    hot.append([started], [{ type: 'somethingElse' }])
    hot.close()

    const settings = { master: {}, places: { runtimeDir, journalDir: null } } as unknown as Settings
    const memory = await openMemory(settings, () => {})
    assert.is(memory.state.tree.context.pid, 1)
    memory.follow(() => memory.state)
    memory.log.append([{ type: 'tree.surveyed', adopted: 0, lost: 0, ...stamp }], [])
    await memory.close()

    const where = { hotDirectory, archiveDirectory: join(runtimeDir, 'none') }
    const report = await verify(readAll(where), replay)
    assert.is(report.foreign, 1)
    // Ours is compared: serving begins with a load.
    assert.equal(
      report.findings.map(({ kind, what }) => `${kind}: ${what}`),
      ['effects: effects.0: written nothing, replayed {"type":"load"}'],
    )
  } finally {
    rmSync(runtimeDir, { recursive: true })
  }
})

test('when it is quiet a state is written down, once, and says the same', async () => {
  const runtimeDir = mkdtempSync(join(tmpdir(), 'lithos-memory-'))
  const hotDirectory = join(runtimeDir, 'journal')
  const settings = { master: {}, places: { runtimeDir, journalDir: null } } as unknown as Settings
  const turns = () => readFileSync(join(hotDirectory, 'hot.log'), 'utf8').split('\n').length - 2
  try {
    const memory = await openMemory(settings, () => {}, 50)
    let state = memory.state
    memory.follow(() => state)
    const hear = (input: Input): void => {
      const decision = decide(state, [input], memory.log.nextSeq())
      memory.log.append([input], decision.effects)
      state = decision.state
    }
    const reasons = ['x'.repeat(8_000)]
    for (let number = 0; number < 3; number += 1)
      hear({ type: 'config.refused', sandbox: 'web', reasons, ...stamp })
    assert.is(turns(), 3)
    const before = keepState(state)
    for (let waited = 0; turns() > 0 && waited < 30_000; waited += 5) await setTimeout(5)
    assert.is(turns(), 0)
    assert.equal(keepState((await readPresent(hotDirectory))!.state), before)
    // What is little to read is left as it is.
    hear({ type: 'config.refused', sandbox: 'web', reasons: [], ...stamp })
    await setTimeout(150)
    assert.is(turns(), 1)
    await memory.close()
  } finally {
    rmSync(runtimeDir, { recursive: true })
  }
})

test.run()
