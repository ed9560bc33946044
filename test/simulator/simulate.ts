/**
 * `npm run simulate -- --seconds 60`: seed after seed, until one fails or the time is over.
 *
 *     --seconds N    how long (60)
 *     --seed N       the first seed; without --seconds the only one
 *     --seeds N      so many seeds, however long they take
 *     --steps N      so many things happen before it becomes calm
 *     --without A,B  leaves out kinds of faults
 *     --bug NAME     plants a mistake that must be found
 *     --story        tells the story of a seed that goes well, too
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { bugs } from './bugs.ts'
import type { Bug } from './bugs.ts'
import { hunt } from './hunt.ts'
import { faultKinds } from './world.ts'
import type { FaultKind } from './world.ts'

const say = (line: string): void => void process.stdout.write(`${line}\n`)

const fail = (message: string): never => {
  say(message)
  process.exit(2)
}

/** The comment at the head of this file. */
const help = (): never => {
  const source = readFileSync(import.meta.filename, 'utf8')
  say(source.slice(source.indexOf('\n') + 1, source.indexOf('\n */')).replaceAll(/^ \* ?/gm, ''))
  process.exit(0)
}

const parsed = () => {
  try {
    const text = { type: 'string' } as const
    return parseArgs({
      options: {
        ...{ seconds: text, seed: text, seeds: text, steps: text, without: text, bug: text },
        story: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values
  } catch (error) {
    return fail(`${(error as Error).message}; --help says what there is`)
  }
}

const values = parsed()
if (values.help) help()

const numberOf = (name: 'seconds' | 'seed' | 'seeds' | 'steps', otherwise: number): number => {
  const text = values[name]
  const number = text === undefined ? otherwise : Number(text)
  return Number.isNaN(number) ? fail(`--${name}: expected a number, found ${text}`) : number
}

const without = (values.without ?? '').split(',').filter(name => name !== '')
for (const name of without)
  if (!faultKinds.some(kind => kind === name)) fail(`--without: one of ${faultKinds.join(', ')}`)
if (values.bug !== undefined && !bugs.some(bug => bug === values.bug))
  fail(`--bug: one of ${bugs.join(', ')}`)

const isOne = values.seed !== undefined && values.seconds === undefined
process.exitCode = hunt({
  say,
  firstSeed: numberOf('seed', Date.now() % 1_000_000_000),
  seedsMax: numberOf('seeds', isOne ? 1 : Infinity),
  secondsMax: numberOf('seconds', values.seeds === undefined && !isOne ? 60 : Infinity),
  steps: values.steps === undefined ? null : numberOf('steps', 0),
  without: new Set(without as FaultKind[]),
  bug: (values.bug ?? null) as Bug | null,
  isTold: values.story,
})
  ? 0
  : 1
