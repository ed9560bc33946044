/** `lithos_switch`: another process configuration for a sandbox, whole or not at all. */
import * as E from 'fp-ts/lib/Either.js'
import { stamp } from '../../actors/clock.ts'
import type { Failure } from '../control/client.ts'
import { sayProblem } from '../config/report.ts'
import type { Problem } from '../config/shapes.ts'
import { createEvaluator } from '../evaluate/evaluator.ts'
import type { Evaluator } from '../evaluate/evaluator.ts'
import type { Settings } from '../evaluate/settings.ts'
import { journalsOf } from '../history.ts'
import { planOf, sayPlan } from '../switch/plan.ts'
import type { Fate } from '../outcome.ts'
import { groupFates, isAsWanted, sayFate, sayOutcome } from '../switch/report.ts'
import type { Answer } from '../switch/report.ts'
import { check, switchTo } from '../switch/run.ts'
import type { Result } from '../switch/run.ts'
import { openLine } from '../switch/supervisor.ts'
import { joinSupervisor } from '../rootless/become.ts'
import type { Description, Values } from './args.ts'
import { runCommand } from './command.ts'
import { defaultMaster, jsonOption } from './common.ts'
import { usageBlock } from './help.ts'
import { hotFileOf, unreadable } from './journal/where.ts'
import { isHeard } from './rustLog.ts'
import { isNoSeconds, timeoutOf as secondsOf } from './timeout.ts'

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
    wrong: isNoSeconds,
  },
  dryRun: {
    kind: 'flag',
    names: ['-n', '--dry-run'],
    help: 'check, say what would be kept, restarted, started and stopped, and why; change nothing',
  },
  autoRollback: {
    kind: 'flag',
    names: ['--auto-rollback'],
    help: 'where not all of it comes to run, put back what was there before, and wait for that',
  },
  rollback: {
    kind: 'flag',
    names: ['--rollback'],
    help: 'instead of NEW_CONFIG: what was switched to last, or before that if it is there still',
  },
  remove: {
    kind: 'flag',
    names: ['--remove'],
    help: 'instead of NEW_CONFIG: stop what SANDBOX runs, whose own file has been deleted',
  },
  json: jsonOption,
} as const

export const description = {
  command: 'lithos_switch',
  examples: [
    ['--dry-run web web.new.yaml', 'what would be restarted, started and stopped'],
    ['web web.new.yaml', 'the same, done and waited for'],
    ['--rollback web', 'back to what was there before'],
  ],
  summary:
    'Checks NEW_CONFIG as the supervisor would, puts it in the place of the process ' +
    'configuration of SANDBOX, has the supervisor read it, waits, and says what was kept, ' +
    'started, restarted and stopped. Exit code 0: it is in place and runs, or no supervisor ' +
    'does; 1: it was refused, and nothing has changed; 2: usage; 3: it is in place, but not all ' +
    'of it runs, or that is not known in time; 4: for that reason the former one has been put ' +
    'back.',
  options,
  positionals: [
    { name: 'sandbox', help: 'the sandbox whose processes change', kind: 'required' },
    { name: 'new_config', help: 'its new process configuration', kind: 'optional' },
  ],
  finishes: true,
} as const satisfies Description

type Given = Values<typeof options>

export const run = (argv: readonly string[]): Promise<number> | number =>
  runCommand(description, argv, async (given, [sandbox = '', newFile]) => {
    const wrong = wrongUse(given, newFile)
    if (wrong !== null) return usage(wrong)
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
    joinSupervisor(settings)
    if (given.remove) return remove(given, settings, sandbox)
    if (given.dryRun) return dryRun(given, { evaluator, settings }, sandbox, newFile ?? null)
    const ground = { evaluator, settings }
    const result = await change(given, ground, sandbox, newFile ?? null)
    const code = report(given, sandbox, result)
    return code === 3 && given.autoRollback ? goBack(given, ground, sandbox) : code
  })

const wrongUse = (given: Given, newFile: string | undefined): string | null => {
  const { remove, rollback, dryRun, noWait, autoRollback } = given
  if (remove && (rollback || dryRun || noWait || autoRollback))
    return '--remove goes with none of the others'
  if (autoRollback && (noWait || dryRun || rollback))
    return '--auto-rollback has to wait for what it judges'
  if (remove || rollback) return newFile === undefined ? null : `Unexpected argument ${newFile}`
  return newFile === undefined ? 'Argument NEW_CONFIG is required' : null
}

interface Ground {
  readonly evaluator: Evaluator
  readonly settings: Settings
}

/** What has failed has been said; the former one is switched to as any other. */
const goBack = async (given: Given, ground: Ground, sandbox: string): Promise<number> => {
  say(`${description.command}: putting back what was there before\n`)
  const evaluator = createEvaluator(given.master ?? defaultMaster, () => stamp().at)
  const code = report(given, sandbox, await change(given, { ...ground, evaluator }, sandbox, null))
  return code === 0 ? 4 : 3
}

const change = (
  given: Given,
  ground: Ground,
  sandbox: string,
  newFile: string | null,
): Promise<Result> =>
  switchTo({
    ...ground,
    sandbox,
    newFile,
    timeoutMs: timeoutOf(given),
    isWaiting: !given.noWait,
    warn: text => say(`${description.command}: ${text}\n`),
    onProgress: sayProgress(given),
  })

/** Whoever waits longer than this wants to see that something happens. */
const quietMs = 1_000

const sayProgress = ({ json }: Given) => {
  const since = stamp().mono
  return (fate: Fate): void => {
    if (!json && stamp().mono - since > quietMs) say(`${description.command}: ${sayFate(fate)}\n`)
  }
}

/** Works without a supervisor, too: from what its journal says. */
const dryRun = async (
  given: Given,
  { evaluator, settings }: Ground,
  sandbox: string,
  newFile: string | null,
): Promise<number> => {
  const checked = check({ evaluator, settings, sandbox, newFile })
  if ('kind' in checked) return report(given, sandbox, checked)
  const problem = unreadable(hotFileOf(journalsOf(settings.places)))
  if (problem !== null) {
    say(`Fatal error: what runs is not known: ${problem.text}\n`)
    return 1
  }
  const { presentOf } = await import('../switch/present.ts')
  const steps = planOf(checked.evaluation.wanted, await presentOf(settings, sandbox))
  sayProblems(checked.problems)
  process.stdout.write(
    given.json ? `${JSON.stringify({ sandbox, steps }, null, 2)}\n` : sayPlan(sandbox, steps),
  )
  return 0
}

const remove = async (given: Given, settings: Settings, sandbox: string): Promise<number> => {
  const { runtimeDir, pidFile } = settings.places
  const line = await openLine(runtimeDir, pidFile, stamp().mono + timeoutOf(given))
  const answer = E.isLeft(line)
    ? E.left({ code: line.left, message: `no supervisor listens in ${runtimeDir}` })
    : await line.right.ask('remove', { sandbox })
  if (E.isRight(line)) line.right.close()
  if (E.isLeft(answer)) {
    say(`Fatal error: ${sandbox} was not removed: ${answer.left.message}\n`)
    return answer.left.code === 'timeout' ? 3 : 1
  }
  const { fates } = answer.right as Answer
  process.stdout.write(
    given.json
      ? `${JSON.stringify({ sandbox, ok: true, outcome: groupFates(fates) }, null, 2)}\n`
      : sayOutcome(sandbox, { fates }),
  )
  return 0
}

const timeoutOf = ({ timeout }: Given): number => secondsOf(timeout)

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
      .filter(({ severity }) =>
        isHeard(description.command, severity === 'error' ? 'error' : 'warn'),
      )
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

const usage = (message: string): number => {
  say(`${usageBlock(description)}${description.command}: ${message}\n`)
  return 2
}
