/** `lithos_tree`: the supervisor, in the foreground. */
import type { LogLevel } from '../config/shapes.ts'
import { Fatal } from '../ground.ts'
import { ownUserNamespace } from '../../native/userNamespace.ts'
import { supervise } from '../supervisor.ts'
import type { Description } from './args.ts'
import { configOption, defaultMaster } from './options.ts'
import { runCommand } from './command.ts'

const levels: readonly string[] = ['error', 'warn', 'info', 'debug', 'trace']

export const description = {
  command: 'lithos_tree',
  examples: [
    ['--config /etc/lithos/master.yaml --log-stderr', 'with its log on the terminal'],
    ['--rootless --config ~/first/master.yaml', 'as an ordinary user'],
  ],
  summary:
    'Runs every configured process in a container of its own, restarts what dies, and never ' +
    'loses track of anything. SIGTERM and SIGINT stop everything in order; SIGQUIT, SIGHUP, ' +
    'SIGUSR1 and SIGUSR2 restart the supervisor in place and read the configuration anew. Exit ' +
    'code 0: everything was stopped; 1: it could not start, or something could not be stopped; ' +
    '2: usage; 127: parts of lithos are missing.',
  options: {
    config: configOption,
    rootless: {
      kind: 'flag',
      names: ['--rootless'],
      help:
        'for an ordinary user: makes a user namespace, in which he is root, and runs everything ' +
        'in there; or enters that of the containers which an earlier one has left',
    },
    logStderr: {
      kind: 'flag',
      names: ['--log-stderr'],
      help: 'also copy the log to the standard error stream',
    },
    logLevel: {
      kind: 'value',
      names: ['--log-level'],
      metavar: 'LEVEL',
      help: `${levels.join(', ')}; overrides what the files say, for all sandboxes`,
      wrong: (text: string) => (levels.includes(text.toLowerCase()) ? null : `Bad value ${text}`),
    },
  },
  positionals: [],
  outlivesReaders: true,
} as const satisfies Description

export const run = async (argv: readonly string[]): Promise<number> => {
  // Who is asked that may be about to take over: all that a start needs must be there.
  if (argv.includes('--version'))
    await Promise.all([import('../rest.ts'), import('../rootless/late.ts')])
  return runCommand(description, argv, async options => {
    const masterFile = options.config ?? defaultMaster
    try {
      if (options.rootless) await leaveUser(masterFile)
      const code = await supervise({
        masterFile,
        logLevel: (options.logLevel?.toLowerCase() ?? null) as LogLevel | null,
        logToStderr: options.logStderr,
      })
      process.exit(code)
    } catch (error) {
      if (!(error instanceof Fatal)) throw error
      process.stderr.write(`Fatal error: ${error.message}\n`)
      process.exit(error.code)
    }
  })
}

/** Does not return to an ordinary user; the next image of this process is root, and goes on. */
const leaveUser = async (masterFile: string): Promise<void> => {
  if (process.geteuid?.() === 0) {
    if (ownUserNamespace() !== null) return
    throw new Fatal('root of the host needs no --rootless: leave it out', 2)
  }
  const { becomeRoot, isOwn, readSettings, sayProblem } = await import('../rootless/late.ts')
  const { value, problems } = readSettings(masterFile)
  if (value === null)
    throw new Fatal(`Error reading master config: ${problems.map(sayProblem).join('\n')}`)
  if (!isOwn(value))
    throw new Fatal(
      `${masterFile} belongs to another user, and what --rootless runs is named by a master file ` +
        'of your own: `lithos init DIR` makes one',
    )
  becomeRoot(value, text => void process.stderr.write(`lithos_tree: ${text}\n`))
}
