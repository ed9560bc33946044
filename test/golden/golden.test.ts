/**
 * Goal: recorded journals must replay forever: whatever changes in the machines, what an older
 * version wrote leads to the same effects and the same states.
 * Method: every recording in this directory is verified, as a whole and each half by itself, and
 * replayed up to the end of each chapter. What newer rules decide otherwise stands in a list.
 */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { readAll } from '../../journal/read.ts'
import type { Where } from '../../journal/read.ts'
import { verify } from '../../journal/verify.ts'
import { inputsOf, readPresent } from '../../src/history.ts'
import { replay } from '../../src/replay.ts'
import { keepState } from '../../src/state.ts'
import type { Chapter } from './golden.ts'

const recordings = readdirSync(import.meta.dirname).filter(name => /^v\d+$/.test(name))

const asWritten = (state: unknown): unknown => JSON.parse(JSON.stringify(state))

/** The state after each turn, by its number. */
const statesOf = async (where: Where): Promise<ReadonlyMap<number, unknown>> => {
  const states = new Map<number, unknown>()
  let state = replay.initial(null, 1)
  for await (const item of readAll(where)) {
    if (item.kind !== 'turn') continue
    state = replay.apply(state, inputsOf(item.turn), item.turn.seq)[0]
    states.set(item.turn.seq, asWritten(keepState(state)))
  }
  return states
}

/** `rulesVersion` of each recording, and the turns that newer rules decide otherwise. */
const recorded: Readonly<Record<string, { readonly rules: number; readonly otherwise: string[] }>> =
  {
    v1: { rules: 1, otherwise: [] },
    v2: {
      rules: 1,
      otherwise: [
        // It is closed when it is known what was launched.
        'turn 30, effects.3: written {"type":"closeSocket","key":"tcp:0.0.0.0:18091"}, ' +
          'replayed nothing',
      ],
    },
    v3: { rules: 3, otherwise: [] },
  }

test('there is a recording', () => assert.ok(recordings.includes('v1')))

for (const name of recordings) {
  const directory = join(import.meta.dirname, name)
  const [hotDirectory, archiveDirectory] = [join(directory, 'hot'), join(directory, 'archive')]
  const nowhere = join(directory, 'nowhere')
  const chapters = readFileSync(join(directory, 'chapters.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as Chapter)
  const last = chapters.at(-1)

  const halves: readonly (readonly [string, Where])[] = [
    ['the whole history', { hotDirectory, archiveDirectory }],
    ['the hot journal', { hotDirectory, archiveDirectory: nowhere }],
    ['the archive', { hotDirectory: nowhere, archiveDirectory }],
  ]
  for (const [half, where] of halves)
    test(`${name}: ${half} is whole, and decided as it was`, async () => {
      const { rules: version, otherwise } = recorded[name] ?? { rules: 0, otherwise: [] }
      const asThen = { ...replay, version }
      const { turns, replayed, foreign, findings } = await verify(readAll(where), asThen)
      assert.equal(
        findings.map(({ seq, what }) => `turn ${seq}, ${what}`),
        otherwise,
      )
      assert.is(replayed, turns)
      assert.is(foreign, 0)
      assert.ok(turns > 0)
    })

  test(`${name}: the whole history has every turn`, async () => {
    const states = await statesOf({ hotDirectory, archiveDirectory })
    assert.equal(
      [...states.keys()],
      Array.from({ length: last?.seq ?? 0 }, (_, index) => index + 1),
    )
    for (const { title, seq, state } of chapters) assert.equal(states.get(seq), state, title)
  })

  test(`${name}: its end is what a start would find`, async () => {
    const present = await readPresent(hotDirectory)
    assert.is(present?.seq, last?.seq)
    assert.equal(present && asWritten(keepState(present.state)), last?.state)
  })
}

test.run()
