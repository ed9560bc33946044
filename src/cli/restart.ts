/** `lithos restart`: instances are started anew, through the supervisor, and waited for. */
import { stamp } from '../../actors/clock.ts'
import type { Description } from './args.ts'
import { runCommand } from './command.ts'
import { configOption, jsonOption, sayStart } from './common.ts'
import { namesPositional } from './ls.ts'
import { select } from './names.ts'
import { viewPresent } from './present.ts'
import { restartAll } from './restart/ask.ts'
import type { Outcome } from './restart/ask.ts'
import { isNoSeconds, sayTimeout, timeoutOf } from './timeout.ts'

export const description = {
  command: 'lithos restart',
  examples: [
    ['web/http.0', 'one instance; returns when it runs again'],
    ["'web/*'", 'all of a sandbox'],
  ],
  summary:
    'Has the supervisor stop instances, with SIGTERM and what their configuration says, and ' +
    'start them again; waits until they run, and says what became of each. Exit code 0: all run ' +
    'again; 1: one could not be asked for or does not start; 2: usage; 3: not known in time.',
  options: {
    config: configOption,
    noWait: { kind: 'flag', names: ['--no-wait'], help: 'leave when it has been written down' },
    timeout: {
      kind: 'value',
      names: ['--timeout'],
      metavar: 'SECONDS',
      help: 'wait so long; default: 60',
      wrong: isNoSeconds,
    },
    json: jsonOption,
  },
  positionals: [{ ...namesPositional, kind: 'rest' }],
} as const satisfies Description

export const run = (argv: readonly string[]): Promise<number> | number =>
  runCommand(description, argv, async (options, words) => {
    if (words.length === 0) return say('Argument NAME is required', 2)
    const viewed = await viewPresent(description.command, options.config)
    if (viewed === null) return 1
    const { names, problems } = select(words, [...viewed.present.state.instances.keys()].sort())
    for (const problem of problems) say(problem)
    // Once all was stopped in order, nobody is in the journal any more.
    if (problems.length > 0 && viewed.supervisor === null) say(sayStart(viewed.settings))
    if (problems.length > 0) return 1
    if (names.length === 0) return say('no instance is meant by that', 1)
    const deadline = stamp().mono + timeoutOf(options.timeout)
    const outcomes = await restartAll(viewed, names, deadline, options.noWait)
    if (typeof outcomes === 'string') return say(outcomes, 1)
    process.stdout.write(
      options.json ? `${JSON.stringify(outcomes)}\n` : outcomes.map(sayOutcome).join(''),
    )
    for (const { name, result, reason } of outcomes)
      if (result === 'late') say(`${name}: ${reason ?? ''} ${sayTimeout(options.timeout)}`)
      else if (result === 'failed') say(`${name}: ${reason ?? 'it does not run'}`)
    if (outcomes.some(({ result }) => result === 'failed')) return 1
    return outcomes.some(({ result }) => result === 'late') ? 3 : 0
  })

const sayOutcome = ({ name, result, pid }: Outcome): string =>
  result === 'restarted'
    ? `restarted  ${name}${pid === null ? '' : `, pid ${pid}`}\n`
    : result === 'asked'
      ? `asked for  ${name}\n`
      : ''

const say = (message: string, code = 0): number => {
  process.stderr.write(`${description.command}: ${message}\n`)
  return code
}
