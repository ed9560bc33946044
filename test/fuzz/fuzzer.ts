/**
 * The fuzzer of the knot's reader of plans: builds it with sanitizers, where the machine has them,
 * and runs it on a corpus.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { encodePlan } from '../../native/wire.ts'
import type { Plan, Step } from '../../native/plan.ts'
import { plan } from '../kernel/everyStep.ts'

const here = fileURLToPath(new URL('.', import.meta.url))
export const kept = join(here, 'corpus')
export const reader = fileURLToPath(new URL('../../native/plan.c', import.meta.url))

export interface Fuzzer {
  /** Null: nothing found. Else what the sanitizer said; the input lies in `corpus/crash`. */
  readonly run: (corpus: string, runs: number, seed: number) => Fuzzed
}

export interface Fuzzed {
  readonly crash: string | null
  /** `runs N, inputs N, edges N` */
  readonly said: string
}

const sanitizers = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all']

/** `source`: plan.c, or what somebody has made of it. Null: gcc or its sanitizers are missing. */
export const buildFuzzer = (directory: string, source = reader): Fuzzer | null => {
  mkdirSync(directory, { recursive: true })
  const program = join(directory, 'fuzz')
  const object = (name: string, ...flags: readonly string[]): readonly string[] => [
    ...['-g', '-O1', '-std=gnu2x', '-DKNOT_WITH_LIBC', ...sanitizers, ...flags],
    ...['-c', name, '-o', join(directory, `${name.replaceAll(/\W/g, '_')}.o`)],
  ]
  const headers = fileURLToPath(new URL('../../native', import.meta.url))
  const sources = [
    object(join(here, 'loop.c')),
    object(
      join(here, 'target.c'),
      ...['-I', headers, `-DPLAN_SOURCE="${source}"`, '-fsanitize-coverage=trace-pc'],
    ),
    object(fileURLToPath(new URL('../../native/system.c', import.meta.url))),
  ]
  const objects = sources.map(words => words.at(-1) ?? '')
  const steps = [...sources, [...sanitizers, ...objects, '-o', program]]
  for (const words of steps) {
    const { status } = spawnSync('gcc', words, { encoding: 'utf8' })
    if (status !== 0) return null
  }
  return {
    run: (corpus, runs, seed) => {
      const words = [corpus, String(runs), String(seed)]
      const { status, stdout, stderr } = spawnSync(program, words, { encoding: 'utf8' })
      return { crash: status === 0 ? null : stderr || `ended with ${status}`, said: stdout.trim() }
    },
  }
}

const changed = (change: (step: Step) => Step): Plan => ({
  ...plan,
  steps: plan.steps.map(change),
})

/** What chance would take long to find: many of something that is small. */
const seeds: Readonly<Record<string, Plan>> = {
  'every-step': plan,
  'many-variables': {
    ...plan,
    steps: plan.steps.flatMap((step): readonly Step[] =>
      step.do === 'exec'
        ? [{ ...step, pidVariables: Array.from({ length: 400 }, () => '') }]
        : step.do === 'fork'
          ? [step]
          : [],
    ),
  },
  // A change to one of few is a change to what matters.
  short: {
    ...plan,
    steps: plan.steps.filter(step => ['users', 'fork', 'passSockets', 'exec'].includes(step.do)),
  },
  'many-sockets': changed(step =>
    step.do === 'passSockets'
      ? { ...step, fds: Array.from({ length: 121 }, (_, index) => index + 3) }
      : step,
  ),
}

/** Two maps of -1 and 4 ranges: together as many as there are. */
const fewerThanNone = (): Buffer => {
  const bytes = encodePlan(seeds['short'] ?? plan)
  const lengths = Buffer.alloc(16)
  lengths.writeBigInt64LE(2n, 0)
  lengths.writeBigInt64LE(1n, 8)
  const at = bytes.indexOf(lengths)
  bytes.writeBigInt64LE(-1n, at)
  bytes.writeBigInt64LE(4n, at + 8)
  return bytes
}

/** A copy of what is kept, and the seeds. */
export const fillCorpus = (directory: string): void => {
  mkdirSync(directory, { recursive: true })
  if (existsSync(kept)) cpSync(kept, directory, { recursive: true })
  for (const [name, whole] of Object.entries(seeds))
    writeFileSync(join(directory, name), encodePlan(whole))
  writeFileSync(join(directory, 'fewer-than-none'), fewerThanNone())
}

/** What of a corpus is not kept yet. */
export const newIn = (corpus: string): readonly string[] =>
  readdirSync(corpus).filter(
    name =>
      !['crash', 'fewer-than-none'].includes(name) &&
      !(name in seeds) &&
      !existsSync(join(kept, name)),
  )

/** The crash without the length before it and the room behind it. */
export const crashOf = (corpus: string): Buffer => {
  const bytes = readFileSync(join(corpus, 'crash'))
  return bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0)))
}

/** What stands in plan.c, and what a tired person would have written. */
export const mistakes: readonly (readonly [right: string, wrong: string])[] = [
  ['record->bytes > left ||', ''],
  ['while (text < end && ', 'while ('],
  ['record->bytes < sizeof *record ||', ''],
  ['record->numbers > inside / sizeof(int64_t)', 'record->numbers * 8u > inside'],
  ['if (text == end)\n\t\t\treturn false;', ''],
  ['record->bytes % 8 != 0', 'false'],
  ['return record->strings == listed + 1;', 'return record->strings >= listed;'],
  ['record->number[i] < 0 || record->number[i] > PLAN_MAX', 'record->number[i] > PLAN_MAX'],
  ['(sizeof(char *) + 2 + WORD_PID_MAX)', 'sizeof(char *)'],
  ['if (record->op >= OPS)\n\t\treturn false;', ''],
  ['shapes[record->op].in_application != forked', 'false'],
  ['record->numbers > SOCKETS_MAX', 'false'],
  ['if (over || ', 'if ('],
]

/** Those that the fuzzer does not see in so many runs. */
export const missedBy = (
  directory: string,
  corpus: string,
  some: typeof mistakes,
  runs: number,
  seed: number,
): readonly string[] => {
  const right = readFileSync(reader, 'utf8')
  return some.flatMap(([was, is], index) => {
    if (!right.includes(was)) return [`${was} does not stand in plan.c`]
    const source = join(directory, `wrong${index}.c`)
    writeFileSync(source, right.replace(was, is))
    const wrong = buildFuzzer(join(directory, String(index)), source)
    if (wrong === null) return [`${is} does not compile`]
    return wrong.run(corpus, runs, seed).crash === null ? [was] : []
  })
}
