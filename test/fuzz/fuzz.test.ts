/**
 * Goal: S42: whatever bytes the knot is given for a plan, it reads nothing beyond them, and what it
 *   takes is what its steps need.
 * Method: a short run of the fuzzer from the corpus that is kept; long ones are `npm run fuzz`.
 *   The same with mistakes in the reader; all of them are `npm run fuzz -- --mistakes`.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { skipUnless } from '../skip.ts'
import { buildFuzzer, fillCorpus, missedBy, mistakes } from './fuzzer.ts'

const directory = mkdtempSync(join(tmpdir(), 'fuzz-'))
const fuzzer = buildFuzzer(join(directory, 'right'))
const fuzzed = skipUnless(fuzzer !== null, 'needs gcc with its sanitizers')
const seed = Number(process.env['SEED'] ?? process.pid)
const corpus = join(directory, 'corpus')
fillCorpus(corpus)

test.after(() => rmSync(directory, { recursive: true, force: true }))

fuzzed('S42: nothing is found', () => {
  const { crash, said } = fuzzer!.run(corpus, 100_000, seed)
  assert.is(crash, null, `SEED=${seed}: ${crash}`)
  assert.match(said, /^runs 100000, inputs \d+, edges \d+$/)
})

fuzzed('S42: the fuzzer sees what is wrong, here two of the mistakes that it knows', () => {
  const missed = missedBy(directory, corpus, mistakes.slice(0, 2), 200_000, seed)
  assert.equal(missed, [], `SEED=${seed}`)
})

test.run()
