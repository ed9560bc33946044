/**
 * The composition root: recover, connect, run. From the first input on everything happens in
 * turns (src/turn.ts); this file only ties together what hears and what performs.
 */
import { access } from 'node:fs'
import { join } from 'node:path'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { leaveSlice, moveRest } from '../actors/cgroups.ts'
import { stamp } from '../actors/clock.ts'
import { createKnots } from '../actors/knots.ts'
import type { Control } from '../actors/control.ts'
import { createManager } from '../actors/manager.ts'
import { createSignals } from '../actors/signals.ts'
import { createSweeper } from '../actors/sweeper.ts'
import { createSockets } from '../actors/sockets.ts'
import { createTimers } from '../actors/timers.ts'
import type { Hear, Input, Perform } from '../machines/vocabulary.ts'
import { inheritedWatch, watchDirectory } from '../native/inotify.ts'
import { holdSignals, releaseSignals } from '../native/exec.ts'
import { survey } from '../native/survey.ts'
import { begin } from './begin.ts'
import { createTakeAddress, sweepCables } from './cables.ts'
import type { LogLevel } from './config/shapes.ts'
import { sayProblem } from './config/report.ts'
import type { Decoded } from './config/report.ts'
import type { Settings } from './evaluate/settings.ts'
import { dismiss } from './dismiss.ts'
import { findSockets } from './findSockets.ts'
import { whyNoGround } from './ground.ts'
import { handOver, standAsBefore } from './handOver.ts'
import { createLate } from './late.ts'
import { createLaunching, knotEnvironment } from './launching.ts'
import { createLoading } from './loading.ts'
import { openMemory } from './memory.ts'
import { announceCantal, createMetrics } from './metrics/begin.ts'
import { aliveIn, createForgetting, performEffect } from './performing.ts'
import type { Performers } from './performing.ts'
import { nameFoundStep, sayRefusalBy } from './refusals.ts'
import { createRestart } from './restart.ts'
import type { Spec } from './spec.ts'
import { forgetSocket, keepSocket, tidingsOf } from './systemd.ts'
import { openBus } from './turn.ts'
import { version } from './cli/version.ts'

export interface SupervisorOptions {
  readonly masterFile: string
  readonly logLevel: LogLevel | null
  readonly logToStderr: boolean
}

const drainLimitMs = 250

/** Resolves with the exit code when everything is stopped. Rejects with Fatal before that. */
export const supervise = async (options: SupervisorOptions): Promise<number> => {
  const signals: Input[] = []
  let hear: Hear = input => void signals.push(input)
  createSignals(input => hear(input), stamp)
  // The threads that this starts keep our signals blocked, which arrive with us only.
  access('/', () => {})
  releaseSignals()

  const late = createLate(options.masterFile, () => stamp().at)
  const { evaluator } = late
  const place = { ...options, now: () => stamp().at }
  const { settings, ground, instead } =
    standAsBefore(place) ?? (await late.load()).stand(evaluator, place)
  announceCantal(settings.places.runtimeDir)
  const restart = createRestart(options.masterFile, [ground.pidFile.fd])
  const awake = restart.awake
  const memory = await openMemory(settings, input => hear(input))
  const mayDecrypt = [...memory.state.specs.values()].some(spec => 'secrets' in (spec as Spec))
  if (mayDecrypt) await late.load()
  if (ground.layout.v1.length === 0) await moveRest(ground.layout)

  return new Promise<number>(done => {
    const knotsDir = join(settings.places.runtimeDir, 'knots')
    const found = survey(knotsDir, settings.file)
    const changes = watchDirectory(knotsDir, inheritedWatch())
    restart.keep('watch', [changes.fd])
    const inherited = findSockets(memory.state, found, restart.stored)
    const perform: Perform = (effect, turn) => performEffect(effect, turn, performers)
    /** Deaths that wait for us are heard first: files can wait. */
    const soon = (turn: number, sandbox?: string): void =>
      void setImmediate(undefined)
        .then(late.load)
        .then(() => {
          awake()
          // The next image loads, and whoever stops starts nothing.
          if (bus.state().tree.value === 'serving') loading.load(turn, sandbox)
        })

    const bus = openBus(memory.state, memory.log, perform, awake)
    memory.follow(bus.state)
    const warn = (text: string): void => ground.log('warn', text)
    const loading = createLoading({
      hear: bus.hear,
      stamp,
      evaluator,
      settings,
      state: bus.state,
      warn,
    })
    const manager = createManager(restart.notifySocket, warn)
    const sockets = createSockets(bus.hear, {
      stamp,
      masterFile: settings.file,
      keep: fds => restart.keep('sockets', fds),
      store: (key, fd) => manager.tell(keepSocket(key), fd),
      unstore: key => manager.tell(forgetSocket(key)),
      warn,
    })
    const launching = createLaunching({
      settings,
      layout: ground.layout,
      loading,
      sockets,
      logLevel: options.logLevel,
      takeAddress: createTakeAddress(bus.state),
      decryption: late.decryption,
    })
    const timers = createTimers(bus.hear, stamp)
    const knots = createKnots(bus.hear, {
      stamp,
      knotsDir,
      env: knotEnvironment(process.env),
      prepare: launching.prepare,
      awake,
      changes,
    })
    const sweeper = createSweeper({
      stateDir: settings.places.stateDir,
      layout: ground.layout,
      report: problem => warn(`Cleaning up: ${JSON.stringify(problem)}`),
    })
    const performers: Performers = {
      knots,
      sweeper,
      timers,
      sockets,
      loading: { load: soon },
      exec: reason => void becomeNew(reason),
      exit: code => void leave(code),
    }

    const { lag, bootId } = memory
    const metrics = createMetrics({
      settings,
      layout: ground.layout,
      bus,
      bootId,
      lag,
      stamp,
      warn,
    })
    const forgetEnds = createForgetting(knots, memory.isWhole)
    bus.finished.subscribe(turn => {
      const tidings = tidingsOf(turn, stamp().mono)
      if (tidings.length > 0) manager.tell(tidings)
      ground.tell(turn)
      forgetEnds(turn)
    })

    /** A new image could not go on with what it cannot read: better the settings of now. */
    const whyNoStart = async ({ value, problems }: Decoded<Settings>): Promise<string[]> => {
      if (value === null) return problems.map(sayProblem)
      const moved = (await late.load()).whyNotInPlace(settings, value)
      const reason = moved.length > 0 ? null : whyNoGround(value)
      return reason === null ? [...moved] : [reason]
    }

    /** What is on its way to a disk is waited for, but not for a disk that hangs. */
    const becomeNew = async (reason: string): Promise<void> => {
      await late.load()
      const next = evaluator.settings()
      const reasons = await whyNoStart(next)
      if (reasons.length > 0)
        return hear({ type: 'exec.refused', code: 'EINVAL', reasons, ...stamp() })
      const whyNot = await restart.whyNot()
      if (whyNot !== null)
        return hear({ type: 'exec.refused', code: 'ENOEXEC', reasons: [whyNot], ...stamp() })
      await Promise.race([
        Promise.all([ground.drainLog(), memory.flush()]),
        setTimeout(drainLimitMs),
      ])
      memory.shorten()
      // What Node has caught already would be lost with us: it is heard before we go.
      holdSignals()
      await setImmediate()
      await setImmediate()
      if (bus.state().tree.value !== 'restarting') return releaseSignals()
      const code = restart.execNow(reason, handOver(next))
      releaseSignals()
      hear({ type: 'exec.refused', code, ...stamp() })
    }

    let control: Control | null = null
    /** Nothing of ours is left running: whatever goes wrong from here on, we do go. */
    const leave = async (code: number): Promise<void> => {
      try {
        control?.close()
        metrics.close()
        await sockets.close()
        sweeper.sweepDangling(new Set())
        await sweeper.settled()
        // The kernel may still be at it: that is no news.
        sweepCables(bus.state(), text => ground.log('info', text))
        await leaveSlice(ground.layout)
        await memory.close()
      } catch (error) {
        ground.log('error', `Stopping: ${String(error)}`)
      }
      ground.flushLog()
      done(code)
    }

    hear = bus.hear
    sockets.adopt(inherited.sockets, inherited.keepers)
    inherited.oddities.forEach(warn)
    begin(
      {
        state: memory.state,
        isTold: memory.isTold,
        condition: memory.condition,
        bootId: memory.bootId,
        found: found.knots,
        sockets: inherited.sockets,
        pid: process.pid,
        version,
        reason: restart.reason,
        master: instead,
        startRate: settings.master.startRate,
        stamp,
        sayRefusal: sayRefusalBy(launching),
      },
      {
        hear: bus.hear,
        skipTo: memory.skipTo,
        arm: timers.perform,
        adopt: knot => knots.adopt(knot, step => nameFoundStep(launching, bus.state(), knot, step)),
        keep: knots.keep,
        forget: knots.forget,
        dismiss: knot => dismiss(knot, warn),
      },
    )
    void setImmediate().then(() => {
      sweeper.sweepDangling(aliveIn(bus.state(), found))
      sweepCables(bus.state(), warn)
    })
    for (const signal of signals) hear(signal)
    // Last of all: who supervises is asked nothing before there is something to tell.
    const seq = (): number => memory.log.nextSeq() - 1
    const isLast = instead !== null
    const reopenLogs = () => ground.reopenLog().then(knots.reopenLogs)
    void setImmediate(undefined)
      .then(late.load)
      .then(({ createRotation, serveLater }) => {
        const rotation = createRotation({ settings, state: bus.state, stamp, warn, reopenLogs })
        return serveLater({ settings, stamp, bus, seq, isLast, warn, reopenLogs, ...rotation })
      })
      .then(opened => (control = opened))
    if (ground.layout.v1.length > 0)
      void setImmediate(ground.layout)
        .then(moveRest)
        .then(problems => problems.forEach(warn))
  })
}
