/** `lithos_switch`: another process configuration for a sandbox, whole or not at all. */
import * as E from 'fp-ts/lib/Either.js'
import { stamp } from '../../actors/clock.ts'
import type { Failure } from '../control/client.ts'
import { sayProblem } from '../config/report.ts'
import type { Problem } from '../config/shapes.ts'
import { createEvaluator } from '../evaluate/evaluator.ts'
import type { Evaluator } from '../evaluate/evaluator.ts'
import type { Settings } from '../evaluate/settings.ts'
import { groupFates, isAsWanted, sayOutcome } from '../switch/report.ts'
import type { Answer } from '../switch/report.ts'
import { switchTo } from '../switch/run.ts'
import type { Result } from '../switch/run.ts'
import type { Description, Values } from './args.ts'
import { runCommand } from './command.ts'
import { defaultMaster, jsonOption } from './common.ts'
import { usageBlock } from './help.ts'

const options = {
  master: {
    kind: 'value',
    names: ['--master', '-C', '--config'],
    metavar: 'FILE',
    help: `master configuration; default: ${defaultMaster}`,
  },
  verbose: { kind: 'flag', names: ['-v', '--verbose'], help: 'has no effect' },
  noWait: {
    kind: 'flag',
    names: ['--no-wait'],
    help: 'send SIGQUIT to the supervisor and leave, as the original does',
  },
  timeout: {
    kind: 'value',
    names: ['--timeout'],
    metavar: 'SECONDS',
    help: 'wait so long until everything has settled; default: 60',
    wrong: (text: string) => (/^\d{1,6}$/.test(text) ? null : `Bad value ${JSON.stringify(text)}`),
  },
  json: jsonOption,
} as const

export const description = {
  command: 'lithos_switch',
  example: 'web web.new.yaml',
  summary:
    'Checks NEW_CONFIG as the supervisor would, puts it in the place of the process configuration ' +
    'of SANDBOX, has the supervisor read it, waits, and says what was kept, started, restarted ' +
    'and stopped. Exit code 0: it is in place and runs, or no supervisor does; 1: it was ' +
    'refused, and nothing has changed; 2: usage; 3: it is in place, but not all of it runs, or ' +
    'that is not known in time.',
  options,
  positionals: [
    { name: 'sandbox', help: 'the sandbox whose processes change', kind: 'required' },
    { name: 'new_config', help: 'its new process configuration', kind: 'required' },
  ],
} as const satisfies Description

type Given = Values<typeof options>

const secondsDefault = 60

export const run = (argv: readonly string[]): Promise<number> | number =>
  runCommand(description, argv, async (given, [sandbox = '', newFile = '']) => {
    leaveInOrder()
    const masterFile = given.master ?? defaultMaster
    const evaluator = createEvaluator(masterFile, () => stamp().at)
    const { value: settings, problems } = evaluator.settings()
    if (settings === null)
      return report(given, sandbox, {
        kind: 'refused',
        reason: `Can't parse master config: ${masterFile}`,
        problems,
      })
    return report(given, sandbox, await change(given, { evaluator, settings }, sandbox, newFile))
  })

const change = (
  given: Given,
  ground: { readonly evaluator: Evaluator; readonly settings: Settings },
  sandbox: string,
  newFile: string,
): Promise<Result> =>
  switchTo({
    ...ground,
    sandbox,
    newFile,
    timeoutMs: timeoutOf(given),
    isWaiting: !given.noWait,
    warn: text => say(`${description.command}: ${text}\n`),
  })

const timeoutOf = ({ timeout }: Given): number => Number(timeout ?? secondsDefault) * 1000

/** Never between two steps that belong together: those are taken without a pause. */
const leaveInOrder = (): void => {
  for (const [name, number] of [
    ['SIGINT', 2],
    ['SIGTERM', 15],
    ['SIGHUP', 1],
  ] as const)
    process.once(name, () => process.exit(128 + number))
}

const say = (text: string): void => void process.stderr.write(text)

const sayProblems = (problems: readonly Problem[]): void =>
  say(
    problems
      .map(problem => `${problem.file === '' ? problem.message : sayProblem(problem)}\n`)
      .join(''),
  )

const report = (given: Given, sandbox: string, result: Result): number => {
  const code = codeOf(result)
  if (given.json) {
    process.stdout.write(`${JSON.stringify(toJson(sandbox, result, code), null, 2)}\n`)
    return code
  }
  sayProblems(result.problems)
  if (result.kind === 'refused') say(`Fatal error: ${result.reason}\n`)
  else if (result.outcome !== null && E.isLeft(result.outcome))
    say(`${description.command}: ${sayFailure(result.target, given, result.outcome.left)}\n`)
  else if (result.outcome !== null) sayAnswer(sandbox, result.target, result.outcome.right)
  return code
}

const sayAnswer = (sandbox: string, target: string, answer: Answer): void => {
  for (const reading of answer.readings)
    if (reading.result === 'refused')
      say(
        `${description.command}: ${target} is in place, but the supervisor refuses it and goes ` +
          `on as before:\n${reading.reasons.map(reason => `  ${reason}\n`).join('')}`,
      )
  process.stdout.write(sayOutcome(sandbox, answer))
}

const sayFailure = (target: string, given: Given, { code, message }: Failure): string =>
  code === 'timeout'
    ? `${target} is in place, but not everything has settled within ${timeoutOf(given) / 1000} ` +
      's; lithos_ps shows what it is at'
    : `${target} is in place, but the supervisor did not take it: ${message}`

const codeOf = (result: Result): number => {
  if (result.kind === 'refused') return 1
  const { outcome } = result
  return outcome === null || (E.isRight(outcome) && isAsWanted(outcome.right)) ? 0 : 3
}

const toJson = (sandbox: string, result: Result, code: number): object => ({
  sandbox,
  ok: code === 0,
  problems: result.problems,
  ...(result.kind === 'refused'
    ? { replaced: null, reason: result.reason }
    : {
        replaced: result.target,
        ...(result.outcome === null
          ? { outcome: null }
          : E.isLeft(result.outcome)
            ? { outcome: null, reason: result.outcome.left.message }
            : {
                outcome: groupFates(result.outcome.right.fates),
                readings: result.outcome.right.readings,
              }),
      }),
})

export const usage = (message: string): number => {
  say(`${usageBlock(description)}${description.command}: ${message}\n`)
  return 2
}
