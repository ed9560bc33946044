/** `lithos_tree`: the supervisor, in the foreground. */
import type { LogLevel } from '../config/shapes.ts'
import { Fatal } from '../ground.ts'
import { supervise } from '../supervisor.ts'
import type { Description } from './args.ts'
import { configOption, defaultMaster } from './options.ts'
import { runCommand } from './command.ts'

const levels: readonly string[] = ['error', 'warn', 'info', 'debug', 'trace']

export const description = {
  command: 'lithos_tree',
  examples: [['--config /etc/lithos/master.yaml --log-stderr', 'with its log on the terminal']],
  summary:
    'Runs every configured process in a container of its own, restarts what dies, and never ' +
    'loses track of anything. SIGTERM and SIGINT stop everything in order; SIGQUIT, SIGHUP, ' +
    'SIGUSR1 and SIGUSR2 restart the supervisor in place and read the configuration anew. Exit ' +
    'code 0: everything was stopped; 1: it could not start, or something could not be stopped; ' +
    '2: usage; 127: parts of lithos are missing.',
  options: {
    config: configOption,
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
  if (argv.includes('--version')) await import('../rest.ts')
  return runCommand(description, argv, async options => {
    const masterFile = options.config ?? defaultMaster
    try {
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
