/**
 * What the master log says of a turn, in the words of the original where it had them. Pure: a
 * finished turn in, lines with their level out; actors/logFile.ts writes them.
 */
import type { LogLevel } from './config/shapes.ts'
import { sandboxOf } from '../machines/order.ts'
import { plightOf } from './plight.ts'
import { sayInput, sayRefusal } from './sentence.ts'
import type { Effect, Input } from '../machines/vocabulary.ts'
import type { About } from './syslog/entry.ts'
import type { FinishedTurn } from './turn.ts'
import { sayEnd, sayOom } from './wait.ts'

export interface LogLine {
  readonly level: LogLevel
  readonly text: string
  readonly about: About
}

export const logLines = (
  { seq, heard, effects, state }: FinishedTurn,
  isLogged: (level: LogLevel) => boolean,
): readonly LogLine[] => {
  const lines: LogLine[] = []
  let said: Input | Effect
  const say = (level: LogLevel, text: string): void =>
    void lines.push({ level, text, about: aboutOf(seq, said) })
  const [isInfo, isDebug] = [isLogged('info'), isLogged('debug')]

  for (const input of heard) {
    said = input
    switch (input.type) {
      case 'knot.exited':
        say(
          'error',
          `Container "${input.instance}" (pid: ${input.pid}) ` +
            (input.status !== null
              ? sayEnd(input.status)
              : input.app !== undefined
                ? `ended while no supervisor ran, its application ${sayEnd(input.app)}`
                : 'ended while no supervisor ran, nobody knows how') +
            (input.oom === undefined ? '' : sayOom(input.app ?? null, input.oom)),
        )
        break
      case 'knot.refused':
        say('error', `Error starting "${input.instance}": ${sayRefusal(input)}`)
        break
      case 'config.refused':
        say(
          'error',
          `Sandbox "${input.sandbox}" stays as it is, its configuration was refused:\n` +
            input.reasons.map(reason => `  ${reason}`).join('\n'),
        )
        break
      case 'config.loaded':
        for (const warning of input.warnings ?? []) say('warn', warning)
        if (isInfo) say('info', sayInput(input))
        break
      case 'knot.adopted':
        say('info', `Adopted "${input.instance}", pid: ${input.pid}`)
        break
      case 'journal.stalled':
        say('error', sayInput(input))
        break
      case 'journal.resumed':
      case 'tree.started':
      case 'config.absent':
      case 'config.remove':
      case 'signal.received':
        say('warn', sayInput(input))
        break
      case 'exec.refused':
        say('error', sayInput(input))
        break
      case 'timer.elapsed':
        if (isDebug) say('debug', sayInput(input))
        break
      default:
        if (isInfo) say('info', sayInput(input))
    }
  }

  for (const effect of effects) {
    said = effect
    if (effect.type === 'signal' && effect.signal === 'SIGTERM') {
      const context = state.instances.get(effect.instance)?.context
      const isWanted = context?.want !== null
      const isTreeStopping = state.tree.value === 'stopping'
      if (isTreeStopping) say('info', `Sending SIGTERM to "${effect.instance}", pid: ${effect.pid}`)
      else if (context?.isToBlame === true)
        say('warn', `Stopping "${effect.instance}", pid: ${effect.pid}: ${context.asked}`)
      else if (isWanted)
        say('warn', `Config mismatch: ${effect.instance}, pid: ${effect.pid}. Upgrading...`)
      else say('warn', `Retired child: ${effect.instance}, pid: ${effect.pid}. Sending SIGTERM...`)
    } else if (effect.type === 'signal') {
      say(
        'error',
        `Process Pid(${effect.pid}) of "${effect.instance}" looks like hanging. Sending kill...`,
      )
    } else if (effect.type === 'armTimer' && effect.timer === 'retry') {
      const name = effect.instance ?? ''
      const { trouble } = state.instances.get(name)?.context ?? {}
      // Told once: what is tried now and then and fails again says nothing new.
      if (heard.some(({ at }) => at === trouble?.failedAt))
        say(
          'error',
          `Gave up on "${name}": ${plightOf(state, name, null) ?? 'it failed too often'}`,
        )
    } else if (effect.type === 'launch' && isDebug) {
      say('debug', `Starting "${effect.instance}" in sandbox "${sandboxOf(effect.instance)}"`)
    }
  }
  return lines
}

const aboutOf = (turn: number, said: Input | Effect): About => {
  const instance = 'instance' in said ? said.instance : undefined
  const sandbox =
    instance !== undefined ? sandboxOf(instance) : 'sandbox' in said ? said.sandbox : undefined
  return {
    turn,
    kind: said.type,
    ...(instance !== undefined && { instance }),
    ...(sandbox !== undefined && { sandbox }),
  }
}
