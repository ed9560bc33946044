/** `lithos logs`: the order to open logs anew, or to rotate them. */
import * as E from 'fp-ts/lib/Either.js'
import { connect } from '../control/client.ts'
import type { Settings } from '../evaluate/settings.ts'
import { sayCode } from '../wait.ts'
import { runCommand } from './command.ts'
import { configOption, jsonOption, lastSettingsOf } from './common.ts'
import type { Description } from './args.ts'

export const description = {
  command: 'lithos logs',
  example: '--reopen',
  summary:
    'With --reopen, the supervisor and all knots open those of their logs anew that were renamed ' +
    'or removed. What a running application prints goes on to the file that it has open, until ' +
    'it is started again. With --rotate, it rotates what is due by log-rotate-size and ' +
    'log-rotate-days.',
  options: {
    config: configOption,
    json: jsonOption,
    rotate: { kind: 'flag', names: ['--rotate'], help: 'rotate now what is due' },
    reopen: { kind: 'flag', names: ['--reopen'], help: 'open renamed or removed logs anew' },
  },
  positionals: [],
} as const satisfies Description

export const run = (argv: readonly string[]): Promise<number> | number =>
  runCommand(description, argv, async options => {
    const settings = lastSettingsOf(description.command, options.config)
    if (settings === null) return 1
    if (options.reopen) return ask(settings, 'reopen', options.json)
    if (options.rotate) return ask(settings, 'rotate', options.json)
    process.stderr.write(`${description.command}: One of --reopen and --rotate is required\n`)
    return 2
  })

type Order = 'reopen' | 'rotate'
interface Answer {
  readonly knots: number
  readonly rotated: readonly string[]
}

const ask = async ({ places }: Settings, order: Order, isJson: boolean): Promise<number> => {
  const connected = await connect(places.runtimeDir)
  if (E.isLeft(connected)) {
    const who = `the supervisor cannot be asked, ${places.runtimeDir}/control`
    return complain(`${who}: ${sayCode(connected.left)}`)
  }
  const answer = await connected.right.ask(order, {})
  connected.right.close()
  if (E.isLeft(answer)) return complain(answer.left.message)
  const said = answer.right as Answer
  const text =
    order === 'reopen'
      ? `told the supervisor and ${said.knots} knots\n`
      : said.rotated.map(path => `rotated ${path}\n`).join('')
  process.stdout.write(isJson ? `${JSON.stringify(said)}\n` : text)
  return 0
}

const complain = (message: string): number => {
  process.stderr.write(`${description.command}: ${message}\n`)
  return 1
}
