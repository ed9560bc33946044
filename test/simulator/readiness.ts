/**
 * What is promised of `ready` and `healthy`: what is said of a life is what its application did;
 * one that is not ready in time is dealt with then, as was chosen; one that is not well is ended.
 */
import type { Input, InputOf } from '../../machines/vocabulary.ts'
import { fileName } from '../../native/statusFile.ts'
import type { InstanceSnapshot, State } from '../../src/decide.ts'
import { heardOf } from './judge.ts'
import type { Judge } from './judge.ts'
import type { Kernel } from './kernel.ts'
import type { Ledger } from './ledger.ts'
import { breakPromise } from './world.ts'
import type { World } from './world.ts'

type Told = InputOf<'app.ready' | 'app.unready' | 'app.unhealthy' | 'app.started'>

export const createReadiness = (world: World, kernel: Kernel, ledger: Ledger): Judge => {
  const { lives, accepted, strangers, personal, extended } = ledger
  /** By life: when it has to be ready, as far as the supervisor can know. */
  const deadlines = new Map<string, number>()
  /** Told so in the present turn. */
  const wereReady = new Set<string>()

  const fail = (promise: string, what: string): void => breakPromise(world, promise, what)
  const keyOf = ({ instance, incarnation }: { instance: string; incarnation: number }): string =>
    fileName(instance, incarnation)
  const readyOf = (key: string) => lives.get(key)?.orders.policy?.ready

  const begins = (key: string, mono: number): void => {
    const ready = readyOf(key)
    // What is asked of a stranger is what is asked now, not what it was launched with.
    if (ready !== undefined && !strangers.has(key)) deadlines.set(key, mono + ready.timeoutMs)
  }

  /** Nobody is said to be ready, or ill, who has never said so himself. */
  const isTrue = (input: Told): void => {
    const process = lives.get(keyOf(input))
    if (process === undefined) return
    const { wasReady, wasUnwell } = process.app
    if (input.type === 'app.ready' && !wasReady)
      fail('ready is true', `${input.instance} ${process.pid} is told to be ready, and never was`)
    if (input.type === 'app.unhealthy' && !wasUnwell)
      fail('ready is true', `${input.instance} ${process.pid} is told to be ill, and never was`)
  }

  const hear = (input: Input, before: State): void => {
    switch (input.type) {
      case 'app.started': {
        // Another one in its place has the rest of the time, unless it was ready meanwhile.
        const isWaiting = before.instances.get(input.instance)?.value === 'readying'
        if (!isWaiting || wereReady.has(keyOf(input))) begins(keyOf(input), input.mono)
        return
      }
      case 'knot.adopted': {
        const { value, context } = before.instances.get(input.instance) ?? {}
        if (context?.life?.incarnation !== input.incarnation) {
          strangers.add(keyOf(input))
          deadlines.delete(keyOf(input))
        }
        const isFirst = value === 'starting' && !deadlines.has(keyOf(input))
        const isAnother = value === 'running' && context?.life?.appPid !== input.appPid
        if ((isFirst || isAnother) && input.appPid !== undefined) begins(keyOf(input), input.mono)
        return
      }
      case 'app.ready':
        wereReady.add(keyOf(input))
        return isTrue(input)
      case 'app.unhealthy':
        personal.add(keyOf(input))
        return isTrue(input)
      case 'app.notified': {
        const deadline = deadlines.get(keyOf(input))
        const { extendMs = 0 } = input
        if (extendMs > 0) extended.set(keyOf(input), input.mono + extendMs)
        if (deadline !== undefined && extendMs > 0)
          deadlines.set(keyOf(input), Math.max(deadline, input.mono + extendMs))
        return
      }
      case 'instance.restart':
      case 'timer.elapsed': {
        const life = before.instances.get(input.instance ?? '')?.context.life
        if (life == null || input.instance === undefined) return
        const key = fileName(input.instance, life.incarnation)
        if (input.type === 'instance.restart' || input.timer === 'ready') personal.add(key)
        if (input.type === 'timer.elapsed' && input.timer === 'ready') elapses(input, key)
      }
    }
  }

  const elapses = ({ mono, instance }: InputOf<'timer.elapsed'>, key: string): void => {
    const deadline = deadlines.get(key)
    // What it was launched with may have been another thing: of a stranger nobody knows.
    if (readyOf(key)?.onTimeout === 'accept' || strangers.has(key)) accepted.add(key)
    if (deadline !== undefined && mono < deadline)
      fail('ready in time', `${instance} had ${deadline - mono} ms left to be ready`)
  }

  // ---- what follows ------------------------------------------------------------------------

  /** A time that is over is acted on, as was chosen; until then it is the right one. */
  const actsInTime = (name: string, heard: readonly Input[], now: InstanceSnapshot): void => {
    const { life, timer } = now.context
    if (life === null) return
    const key = fileName(name, life.incarnation)
    const deadline = deadlines.get(key)
    if (now.value === 'readying' && deadline !== undefined && (timer?.due ?? Infinity) > deadline)
      fail('ready in time', `${name} is given longer than it was to have`)
    const [last] = heard.slice(-1)
    if (last?.type !== 'timer.elapsed' || last.timer !== 'ready') return
    // Something else may have ended it in the same turn.
    if (now.context.want === null) return
    const isKept = accepted.has(key) ? now.value === 'running' : now.value === 'stopping'
    if (!isKept) fail('ready in time', `${name} was not ready in time, and is ${now.value}`)
  }

  /** One that is not well is ended, for that reason. */
  const endsTheIll = (name: string, heard: readonly Input[], now: InstanceSnapshot): void => {
    const { life, asked } = now.context
    const [last] = heard.slice(-1)
    if (last?.type !== 'app.unhealthy' || last.incarnation !== life?.incarnation) return
    if (now.value === 'running' || now.value === 'readying')
      fail('the ill are ended', `${name} is not well, and goes on`)
    const isFirst = heard.length === 1 && now.value === 'stopping'
    if (isFirst && asked === null) fail('the ill are ended', `${name} is stopped for no reason`)
  }

  /** Who counts as ready has said so, or was accepted; or of what was said nothing is left. */
  const isReadyRightly = (name: string, { value, context: { life } }: InstanceSnapshot): void => {
    if (value !== 'running' || life?.policy?.ready === undefined || life.isReady !== true) return
    const key = fileName(name, life.incarnation)
    const process = lives.get(key)
    if (process === undefined || process.app.wasReady || accepted.has(key)) return
    fail('ready is true', `${name} ${process.pid} counts as ready, and never was`)
  }

  return {
    written: ({ inputs, effects, before }, next) => {
      wereReady.clear()
      for (const input of inputs) hear(input, before)
      for (const name of new Set(
        inputs.map(input => ('instance' in input ? input.instance : '')),
      )) {
        const now = next.instances.get(name ?? '')
        if (now === undefined || name === undefined) continue
        const heard = heardOf(inputs, name)
        actsInTime(name, heard, now)
        endsTheIll(name, heard, now)
        isReadyRightly(name, now)
      }
      for (const effect of effects) {
        if (effect.type !== 'launch') continue
        const key = keyOf(effect)
        for (const set of [accepted, strangers, personal, deadlines]) set.delete(key)
      }
    },
    forget: () => deadlines.clear(),
    /** Nobody who has said that he is ill lives on. */
    checkEnd: () => {
      for (const { instance, pid, app, state, isSpare, lines } of kernel.byPid.values())
        if (instance !== null && state === 'alive' && app.isUnwell && !isSpare)
          if (!kernel.lostFiles.has(lines))
            fail('the ill are ended', `in the end ${instance} ${pid} still lives, and is not well`)
    },
  }
}
