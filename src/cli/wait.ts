/** `lithos wait`: until instances are in a state. */
import { stamp } from '../../actors/clock.ts'
import { bootId } from '../../native/bootId.ts'
import type { State } from '../decide.ts'
import { waitFor } from '../look/waitFor.ts'
import { isAlive, statusOf } from '../status.ts'
import type { Description } from './args.ts'
import { runCommand } from './command.ts'
import { configOption } from './common.ts'
import { select } from './names.ts'
import { statesOfInstances, unknownState } from './states.ts'
import { viewPresent } from './present.ts'
import { isNoSeconds, timeoutOf } from './timeout.ts'

/** `gone`: not wanted any more, and ended; `stopped` is another word for it. */
const states: readonly string[] = [...statesOfInstances, 'gone']

export const description = {
  command: 'lithos wait',
  examples: [['web/http.0 running --timeout 30', 'exit code 0 as soon as it runs']],
  summary:
    'Waits until an instance, or all that a name or pattern means, are in one of the states ' +
    `${states.join(', ')}; "gone" (or "stopped") is wanted no more, and ended. ` +
    'Follows the journal, so it also waits over restarts of the supervisor. Exit code 0: it is ' +
    'so; 1: there is no such name, or no journal; 2: usage; 3: not in time.',
  options: {
    config: configOption,
    timeout: {
      kind: 'value',
      names: ['--timeout'],
      metavar: 'SECONDS',
      help: 'wait no longer than that; without it for ever',
      wrong: isNoSeconds,
    },
  },
  positionals: [
    { name: 'name', help: 'an instance, process, sandbox or pattern', kind: 'required' },
    { name: 'state', help: states.join(', '), kind: 'required' },
    { name: 'state', help: 'or one of these', kind: 'rest' },
  ],
} as const satisfies Description

export const run = (argv: readonly string[]): Promise<number> | number =>
  runCommand(description, argv, async ({ config, timeout }, [name = '', ...words]) => {
    const unknown = unknownState(words, states)
    if (unknown !== null) return say(unknown, 2)
    const wanted = words.map(word => (word === 'stopped' ? 'gone' : word))
    const viewed = await viewPresent(description.command, config)
    if (viewed === null) return 1
    const { names, problems } = select([name], [...viewed.present.state.instances.keys()])
    // What has gone already has no name any more.
    if (problems.length > 0 && wanted.includes('gone')) return 0
    for (const problem of problems) say(problem, 1)
    if (problems.length > 0) return 1
    if (names.length === 0) return say(`no instance is meant by ${JSON.stringify(name)}`, 1)
    const timeoutMs = timeout === null ? Infinity : timeoutOf(timeout)
    let last: readonly string[] = []
    const reached = await waitFor(viewed.journals.hotDirectory, timeoutMs, ({ state }) => {
      const now = statesIn(state)
      last = names.map(each => `${each} is ${now.get(each) ?? 'gone'}`)
      return names.every(each => wanted.includes(now.get(each) ?? 'gone')) ? true : null
    })
    if (reached === true) return 0
    return say(`not in time: ${last.join(', ')}`, 3)
  })

const statesIn = (state: State): ReadonlyMap<string, string> => {
  const isThisBoot = state.tree.context.bootId === bootId()
  const statuses = statusOf(state, stamp(), (pid, birth) => isThisBoot && isAlive(pid, birth))
  return new Map(
    statuses.map(({ name, state: said }) => [name, said === 'stopped' ? 'gone' : said]),
  )
}

const say = (message: string, code: number): number => {
  process.stderr.write(`${description.command}: ${message}\n`)
  return code
}
