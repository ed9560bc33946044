/** `lithos_cmd`: one run of a command, as the supervisor would have started it. */
import { writeSync } from 'node:fs'
import { becomeWaiter } from '../cmd/become.ts'
import { evaluateCommand } from '../cmd/evaluate.ts'
import type { Ready } from '../cmd/evaluate.ts'
import { isShown } from '../cmd/plan.ts'
import { sayProblem } from '../config/report.ts'
import { readSettings } from '../evaluate/settings.ts'
import { Fatal } from '../ground.ts'
import { becomeRoot, isOwn, joinSupervisor } from '../rootless/become.ts'
import { isTerminal } from '../../native/files.ts'
import type { Description, Values } from './args.ts'
import { runCommand } from './command.ts'
import { defaultMaster } from './common.ts'

const levels: readonly string[] = ['error', 'warn', 'info', 'debug', 'trace']

const options = {
  master: {
    kind: 'value',
    names: ['--master'],
    metavar: 'FILE',
    help: `master configuration; default: ${defaultMaster}`,
  },
  logStderr: {
    kind: 'flag',
    names: ['--log-stderr'],
    help: 'also say on standard error what the configuration is warned of',
  },
  logLevel: {
    kind: 'value',
    names: ['--log-level'],
    metavar: 'LEVEL',
    help: `how much --log-stderr says: ${levels.join(', ')}; default: warn`,
    wrong: (text: string) => (levels.includes(text.toLowerCase()) ? null : `Bad value ${text}`),
  },
  compat: {
    kind: 'flag',
    names: ['--compat-exit-code'],
    help: 'exit as lithos 0.18: 0 if the command has ended normally, else 1',
  },
} as const

export const description = {
  command: 'lithos_cmd',
  examples: [
    ['web migrate --verbose', '`migrate` is an entry with `kind: Command`'],
    ['web dump >dump.sql', 'where its container configuration says `interactive: true`'],
  ],
  summary:
    'Runs a command of a sandbox, an entry with `kind: Command`, in a container of its own. It ' +
    'reads standard input; what it prints goes to the output log of the sandbox, or comes here ' +
    'if its container configuration says `interactive: true`. An interactive one has a terminal ' +
    'where there is one, for full-screen programs, Ctrl-C and Ctrl-Z. Signals are passed on. No ' +
    'supervisor has to run. Without root it needs a master file of your own, and runs in the ' +
    'user namespace of your `lithos_tree --rootless`, or in a new one. Exit code: that of the ' +
    'command; 128 and the number of the signal that killed it; 1: it could not be started; 2: ' +
    'wrong words here; 127: a part of lithos is missing.',
  options,
  positionals: [
    { name: 'sandbox', help: 'name of the sandbox', kind: 'required' },
    { name: 'name', help: 'name of the command in its process configuration', kind: 'required' },
    {
      name: 'argument',
      help: 'further words for the command, after those of its configuration',
      kind: 'rest',
    },
  ],
  stopsAtFirst: true,
} as const satisfies Description

export const run = (argv: readonly string[]): Promise<number> | number =>
  runCommand(description, argv, async (given, words) => {
    const [sandbox = '', name = '', ...rest] = words
    const { value: settings, problems } = readSettings(given.master ?? defaultMaster)
    if (settings === null) return fatal(problems.map(sayProblem))
    try {
      if (isOwn(settings)) becomeRoot(settings, complain)
      joinSupervisor(settings)
    } catch (error) {
      if (!(error instanceof Fatal)) throw error
      return fatal([error.message], error.code)
    }
    const ready = evaluateCommand(settings, sandbox, name)
    if ('reasons' in ready) {
      const code = fatal(ready.reasons)
      if (ready.hint !== undefined) complain(ready.hint)
      return code
    }
    warn(given, ready)
    const isCompatible = given.compat
    try {
      return await becomeWaiter(
        { settings, sandbox, name, arguments: rest, isCompatible, words: argv },
        ready,
      )
    } catch (error) {
      if (!(error instanceof Fatal)) throw error
      return fatal([error.message], error.code)
    }
  })

const complain = (text: string): void => void process.stderr.write(`lithos_cmd: ${text}\n`)

const fatal = (reasons: readonly string[], code = 1): number => {
  process.stderr.write(reasons.map(reason => `Fatal error: ${reason}\n`).join(''))
  return code
}

/** Written plainly: Node would make our standard error one that does not block, and go. */
const warn = ({ logStderr, logLevel }: Values<typeof options>, { spec, warnings }: Ready): void => {
  const isWanted = logStderr && logLevel?.toLowerCase() !== 'error'
  const where =
    isShown(spec) || !isTerminal(2)
      ? []
      : [`its output goes to ${spec.outputFile ?? spec.places.output}`]
  for (const line of [...(isWanted ? warnings : []), ...where])
    writeSync(2, `lithos_cmd: ${line}\n`)
}
