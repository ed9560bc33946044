/**
 * Asks the supervisor for restarts, and survives its own: what it had written down before it died
 * is found in the journal by the name of the request, and is not asked for twice.
 */
import * as E from 'fp-ts/lib/Either.js'
import { stamp } from '../../../actors/clock.ts'
import { readAll } from '../../../journal/read.ts'
import type { Failure } from '../../control/client.ts'
import { inputsOf } from '../../history.ts'
import type { Journals } from '../../history.ts'
import { waitFor } from '../../look/waitFor.ts'
import { fateOf } from '../../outcome.ts'
import type { Before, Fate } from '../../outcome.ts'
import { isUntaken, openLine } from '../../switch/supervisor.ts'
import type { Line } from '../../switch/supervisor.ts'
import { sayStart } from '../common.ts'
import type { Viewed } from '../present.ts'

export interface Outcome {
  readonly name: string
  readonly result: 'restarted' | 'asked' | 'failed' | 'late'
  readonly pid: number | null
  readonly reason: string | null
}

interface Asking {
  readonly viewed: Viewed
  readonly before: Before
  /** An instant of `stamp().mono`. */
  readonly deadline: number
  readonly isLeaving: boolean
}

/** A text: why nobody could be asked. */
export const restartAll = async (
  viewed: Viewed,
  names: readonly string[],
  deadline: number,
  isLeaving: boolean,
): Promise<readonly Outcome[] | string> => {
  const { instances } = viewed.present.state
  const before = new Map(
    [...instances].flatMap(([name, { context }]) =>
      context.life === null ? [] : [[name, context.life.incarnation] as const],
    ),
  )
  const line = await lineTo(viewed, deadline)
  if (typeof line === 'string') return line
  const asking = { viewed, before, deadline, isLeaving }
  try {
    return await Promise.all(names.map(name => restart(asking, line, name)))
  } finally {
    line.close()
  }
}

const lineTo = async ({ settings }: Viewed, deadline: number): Promise<Line | string> => {
  const { runtimeDir, pidFile } = settings.places
  const line = await openLine(runtimeDir, pidFile, deadline, isUntaken)
  if (E.isRight(line)) return line.right
  return line.left === 'nobody'
    ? `no supervisor runs: there is nobody to ask in ${runtimeDir}; ${sayStart(settings)}`
    : `the supervisor cannot be asked: nobody answers at ${runtimeDir}/control`
}

const restart = async (asking: Asking, line: Line, name: string): Promise<Outcome> => {
  const { viewed, before, deadline, isLeaving } = asking
  const request = `restart ${process.pid} ${stamp().mono} ${name}`
  let noted: () => void = () => {}
  const isNoted = new Promise<'noted'>(resolve => void (noted = () => resolve('noted')))
  const answered = line.ask('restart', { instance: name, request }, event => {
    if (typeof event === 'object' && event !== null && 'accepted' in event) noted()
  })
  if (isLeaving && (await Promise.race([answered, isNoted])) === 'noted')
    return { name, result: 'asked', pid: null, reason: null }
  const answer = await answered
  if (E.isRight(answer)) {
    const { fates } = answer.right as { readonly fates: readonly Fate[] }
    return outcomeOf(name, fates.find(({ instance }) => instance === name) ?? null)
  }
  if (answer.left.code !== 'lost') return failureOf(name, answer.left)
  if (!(await isWritten(viewed.journals, request))) {
    const next = await lineTo(viewed, deadline)
    if (typeof next === 'string') return failureOf(name, { code: 'nobody', message: next })
    return restart(asking, next, name).finally(next.close)
  }
  const fate = await waitFor(
    viewed.journals.hotDirectory,
    Math.max(0, deadline - stamp().mono),
    ({ state }) => {
      const now = fateOf(name, before, state.instances.get(name))
      return now?.verdict === 'pending' ? null : { now }
    },
  )
  return fate === null ? failureOf(name, tooLate) : outcomeOf(name, fate.now)
}

const tooLate: Failure = { code: 'timeout', message: 'it has not settled' }

const isWritten = async (journals: Journals, request: string): Promise<boolean> => {
  const where = { ...journals, sinceMs: Infinity }
  for await (const item of readAll(where))
    if (
      item.kind === 'turn' &&
      inputsOf(item.turn).some(input => 'request' in input && input.request === request)
    )
      return true
  return false
}

const outcomeOf = (name: string, fate: Fate | null): Outcome => {
  const isUp = fate !== null && (fate.verdict === 'restarted' || fate.verdict === 'started')
  return {
    name,
    result: isUp ? 'restarted' : 'failed',
    pid: fate?.pid ?? null,
    reason: isUp ? null : (fate?.reason ?? (fate === null ? 'it is gone' : sayOther(fate))),
  }
}

const sayOther = ({ verdict, state }: Fate): string =>
  verdict === 'kept' ? 'it goes on as it was' : `it is ${state}`

const failureOf = (name: string, { code, message }: Failure): Outcome => ({
  name,
  result: code === 'timeout' ? 'late' : 'failed',
  pid: null,
  reason: message,
})
