/**
 * Goal: whoever follows the journal over the control socket is told every turn from the number that
 *   he asked for, once and in order, also those that only the archive has.
 * Method: a recorded history, whose hot journal begins late, and a client that collects.
 */
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Client } from '../../../actors/control.ts'
import { openHot } from '../../../journal/hot.ts'
import { readAll } from '../../../journal/read.ts'
import { createServe } from '../../../src/control/serve.ts'
import type { ServeOptions } from '../../../src/control/serve.ts'

const recorded = join(import.meta.dirname, '../../golden/v1')

interface Told {
  readonly turn?: { readonly seq: number }
}

const within = (body: (directory: string) => Promise<void>) => async (): Promise<void> => {
  const directory = mkdtempSync(join(tmpdir(), 'follow-'))
  try {
    cpSync(join(recorded, 'hot'), join(directory, 'journal'), { recursive: true })
    cpSync(join(recorded, 'archive'), join(directory, 'archive'), { recursive: true })
    forget(join(directory, 'journal'))
    await body(directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Two checkpoints later the hot journal has only what came after the first of them. */
const forget = (hotDirectory: string): void => {
  const nothing = { onStalled: () => {}, onResumed: () => {} }
  const { hot } = openHot(hotDirectory, { version: 1, stateOf: () => null, ...nothing })
  for (let count = 0; count < 2; count += 1) {
    hot.checkpoint()
    hot.append([], [])
  }
  hot.close()
}

/** Until it was told of turn `last`, then it leaves. */
const follow = async (directory: string, from: unknown, last: number) => {
  const places = { runtimeDir: directory, journalDir: join(directory, 'archive') }
  const handle = createServe({
    settings: { places },
    seq: () => last,
    bus: { state: () => ({}) },
  } as unknown as ServeOptions)
  const seqs: number[] = []
  const failures: string[] = []
  let leave = (): void => {}
  let isOpen = true
  const client: Client = {
    by: 'pid 1, uid 0',
    done: () => {},
    failed: (_, code, message) => void failures.push(`${code}: ${message}`),
    event: async (_, what) => {
      const { turn } = what as Told
      if (turn !== undefined) seqs.push(turn.seq)
    },
    isOpen: () => isOpen,
    whenClosed: callback => void (leave = callback),
  }
  handle({ id: 1, do: 'follow', fields: { from } }, client)
  for (let waited = 0; waited < 30_000 && seqs.at(-1) !== last; waited += 5) {
    if (failures.length > 0) break
    await setTimeout(5)
  }
  isOpen = false
  leave()
  return { seqs, failures }
}

const seqsIn = async (directory: string, archive: string): Promise<readonly number[]> => {
  const where = { hotDirectory: join(directory, 'journal'), archiveDirectory: archive }
  const seqs: number[] = []
  for await (const item of readAll(where)) if (item.kind === 'turn') seqs.push(item.turn.seq)
  return seqs
}

test(
  'from the beginning, from the middle, and from what the hot journal still has',
  within(async directory => {
    const all = await seqsIn(directory, join(directory, 'archive'))
    const hot = await seqsIn(directory, join(directory, 'none'))
    const last = all.at(-1) ?? 0
    assert.ok(all.length > 20 && all[0] === 1)
    assert.ok(hot.length < all.length, 'the hot journal has everything: nothing is shown')
    for (const from of [0, 1, 7, hot.at(0) ?? 1, last])
      assert.equal(
        (await follow(directory, from, last)).seqs,
        all.filter(seq => seq >= from),
        `from ${from}`,
      )
  }),
)

test(
  'what is no number of a turn',
  within(async directory => {
    const expected = 'bad-request: "from": expected the number of a turn'
    for (const from of [-1, 1.5, '7', null])
      assert.equal((await follow(directory, from, 1)).failures, [expected])
  }),
)

test.run()
