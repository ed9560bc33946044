/**
 * Every input and every effect as a sentence. The journal tool prints them, `why` builds its
 * explanation of them; the log takes its own words from src/logLines.ts, because people grep for
 * those of the original.
 */
import type { Effect, Input, InputOf, OutOfMemory } from '../machines/vocabulary.ts'
import { endOf, sayCode, sayEnd, sayOom, saySpan } from './wait.ts'

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

const of = (name: string | undefined): string => (name === undefined ? '' : ` of ${name}`)

/** `exited with code 1`, but `was killed by …`. */
const was = (status: number): string =>
  `${endOf(status).kind === 'killed' ? 'was ' : ''}${sayEnd(status)}`

const sayCommandEnd = (ended: Extract<Input, { readonly type: 'command.ended' }>): string => {
  const { status, uptimeMs } = ended
  if (status === null) return 'was killed together with its lithos_cmd'
  return was(status) + (uptimeMs === undefined ? '' : ` after ${saySpan(uptimeMs)}`)
}

/** How a knot exits that had to kill its application: code 3. */
const deaf = 3 << 8

/** `[::]:80` */
export const socketAddress = ({ host, port }: { readonly host: string; readonly port: number }) =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`

const addressOf = (key: string): string => key.replace(/^tcp:/, '')

const recoveredFrom: Readonly<Record<string, string>> = {
  exec: 'kept over the exec',
  systemd: 'kept by the service manager',
  keeper: 'kept by the keeper',
}

/** The subject is named by the caller or left to the reader: sentences begin with the verb. */
export const sayInput = (input: Input): string => {
  switch (input.type) {
    case 'tree.started':
      return (
        `the supervisor ${input.version} started as pid ${input.pid}` +
        (input.reason === undefined ? '' : `, ${input.reason}`) +
        (input.journal === undefined ? '' : `; journal: ${input.journal}`) +
        (input.master === undefined ? '' : `; ${input.master}`)
      )
    case 'tree.surveyed':
      return (
        `recovery is complete: ${plural(input.adopted, 'container')} adopted, ` +
        `${input.lost} lost`
      )
    case 'exec.refused':
      return input.reasons === undefined
        ? `the supervisor could not restart in place: ${sayCode(input.code)}`
        : 'the supervisor did not restart in place and keeps its settings, a new one could not ' +
            `start: ${input.reasons.join('; ')}`
    case 'command.started':
      return `command ${input.command} was started by ${input.by}`
    case 'command.ended':
      return `command ${input.command} ${sayCommandEnd(input)}`
    case 'signal.received':
      return `the supervisor received ${input.signal}`
    case 'journal.stalled':
      return `the ${input.where} cannot be written: ${sayCode(input.reason)}`
    case 'journal.resumed':
      return `the ${input.where} can be written again, ${plural(input.missing, 'turn')} missing`
    case 'config.loaded':
      return (
        `the configuration of sandbox ${input.sandbox} was read: ` +
        `${plural(Object.keys(input.wanted).length, 'instance')} wanted`
      )
    case 'config.refused':
      return (
        `the configuration of sandbox ${input.sandbox} was refused: ` + input.reasons.join('; ')
      )
    case 'config.absent':
      return `sandbox ${input.sandbox} is no longer configured`
    case 'config.listed':
      return 'no sandbox is configured'
    case 'spec.loaded':
      return `the container configuration of ${input.instance} was found changed`
    case 'knot.launched':
      return (
        `${input.instance} was launched: knot has pid ${input.pid}` +
        (input.weaker === undefined
          ? ''
          : `, weaker than the default in ${input.weaker.join(', ')}`)
      )
    case 'knot.refused':
      return `${input.instance} could not be started: ${sayRefusal(input)}`
    case 'app.started':
      return input.pid === 0
        ? `${input.instance} ran, and had ended before anybody could look`
        : `${input.instance} runs: its application has pid ${input.pid}`
    case 'knot.exited':
      return `${input.instance} ended: ${sayExit(input)}`
    case 'knot.adopted':
      return (
        `${input.instance} was found alive and adopted: knot has pid ${input.pid}` +
        (input.foreign === true ? ', started by the original lithos' : '')
      )
    case 'app.ready':
      return `${input.instance} is ready`
    case 'app.unready':
      return `${input.instance} is not ready: ${input.reason}`
    case 'app.unhealthy':
      return `${input.instance} is not well: ${input.reason}`
    case 'app.notified':
      return `${input.instance} says: ${sayNotice(input)}`
    case 'preStop.ended':
      return (
        `the pre-stop command of ${input.instance} ` +
        (input.code === -1
          ? `could not be run: ${input.reason ?? 'nobody knows why'}`
          : `ended with code ${input.code}`)
      )
    case 'socket.opened':
      return `the socket ${addressOf(input.key)} listens`
    case 'socket.closed':
      return `the socket ${addressOf(input.key)} was closed: nobody wants it any more`
    case 'socket.recovered':
      return `the socket ${addressOf(input.key)} is open since an earlier life of the supervisor, ${
        recoveredFrom[input.from] ?? `kept by ${input.from}`
      }`
    case 'timer.elapsed':
      if (input.timer === 'ready') return `${input.instance} was not ready in time`
      return `the ${input.timer} timer${of(input.instance ?? 'the supervisor')} elapsed`
    case 'config.reload':
      return `a reload${of(input.sandbox)} was asked for by ${input.by}`
    case 'config.remove':
      return `the removal of sandbox ${input.sandbox} was asked for by ${input.by}`
    case 'instance.restart':
      return `a restart of ${input.instance} was asked for by ${input.by}`
  }
}

const sayNotice = (notice: InputOf<'app.notified'>): string =>
  [
    notice.status === undefined ? [] : [JSON.stringify(notice.status)],
    notice.reloading === true ? ['it reloads'] : [],
    notice.stopping === true ? ['it stops'] : [],
    notice.watchdogUs === undefined ? [] : [`watchdog of ${saySpan(notice.watchdogUs / 1000)}`],
    notice.extendMs === undefined ? [] : [`it needs ${saySpan(notice.extendMs)} more`],
  ]
    .flat()
    .join(', ')

export const sayRefusal = ({
  step,
  about,
  code,
}: {
  readonly step: string
  readonly about: string
  readonly code: string
}): string => `${step}${about === '' ? '' : ` "${about}"`}: ${sayCode(code)}`

/** The application is what people ask about; the knot speaks where it does not. */
export const sayExit = ({
  status,
  app,
  uptimeMs,
  keptBy,
  oom,
}: {
  readonly status: number | null
  readonly app?: number | null | undefined
  readonly uptimeMs?: number | undefined
  readonly keptBy?: string | undefined
  readonly oom?: OutOfMemory | undefined
}): string => {
  const after = uptimeMs === undefined ? '' : ` after ${saySpan(uptimeMs)}`
  if (app !== undefined && app !== null)
    return (
      `the application ${was(app)}${after}${status === deaf ? ', deaf to SIGTERM' : ''}` +
      (oom === undefined ? '' : sayOom(status === deaf ? null : app, oom))
    )
  if (status !== null) return `the knot ${was(status)}${after}`
  return `nobody knows how${after}${keptBy === 'nobody' ? ', no status was kept' : ''}`
}

export const sayEffect = (effect: Effect): string => {
  switch (effect.type) {
    case 'launch':
      return `launch ${effect.instance}, life ${effect.incarnation}`
    case 'signal':
      return `send ${effect.signal} to ${effect.instance}, pid ${effect.pid}`
    case 'armTimer':
      return `set the ${effect.timer} timer${of(effect.instance)}`
    case 'disarmTimer':
      return `clear the ${effect.timer} timer${of(effect.instance)}`
    case 'probe':
      return `ask ${effect.instance} whether it is ${effect.what === 'ready' ? 'ready' : 'well'}`
    case 'stopProbes':
      return `ask ${effect.instance} no longer`
    case 'preStop':
      return `run the pre-stop command of ${effect.instance}`
    case 'openSocket':
      return `listen on ${addressOf(effect.socket.key)}`
    case 'closeSocket':
      return `close the socket ${addressOf(effect.key)}`
    case 'sweep':
      return `clean up after ${effect.instance}`
    case 'load':
      return `read the configuration${of(effect.sandbox)}`
    case 'exec':
      return `restart in place (${effect.reason})`
    case 'exit':
      return `exit with code ${effect.code}`
  }
}
