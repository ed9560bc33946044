/** `lithos logs`: what instances have printed, and the order to open logs anew. */
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
    'it is started again.',
  options: {
    config: configOption,
    json: jsonOption,
    reopen: { kind: 'flag', names: ['--reopen'], help: 'open renamed or removed logs anew' },
  },
  positionals: [],
} as const satisfies Description

export const run = (argv: readonly string[]): Promise<number> | number =>
  runCommand(description, argv, async options => {
    const settings = lastSettingsOf(description.command, options.config)
    if (settings === null) return 1
    if (options.reopen) return reopen(settings, options.json)
    process.stderr.write(`${description.command}: Option ["--reopen"] is required\n`)
    return 2
  })

const reopen = async ({ places }: Settings, isJson: boolean): Promise<number> => {
  const connected = await connect(places.runtimeDir)
  if (E.isLeft(connected)) {
    const who = `the supervisor cannot be asked, ${places.runtimeDir}/control`
    return complain(`${who}: ${sayCode(connected.left)}`)
  }
  const answer = await connected.right.ask('reopen', {})
  connected.right.close()
  if (E.isLeft(answer)) return complain(answer.left.message)
  const { knots } = answer.right as { readonly knots: number }
  process.stdout.write(
    isJson ? `${JSON.stringify(answer.right)}\n` : `told the supervisor and ${knots} knots\n`,
  )
  return 0
}

const complain = (message: string): number => {
  process.stderr.write(`${description.command}: ${message}\n`)
  return 1
}
