/**
 * A long run of the fuzzer: `npm run fuzz -- --seconds 600 --seed 1 --keep`. `--keep` adds inputs
 * that reach something new to the corpus in the tree; `--mistakes` runs it on readers with a
 * mistake each, which must all be seen. Ends with 1 and leaves the input where something was found.
 */
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { buildFuzzer, crashOf, fillCorpus, kept, missedBy, mistakes, newIn } from './fuzzer.ts'

const runsAtOnce = 1_000_000

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(process.pid) },
    keep: { type: 'boolean', default: false },
    mistakes: { type: 'boolean', default: false },
  },
})

const say = (text: string): boolean => process.stdout.write(`${text}\n`)

const fuzz = (directory: string): number => {
  const fuzzer = buildFuzzer(join(directory, 'built'))
  if (fuzzer === null) {
    say('the fuzzer needs gcc with the libraries of its sanitizers')
    return 1
  }
  const corpus = join(directory, 'corpus')
  fillCorpus(corpus)
  if (values.mistakes) {
    const missed = missedBy(directory, corpus, mistakes, 3 * runsAtOnce, Number(values.seed))
    say(`${mistakes.length - missed.length} of ${mistakes.length} mistakes are seen`)
    for (const text of missed) say(`not seen: ${text}`)
    return missed.length === 0 ? 0 : 1
  }
  const end = performance.now() + Number(values.seconds) * 1000
  for (let seed = Number(values.seed); performance.now() < end; seed++) {
    const { crash, said } = fuzzer.run(corpus, runsAtOnce, seed)
    say(`seed ${seed}: ${said}`)
    if (crash === null) continue
    const place = join(tmpdir(), `crash-${seed}`)
    writeFileSync(place, crashOf(corpus))
    say(`${crash}\nthe input is ${place}`)
    return 1
  }
  const found = newIn(corpus)
  if (values.keep) for (const name of found) copyFileSync(join(corpus, name), join(kept, name))
  say(`${found.length} inputs are new${values.keep ? ' and were kept' : ''}`)
  return 0
}

const directory = mkdtempSync(join(tmpdir(), 'fuzz-'))
try {
  process.exitCode = fuzz(directory)
} finally {
  rmSync(directory, { recursive: true, force: true })
}
