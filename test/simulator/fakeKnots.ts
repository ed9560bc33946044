/**
 * As actors/knots.ts, on the fake kernel: the same stories of a life, told at the same moments,
 * with the same things left behind until `forget`. The supervisor may die between any two steps.
 */
import type { HowItEnded } from '../../native/heldKnot.ts'
import type { Effect, Hear } from '../../machines/vocabulary.ts'
import { fileName } from '../../native/statusFile.ts'
import type { StatusLine } from '../../native/statusFile.ts'
import type { Found } from '../../native/survey.ts'
import { holdSockets } from './fakeSockets.ts'
import { howItEnded, lifeOf, unread } from './heldKnot.ts'
import type { Knot } from './heldKnot.ts'
import { isBetween, wasReady } from '../../native/statusLife.ts'
import { factOf, factsOf } from '../../native/watching.ts'
import type { WatchFact } from '../../native/watching.ts'
import { appPidOf } from './kernel.ts'
import type { Kernel, Orders, Process } from './kernel.ts'
import { liveAsKnot, signalKnot } from './knot.ts'
import type { Mortal } from './mortal.ts'
import type { Listener } from './network.ts'
import type { Promises } from './promises.ts'
import { runPreStop } from './stopping.ts'
import { count, strikes } from './world.ts'
import type { World } from './world.ts'

type Launch = Extract<Effect, { type: 'launch' }>
type Signal = Extract<Effect, { type: 'signal' }>
type Look = Extract<Effect, { type: 'preStop' | 'probe' | 'stopProbes' }>

export type Prepared =
  | {
      readonly killMs: number
      readonly spec: string
      readonly sockets: readonly Listener[]
      readonly orders: Orders
    }
  | { readonly refused: { readonly step: string; readonly about: string; readonly code: string } }

export interface KnotsOptions {
  readonly kernel: Kernel
  readonly mortal: Mortal
  readonly promises: Promises
  readonly hear: Hear
  readonly stamp: () => { readonly at: number; readonly mono: number }
  /** The event loop comes to it after a while. */
  readonly soon: (work: () => void) => void
  readonly prepare: (effect: Launch) => Prepared
}

export interface FakeKnots {
  readonly perform: (effect: Launch | Signal | Look) => void
  readonly adopt: (found: Found) => void
  readonly keep: (found: Found) => HowItEnded
  readonly forget: (instance: string, incarnation: number) => void
}

export const createFakeKnots = (world: World, options: KnotsOptions): FakeKnots => {
  const { kernel, mortal, promises, hear, stamp, soon, prepare } = options
  const lives = new Map<string, Knot>()
  const byFile = new Map<string, Knot>()
  const byProcess = new Map<Process, Knot>()
  /** What the next turn of the event loop will see. */
  let changed = new Set<string>()
  let ended: Knot[] = []
  let isAwaited = false
  let adopted: Knot[] = []
  /** For a planted mistake only. */
  const wereReady = new Set<string>()

  const expect = (): void => {
    if (isAwaited) return
    isAwaited = true
    soon(poll)
  }

  /** Files first: what was written before a death is told before it. */
  const poll = (): void => {
    isAwaited = false
    const [files, knots] = [changed, ended]
    changed = new Set()
    ended = []
    for (const name of files) {
      const knot = byFile.get(name)
      if (knot !== undefined && !knot.hasEnded) readOn(knot)
    }
    for (const knot of knots) end(knot)
  }

  kernel.watcher = {
    changed: file => {
      changed.add(file)
      expect()
    },
    ended: process => {
      const knot = byProcess.get(process)
      if (knot === undefined) return
      ended.push(knot)
      expect()
    },
  }

  const watch = (knot: Knot): void => {
    lives.set(fileName(knot.instance, knot.incarnation), knot)
    byFile.set(knot.file, knot)
    if (knot.process === null || knot.hasEnded) return
    byProcess.set(knot.process, knot)
    if (knot.process.state === 'alive') return
    ended.push(knot)
    expect()
  }

  // ---- what they say ---------------------------------------------------------------------

  const readOn = (knot: Knot): void => {
    const lines = kernel.files.get(knot.file)?.slice(knot.offset) ?? []
    knot.offset += lines.length
    for (const line of lines) take(knot, line)
  }

  const take = (knot: Knot, line: StatusLine): void => {
    if (line.said === 'refused') knot.refused = line
    if (line.said === 'exited') knot.exited = line
    if (line.said === 'died') knot.isAgain = knot.wasReady
    tell(knot, factOf(line, knot.isReady))
    if (line.said !== 'started' || (knot.startedAt !== null && !knot.isAgain)) return
    knot.startedAt ??= line.mono
    knot.isAgain = false
    const pid = knot.process?.state === 'alive' ? (appPidOf(knot.process) ?? 0) : 0
    hear({ type: 'app.started', ...stamp(), ...lifeOf(knot), pid })
    if (world.bug === 'ready of a former life' && wereReady.has(knot.instance))
      hear({ type: 'app.ready', ...stamp(), ...lifeOf(knot) })
  }

  const tell = (knot: Knot, fact: WatchFact | null): void => {
    if (fact === null) return
    if (fact.type === 'app.ready' || fact.type === 'app.unready')
      knot.isReady = fact.type === 'app.ready'
    knot.wasReady ||= knot.isReady
    if (knot.isReady) wereReady.add(knot.instance)
    hear({ ...fact, ...stamp(), ...lifeOf(knot) })
  }

  const readAdopted = (): void => {
    const knots = adopted.filter(({ hasEnded }) => !hasEnded)
    adopted = []
    for (const knot of knots) {
      for (const fact of world.bug === 'said to nobody' ? [] : knot.known) tell(knot, fact)
      readOn(knot)
    }
  }

  const end = (knot: Knot): void => {
    if (knot.hasEnded) return
    readOn(knot)
    knot.hasEnded = true
    if (knot.refused !== null && knot.startedAt === null) {
      const why = { step: `step ${knot.refused.step}`, about: '', code: 'E' }
      hear({ type: 'knot.refused', ...stamp(), ...lifeOf(knot), ...why })
    } else tellEnd(knot)
    if (world.bug === 'status forgotten') drop(knot)
  }

  const tellEnd = (knot: Knot): void => {
    const { exited, pid } = knot
    const now = stamp()
    const startedAt = exited?.started || knot.startedAt
    hear({
      type: 'knot.exited',
      ...now,
      ...lifeOf(knot),
      pid,
      ...howItEnded(world, knot),
      ...(exited !== null && exited.started !== 0 && { app: exited.status }),
      ...(startedAt !== null && { uptimeMs: Math.max(0, (exited?.mono ?? now.mono) - startedAt) }),
    })
  }

  // ---- performing ------------------------------------------------------------------------

  const launch = (effect: Launch): void => {
    const { instance, incarnation, wanted } = effect
    const refuse = (why: { step: string; about: string; code: string }): void =>
      hear({ type: 'knot.refused', ...stamp(), instance, incarnation, ...why })
    const prepared = prepare(effect)
    if ('refused' in prepared) return refuse(prepared.refused)
    if (strikes(world, 'stillbirth', 0.05)) {
      count(world, 'stillbirth')
      return refuse({ step: 'clone3', about: instance, code: 'EAGAIN' })
    }
    const { backoff, intensity, after } = wanted.policy ?? {}
    if (backoff !== undefined || intensity !== undefined || after !== undefined)
      count(world, 'policy')
    mortal.passes('before the status file')
    const file = fileName(instance, incarnation)
    const { spec, killMs, orders } = prepared
    if (kernel.files.has(file))
      return refuse({ step: 'making the status file', about: file, code: 'EEXIST' })
    const lines: StatusLine[] = [{ said: 'knot', name: instance, incarnation, spec }]
    kernel.files.set(file, lines)
    mortal.passes('before the birth')
    const process = kernel.bear({
      ...{ instance, incarnation, file, lines, killMs, spec, orders },
      config: wanted.config,
      isChild: true,
      isSpare: false,
    })
    holdSockets(process, prepared.sockets)
    promises.born(process)
    liveAsKnot(world, kernel, process)
    mortal.passes('after the birth')
    const { pid, birth } = process
    lines.push({ said: 'pid', pid, birth })
    mortal.passes('after the launch')
    watch({ instance, incarnation, pid, process, file, ...unread })
    hear({ type: 'knot.launched', ...stamp(), instance, incarnation, pid, birth })
  }

  const signal = (effect: Signal): void => {
    const { instance, incarnation, signal, pid } = effect
    mortal.passes('before a signal')
    const knot = lives.get(fileName(instance, incarnation))
    if (world.bug === 'signal by pid') {
      const process = kernel.byPid.get(pid)
      if (process !== undefined) send(process, effect)
    } else if (knot !== undefined && knot.process !== null && !knot.hasEnded)
      send(knot.process, effect)
    mortal.passes(`after ${signal}`)
  }

  const send = (process: Process, effect: Signal): void => {
    promises.signalled(process, effect)
    signalKnot(world, kernel, process, effect.signal)
  }

  const preStop = (effect: Extract<Effect, { type: 'preStop' }>): void => {
    mortal.passes('before the order of a pre-stop')
    const knot = lives.get(fileName(effect.instance, effect.incarnation))
    if (knot !== undefined && knot.process !== null && !knot.hasEnded)
      runPreStop(world, kernel, knot.process)
  }

  const knotOf = (found: Found): Omit<Knot, 'hasEnded'> => {
    const { instance, incarnation, pid, offset, kept } = found
    const process = kernel.processes[(found.pidfd ?? 0) - 1] ?? null
    const file = found.file ?? fileName(instance, incarnation)
    const { startedAt, refused, exited, watched = [] } = kept
    const said = { startedAt, refused, exited, known: factsOf(watched) }
    const fresh = { isReady: false, wasReady: wasReady(kept), isAgain: isBetween(kept) }
    return { instance, incarnation, pid, process, file, offset, ...said, ...fresh }
  }

  const drop = (knot: Knot): void => {
    lives.delete(fileName(knot.instance, knot.incarnation))
    byFile.delete(knot.file)
    if (knot.process !== null) {
      byProcess.delete(knot.process)
      if (knot.process.isChild) kernel.reap(knot.process)
    }
    kernel.files.delete(knot.file)
  }

  return {
    perform: effect => {
      if (effect.type === 'launch') launch(effect)
      else if (effect.type === 'signal') signal(effect)
      else if (effect.type === 'preStop') preStop(effect)
    },
    adopt: found => {
      const knot = { ...knotOf(found), hasEnded: false }
      watch(knot)
      if (adopted.push(knot) === 1) soon(readAdopted)
    },
    keep: found => {
      const knot = { ...knotOf(found), hasEnded: true }
      watch(knot)
      return howItEnded(world, knot)
    },
    forget: (instance, incarnation) => {
      const knot = lives.get(fileName(instance, incarnation))
      if (knot === undefined) kernel.files.delete(fileName(instance, incarnation))
      else if (knot.hasEnded) drop(knot)
    },
  }
}
