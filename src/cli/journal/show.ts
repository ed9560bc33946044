/** `lithos journal show`: every turn as sentences, or as the JSON that was written. */
import { once } from 'node:events'
import { follow } from '../../../journal/follow.ts'
import { readAll } from '../../../journal/read.ts'
import type { Item } from '../../../journal/read.ts'
import type { Effect, Input } from '../../../machines/vocabulary.ts'
import { effectsOf, inputsOf } from '../../history.ts'
import { sayEffect, sayInput } from '../../sentence.ts'
import { sayInstant } from '../../time.ts'
import { configOption } from '../common.ts'
import { runCommand } from '../command.ts'
import { matches } from '../names.ts'
import { periodOf, periodOptions } from '../period.ts'
import type { Description } from '../args.ts'
import { findJournals } from './where.ts'

export const description = {
  command: 'lithos journal show',
  examples: [['--since 10m web/http.0', 'each step for one instance']],
  summary:
    'Prints what the supervisor heard and what it did, oldest first: of everything, of a ' +
    'sandbox, of a process, or of one instance. Works with and without a running supervisor.',
  options: {
    config: configOption,
    ...periodOptions,
    follow: {
      kind: 'flag',
      names: ['-f', '--follow'],
      help: 'go on with what happens from now on, until interrupted',
    },
    json: { kind: 'flag', names: ['--json'], help: 'one JSON document a turn, as it was written' },
  },
  positionals: [
    {
      name: 'name',
      help: 'sandbox, sandbox/process, sandbox/process.N, or a pattern with * and ?',
      kind: 'optional',
    },
  ],
} as const satisfies Description

export const run = (argv: readonly string[]): Promise<number> | number =>
  runCommand(description, argv, async (options, [name]) => {
    const where = findJournals(description.command, options.config)
    if (where === null) return 1
    const { since, until } = periodOf(options)
    const isMeant = mentions(name)
    const print = options.json ? printJson : printText
    let last = 0
    let isKnown = name === undefined

    const tell = async (item: Item): Promise<void> => {
      if (item.kind === 'turn') {
        last = item.turn.seq
        const turn = {
          seq: item.turn.seq,
          inputs: inputsOf(item.turn).filter(isMeant),
          effects: effectsOf(item.turn).filter(isMeant),
        }
        const at = turn.inputs[0]?.at
        if (at === undefined) return
        // What is said of its sandbox does not make it known.
        isKnown ||= !name?.includes('/') || [...turn.inputs, ...turn.effects].some(isOfInstance)
        if (at < since || at > until) return
        await write(print(turn, at))
      } else if (item.kind !== 'checkpoint' && !options.json) {
        await write(sayOther(item))
      }
    }

    for await (const item of readAll({ ...where, ...(since > 0 && { sinceMs: since }) }))
      await tell(item)
    if (!isKnown && name !== undefined && since === 0 && !options.follow) {
      process.stderr.write(
        `${description.command}: the journal has never heard of ${JSON.stringify(name)}\n`,
      )
      return 1
    }
    if (!options.follow) return 0

    const stop = new AbortController()
    process.once('SIGINT', () => stop.abort())
    process.once('SIGTERM', () => stop.abort())
    const { hotDirectory } = where
    for await (const item of follow({ hotDirectory, afterSeq: last, signal: stop.signal }))
      await tell(item)
    return 0
  })

const isOfInstance = (said: Input | Effect): boolean => 'instance' in said

interface Shown {
  readonly seq: number
  readonly inputs: readonly Input[]
  readonly effects: readonly Effect[]
}

/** No name: everything. What concerns a sandbox concerns all that is in it. */
const mentions = (name: string | undefined) => {
  const isInstanceMeant = matches(name ?? '')
  const isSandboxMeant = matches(name?.split('/')[0] ?? '')
  return (said: Input | Effect): boolean => {
    if (name === undefined) return true
    if ('instance' in said && said.instance !== undefined) return isInstanceMeant(said.instance)
    return 'sandbox' in said && isSandboxMeant(`${said.sandbox}/`)
  }
}

const printJson = (turn: Shown): string => `${JSON.stringify(turn)}\n`

const printText = ({ seq, inputs, effects }: Shown, at: number): string =>
  [
    ...inputs.map((input, index) =>
      index === 0
        ? `${sayInstant(at)}  turn ${seq}  ${sayInput(input)}`
        : `${' '.repeat(`${sayInstant(at)}  turn ${seq}  `.length)}${sayInput(input)}`,
    ),
    ...effects.map(effect => `${' '.repeat(26)}→ ${sayEffect(effect)}`),
  ]
    .map(line => `${line}\n`)
    .join('')

const sayOther = (item: Exclude<Item, { kind: 'turn' | 'checkpoint' }>): string =>
  item.kind === 'gap'
    ? `${item.file}:${item.line}: turns ${item.from} to ${item.to} are in no file\n`
    : `${item.file}:${item.line}: damaged, ${item.what}\n`

/** Waits for a slow reader, so that a long journal does not pile up in memory. */
const write = async (text: string): Promise<void> => {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain')
}
