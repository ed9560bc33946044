/** `lithos version`: of lithos, of what runs, and of what it runs on. */
import { release } from 'node:os'
import { connect } from '../control/client.ts'
import * as E from 'fp-ts/lib/Either.js'
import type { Description } from './args.ts'
import { runCommand } from './command.ts'
import { configOption, defaultMaster, jsonOption, quietSettings } from './common.ts'
import { version } from './version.ts'

export const description = {
  command: 'lithos version',
  examples: [['', 'of the commands, of what runs, of Node and Linux']],
  summary:
    'Prints the version of these commands and of the supervisor that runs, if one runs and may ' +
    'be asked, and of Node and Linux.',
  options: { config: configOption, json: jsonOption },
  positionals: [],
} as const satisfies Description

interface Ping {
  readonly version: string
  readonly pid: number
}

export const run = (argv: readonly string[]): Promise<number> | number =>
  runCommand(description, argv, async options => {
    const supervisor = await ping(options.config ?? defaultMaster)
    const linux = release()
    const node = process.versions.node
    process.stdout.write(
      options.json
        ? `${JSON.stringify({ lithos: version, supervisor, node, linux })}\n`
        : `lithos ${version}\n` +
            (supervisor === null
              ? ''
              : `supervisor ${supervisor.version}, pid ${supervisor.pid}\n`) +
            `node ${node}\nlinux ${linux}\n`,
    )
    return 0
  })

const patienceMs = 2_000

const ping = async (config: string): Promise<Ping | null> => {
  const settings = quietSettings(config)
  const connected = settings === null ? null : connect(settings.places.runtimeDir)
  if (connected === null || E.isLeft(connected)) return null
  const patience = new AbortController()
  const late = new Promise<null>(resolve => {
    const timer = setTimeout(() => resolve(null), patienceMs)
    patience.signal.addEventListener('abort', () => clearTimeout(timer))
  })
  const answer = await Promise.race([connected.right.ask('ping', {}), late])
  patience.abort()
  connected.right.close()
  return answer === null || E.isLeft(answer) ? null : (answer.right as Ping)
}
