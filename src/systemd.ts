/**
 * What a service manager is told, in the words of sd_notify(3): of the supervisor, what a finished
 * turn means to it; of sockets, that it shall keep a copy of each. Pure.
 */
import type { Effect } from '../machines/vocabulary.ts'
import type { FinishedTurn } from './turn.ts'

/** Nothing where nothing has changed for it. */
export const tidingsOf = (
  { heard, effects, state }: Pick<FinishedTurn, 'heard' | 'effects' | 'state'>,
  mono: number,
): readonly string[] => {
  const phase = state.tree.value
  if (effects.some(({ type }) => type === 'exec'))
    return ['RELOADING=1', `MONOTONIC_USEC=${Math.floor(mono * 1000)}`]
  const isToStop = heard.some(({ type }) => type === 'signal.received')
  if (phase === 'stopping' || phase === 'abandoning')
    return [...(isToStop ? ['STOPPING=1'] : []), ...effects.flatMap(limit => longer(limit, mono))]
  const isServing = heard.some(({ type }) => type === 'tree.surveyed' || type === 'exec.refused')
  return isServing && phase === 'serving' ? ['READY=1'] : []
}

/** How long a stop may take we know better than the manager; a moment more is for the exit. */
const longer = (effect: Effect, mono: number): readonly string[] =>
  effect.type === 'armTimer' && effect.instance === undefined && effect.timer === 'stop'
    ? [`EXTEND_TIMEOUT_USEC=${Math.max(0, Math.ceil((effect.due - mono + 1_000) * 1_000))}`]
    : []

/** The name must not hold a colon. */
const nameOf = (key: string): string => key.replaceAll(':', '_')

/** To be sent with the descriptor. A socket that listens never hangs up, so it need not look. */
export const keepSocket = (key: string): readonly string[] => [
  'FDSTORE=1',
  `FDNAME=${nameOf(key)}`,
  'FDPOLL=0',
]

export const forgetSocket = (key: string): readonly string[] => [
  'FDSTOREREMOVE=1',
  `FDNAME=${nameOf(key)}`,
]

/** What a manager has put into our environment: for us, and for no child. */
export const managerVariables = ['LISTEN_FDS', 'LISTEN_FDNAMES', 'LISTEN_PID', 'LISTEN_PIDFDID']
