/**
 * One life of the supervisor: what src/supervisor.ts composes, of the same parts, with fakes for
 * hands. Everything that decides is the shipped code.
 */
import { openHot } from '../../journal/hot.ts'
import type { Hot } from '../../journal/hot.ts'
import type { Effect, Input } from '../../machines/vocabulary.ts'
import { begin } from '../../src/begin.ts'
import type { State } from '../../src/decide.ts'
import type { Settings } from '../../src/evaluate/settings.ts'
import { createLoading } from '../../src/loading.ts'
import { endsIn, remember } from '../../src/memory.ts'
import { aliveIn, createForgetting, performEffect } from '../../src/performing.ts'
import { keepState } from '../../src/state.ts'
import { wantedBy } from '../../src/spec.ts'
import type { Spec } from '../../src/spec.ts'
import { openBus } from '../../src/turn.ts'
import type { Bus, TurnLog } from '../../src/turn.ts'
import { createFakeKnots } from './fakeKnots.ts'
import { createFakeSockets } from './fakeSockets.ts'
import type { FakeSockets } from './fakeSockets.ts'
import { createFakeTimers } from './fakeTimers.ts'
import type { FakeTimers } from './fakeTimers.ts'
import type { Host } from './host.ts'
import type { Orders } from './kernel.ts'
import type { WrittenTurn } from './memory.ts'
import { foundIn, misremember, startRateFor } from './mistakes.ts'
import { Killed } from './mortal.ts'
import type { Mortal } from './mortal.ts'
import { isBadImage } from './wishes.ts'
import { after, monoOf, note, stampOf } from './world.ts'

export interface Life {
  readonly mortal: Mortal
  readonly pid: number
  readonly hear: (input: Input) => void
  readonly state: () => State
  readonly timers: FakeTimers
  readonly sockets: FakeSockets
  /** The process is about to end by itself, or to become another image. */
  readonly close: () => void
  /** Nothing of it runs before this instant. */
  busyUntil: number
}

export interface LifeOptions {
  readonly host: Host
  readonly mortal: Mortal
  readonly pid: number
  readonly reason: string
  readonly signals: readonly string[]
  readonly onExec: (reason: string) => void
  readonly onExit: (code: number) => void
}

export const hotDirectory = '/run/journal'
const stateVersion = 1

export const startLife = (options: LifeOptions): Life => {
  const { host, mortal, pid, reason, onExec, onExit } = options
  const { world, kernel, disk, configs, network, promises } = host
  const stamp = () => stampOf(world)
  const early: Input[] = []
  let hear = (input: Input): void => void early.push(input)
  let bus: Bus | null = null

  const { recovered, hot } = openHot(hotDirectory, {
    version: stateVersion,
    stateOf: () => (bus === null ? null : keepState(bus.state())),
    turnBytesMax: world.dice('journal').pick([1_000, 1_000, 4_000, 4_000, 20_000, 1 << 20]),
    disk: disk.openFor(mortal),
    onStalled: ({ where, reason }) => hear({ type: 'journal.stalled', where, reason, ...stamp() }),
    onResumed: ({ where, missing }) =>
      hear({ type: 'journal.resumed', where, missing, ...stamp() }),
  })
  // The journal catches whatever a disk throws, and goes on.
  mortal.mustLive()
  const { state: known, note: condition } = remember(recovered)
  note(world, () => `journal: ${condition}`)
  host.memory.compare(recovered, known)
  const state = misremember(world.bug, known)

  const later = (delay: number, work: () => void): void => {
    const lag = world.dice('loop').pick([0, 0, 0, 1, 3])
    const time = Math.max(world.now + delay + lag, life.busyUntil)
    after(world, time - world.now, () => run(mortal, work))
  }

  const log = logOf(host, hot, () => bus as Bus)
  const perform = (effect: Effect, turn: number): void => {
    mortal.passes(`before ${effect.type}`)
    host.memory.performs(turn, effect, (bus as Bus).state())
    performEffect(effect, turn, {
      knots,
      sweeper,
      timers,
      sockets,
      loading,
      exec: onExec,
      exit: onExit,
    })
    mortal.passes(`after ${effect.type}`)
  }
  bus = openBus(state, log, perform)
  const loading = createLoading({
    hear: bus.hear,
    stamp,
    evaluator: configs.evaluator,
    settings: settingsOf(),
    state: bus.state,
    warn: () => {},
    look: configs.look,
    isRemoved: (_, sandbox) => configs.sandboxes.get(sandbox)?.state === 'removed',
  })
  const timers = createFakeTimers(world, { hear: bus.hear, stamp, later })
  const sockets = createFakeSockets({
    ...{ network, mortal, stamp },
    hear: bus.hear,
    later,
  })
  const knots = createFakeKnots(world, {
    ...{ kernel, mortal, promises, stamp },
    hear: bus.hear,
    soon: work => later(world.dice('loop').pick([0, 0, 1, 2, 20]), work),
    prepare: ({ instance, wanted }) => {
      const found = loading.specOf(instance, wanted)
      if (found === null)
        return { refused: { step: 'finding', about: wanted.spec, code: 'ENOENT' } }
      const given = sockets.give(wantedBy(found.spec, found.hash).sockets ?? [])
      if (given === null) return { refused: { step: 'listen', about: '', code: 'EADDRINUSE' } }
      return {
        ...{ killMs: found.spec.killTimeoutMs, spec: found.hash, sockets: given },
        orders: ordersIn(found.spec),
      }
    },
  })
  const sweeper = {
    spare: () => {},
    perform: ({ instance }: { readonly instance: string }): void => {
      promises.swept(instance)
      if (world.bug !== 'socket closed early') return
      const want = life.state().instances.get(instance)?.context.want
      for (const { key } of want?.sockets ?? []) sockets.closeShared(key)
    },
  }
  const forgetEnds = createForgetting(
    knots,
    world.bug === 'forgotten while stalled' ? () => true : hot.isWhole,
  )
  bus.finished.subscribe(turn => {
    // What is thrown here would be caught by rxjs.
    quietly(() => {
      mortal.mustLive()
      host.memory.settles(turn.seq, turn.state)
      mortal.passes('before forgetting')
      forgetEnds(turn)
      mortal.passes('after forgetting')
    })
  })

  const life: Life = {
    mortal,
    pid,
    hear: input => hear(input),
    state: bus.state,
    timers,
    sockets,
    close: () => {
      sockets.close()
      hot.close()
    },
    busyUntil: world.now,
  }

  hear = bus.hear
  const knotsFound = foundIn(host.world, host.kernel, state)
  // While we look at the world it goes on.
  for (const process of kernel.byPid.values())
    if (process.instance !== null && world.dice('survey').happens(0.1) && !world.isCalm)
      kernel.end(process, 9)
  const listening = network.findable()
  sockets.adopt(listening)
  begin(
    {
      state,
      isTold: endsIn(recovered.turns),
      condition,
      bootId: `boot-${world.boots}`,
      found: knotsFound,
      sockets: listening,
      pid,
      version: '0',
      reason,
      startRate: startRateFor(world),
      stamp,
      sayRefusal: () => () => ({ step: 'a step', about: '', code: 'E' }),
    },
    {
      hear: bus.hear,
      skipTo: seq => {
        if (world.bug !== 'numbers given twice') hot.skipTo(seq)
      },
      arm: timer => {
        if (world.bug === 'timers not armed again') return
        if (world.bug === 'kill forgotten over exec' && timer.timer === 'kill') return
        timers.perform(timer)
      },
      adopt: knots.adopt,
      keep: knots.keep,
      forget: knots.forget,
      dismiss: found => {
        const process = kernel.processes[(found.pidfd ?? 0) - 1]
        if (process === undefined || world.bug === 'spare left alone') return
        promises.dismissed(process)
        host.dismiss(process)
      },
    },
  )
  const alive = aliveIn(bus.state(), { knots: knotsFound, commands: new Set() })
  for (const process of kernel.byPid.values())
    if (process.instance !== null && process.state === 'alive' && !alive.has(process.instance))
      promises.swept(process.instance)
  for (const input of early) hear(input)
  for (const signal of options.signals) hear({ type: 'signal.received', ...stamp(), signal })
  return life
}

/** What is compiled into the plan of a knot. */
const ordersIn = ({ policy, stop, restartProcessOnly, restartTimeoutMs, image }: Spec): Orders => ({
  policy: policy ?? null,
  stop: stop ?? null,
  inPlaceMs: restartProcessOnly ? restartTimeoutMs : null,
  isBad: isBadImage(image),
})

const settingsOf = (): Settings =>
  ({ places: { configLogDir: null, sandboxesDir: '/etc/lithos/sandboxes' } }) as unknown as Settings

/** Does it as the supervisor: if that dies on the way, nothing more comes of it. */
export const run = (mortal: Mortal, work: () => void): void => {
  if (!mortal.isDead()) quietly(work)
}

const quietly = (work: () => void): void => {
  try {
    work()
  } catch (error) {
    if (!(error instanceof Killed)) throw error
  }
}

/** What a turn writes, with an eye on whether it did. */
const logOf = ({ world, memory }: Host, hot: Hot, bus: () => Bus): TurnLog => {
  let waiting: (() => void) | null = null
  const nextSeq = (): number => {
    waiting?.()
    waiting = null
    return hot.tail().seq + 1
  }
  const append: TurnLog['append'] = (inputs, effects) => {
    const before = bus().state()
    const write = (): void => {
      const when = { time: world.now, mono: monoOf(world) }
      const seq = hot.tail().seq + 1
      const turn: WrittenTurn = { seq, inputs, effects, before, isInFile: null, ...when }
      memory.begins(turn)
      hot.append(inputs, effects)
      turn.isInFile = hot.isWhole()
    }
    if (world.bug === 'effect before append') waiting = write
    else write()
  }
  return { nextSeq, append }
}
