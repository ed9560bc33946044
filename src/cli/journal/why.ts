/** `lithos journal why NAME`: the chain of causes behind how an instance is now. */
import { stamp } from '../../../actors/clock.ts'
import { readAll } from '../../../journal/read.ts'
import { concerns, explain } from '../../explain.ts'
import type { PastTurn, Step } from '../../explain.ts'
import { effectsOf, inputsOf, readPresent } from '../../history.ts'
import type { Present } from '../../history.ts'
import { plightOf } from '../../plight.ts'
import { sayEnding, shownState } from '../../status.ts'
import { sayInstant } from '../../time.ts'
import type { Description } from '../args.ts'
import { configOption } from '../common.ts'
import { runCommand } from '../command.ts'
import { hintFor, matches } from '../names.ts'
import { findJournals } from './where.ts'

const description = {
  command: 'lithos journal why',
  examples: [['web/http.0', 'why it is as it is, and what led to it']],
  summary:
    'Tells why an instance is as it is: its state, how its last life ended, and the chain of ' +
    'causes behind that, newest first. Works with and without a running supervisor.',
  options: {
    config: configOption,
    json: { kind: 'flag', names: ['--json'], help: 'the same as one JSON document' },
  },
  positionals: [
    {
      name: 'name',
      help: 'the instance, as sandbox/process.N; of one instance, the process or sandbox',
      kind: 'required',
    },
  ],
} as const satisfies Description

/** More than an explanation ever needs; older turns are let go while reading. */
const turnsMax = 20_000

export const run = (argv: readonly string[]): Promise<number> | number =>
  runAs('lithos journal why', argv)

/** It has a short name, too. */
export const runAs = (command: string, argv: readonly string[]): Promise<number> | number =>
  runCommand({ ...description, command }, argv, async (options, [word = '']) => {
    const complain = (message: string): number => {
      process.stderr.write(`${command}: ${message}\n`)
      return 1
    }
    const where = findJournals(command, options.config)
    if (where === null) return 1
    const present = await readPresent(where.hotDirectory)
    const name = instanceMeant(word, [...(present?.state.instances.keys() ?? [])])
    if (typeof name !== 'string') return complain(`${word} is more than one: ${name.join(', ')}`)
    const turns: PastTurn[] = []
    const names = new Set<string>()
    for await (const item of readAll(where)) {
      if (item.kind !== 'turn') continue
      const inputs = inputsOf(item.turn)
      for (const input of inputs)
        if ('instance' in input && input.instance !== undefined) names.add(input.instance)
      if (!concerns(name)({ inputs })) continue
      turns.push({ seq: item.turn.seq, inputs, effects: effectsOf(item.turn) })
      if (turns.length > 2 * turnsMax) turns.splice(0, turnsMax)
    }
    for (const known of present?.state.instances.keys() ?? []) names.add(known)
    if (!names.has(name))
      return complain(
        names.size === 0
          ? `there is no journal in ${where.hotDirectory}, or nothing in it yet`
          : `the journal has never heard of ${JSON.stringify(name)}; ${hintFor(name, [...names])}`,
      )
    const steps = explain(name, turns)
    const state = sayState(name, present)
    process.stdout.write(
      options.json ? `${JSON.stringify({ name, state, steps })}\n` : print(state, steps),
    )
    return 0
  })

/** A process or sandbox of one instance means that. What is there no more keeps its name. */
const instanceMeant = (word: string, all: readonly string[]): string | readonly string[] => {
  if (all.includes(word)) return word
  const meant = all.filter(matches(word))
  return meant.length > 1 ? meant : (meant[0] ?? word)
}

const sayState = (name: string, present: Present | null): string => {
  const snapshot = present?.state.instances.get(name)
  if (snapshot === undefined) return `${name} is not there any more`
  const { value, context } = snapshot
  const { life, last, restarts, asked } = context
  const parts = [
    `${name} is ${shownState(value)}`,
    life === null ? null : `life ${life.incarnation} since ${sayInstant(life.since)}`,
    life?.appPid == null || life.appPid === 0 ? null : `pid ${life.appPid}`,
    asked === null ? null : `because ${asked}`,
    present === null ? null : plightOf(present.state, name, stamp().mono),
    `${restarts} ${restarts === 1 ? 'restart' : 'restarts'}`,
    last === null ? null : `last ended ${sayInstant(last.at)}: ${sayEnding(last)}`,
    last?.asked == null ? null : `because ${last.asked}`,
  ]
  return parts.filter(part => part !== null).join(', ')
}

const print = (state: string, steps: readonly Step[]): string =>
  [
    state,
    ...steps.map(
      ({ seq, at, text }, index) =>
        `  ${index === 0 ? '       ' : 'because'}  ${sayInstant(at)}  turn ${seq}: ${text}`,
    ),
  ]
    .map(line => `${line}\n`)
    .join('')
