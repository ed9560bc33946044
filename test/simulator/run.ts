/**
 * One seed, from the first start to the calm in which everything must come right. Nothing of it
 * takes real time: microtasks are ours for as long as it runs, so that a turn is over when we say
 * so and an exception of a dying supervisor lands with us.
 */
import { config as rxjs } from 'rxjs'
import { emptyState } from '../../src/decide.ts'
import { diceOf, seedFor } from './dice.ts'
import { beginFinale } from './finale.ts'
import { createHost } from './host.ts'
import { createInit } from './init.ts'
import { Killed } from './mortal.ts'
import { checkEnd, checkSettled } from './settled.ts'
import type { Scene } from './settled.ts'
import { createStory } from './story.ts'
import { beginWeather } from './weather.ts'
import { breakPromise, createWorld, stampOf } from './world.ts'
import type { FaultKind, Violation, WorldOptions } from './world.ts'

export interface RunOptions extends WorldOptions {
  /** So many things happen before it becomes calm; the seed says how many. */
  readonly steps?: number
}

export interface Result {
  readonly seed: number
  readonly violation: Violation | null
  readonly steps: number
  readonly turns: number
  readonly lives: number
  readonly faults: ReadonlyMap<FaultKind, number>
  readonly story: readonly string[]
}

/**
 * Most stories are short: per second many of them find more than a few long ones. What needs a long
 * one is found, too.
 */
export const stepsFor = (seed: number): number =>
  diceOf(seedFor(seed, 'steps')).pick([40, 60, 80, 100, 120, 150, 200, 600])

/** Longer than the longest deadline of the machines. */
const calmMs = 75_000

export const runSeed = (options: RunOptions): Result => {
  const restore = takeMicrotasks()
  const { stackTraceLimit } = Error
  // Every death is an exception, and so is many a refusal of the disk: nobody reads their stacks.
  if (options.isTold !== true) Error.stackTraceLimit = 0
  try {
    return simulate(options)
  } finally {
    restore()
    Error.stackTraceLimit = stackTraceLimit
  }
}

let tasks: (() => void)[] = []

const takeMicrotasks = (): (() => void) => {
  const [queue, onUnhandledError] = [globalThis.queueMicrotask, rxjs.onUnhandledError]
  tasks = []
  globalThis.queueMicrotask = task => void tasks.push(task)
  rxjs.onUnhandledError = error => {
    if (!(error instanceof Killed)) throw error
  }
  return () => {
    globalThis.queueMicrotask = queue
    rxjs.onUnhandledError = onUnhandledError
  }
}

const simulate = (options: RunOptions): Result => {
  const { seed, steps: stepsMax = stepsFor(seed) } = options
  const world = createWorld(options)
  const story = createStory(world)
  const host = createHost(world, story)
  const init = createInit(host)
  let steps = 0
  /** Also when there is nobody any more who knows it. */
  let known = emptyState()

  const guard = (work: () => void): void => {
    try {
      work()
    } catch (error) {
      if (error instanceof Killed) return
      const what = error instanceof Error ? (error.stack ?? error.message) : String(error)
      breakPromise(world, 'no surprise', what)
    }
  }

  /** Turns of a supervisor that is dead are nobody's. */
  const takeTurns = (): void => {
    for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) {
      guard(task)
      if (init.life()?.mortal.isDead() !== false) tasks = []
    }
  }

  const scene = (): Scene | null => {
    const life = init.life()
    if (life === null || life.mortal.isDead()) return null
    const { kernel, configs, promises } = host
    const { ledger } = promises
    return { world, kernel, configs, ledger, state: life.state(), armed: life.timers.armed() }
  }

  const step = (): boolean => {
    const entry = world.agenda.take()
    if (entry === undefined || world.violation !== null) return false
    world.now = entry.time
    steps += 1
    guard(entry.work)
    takeTurns()
    guard(init.look)
    const now = scene()
    if (now !== null) {
      known = now.state
      guard(() => checkSettled(now))
    }
    host.continuity.look(known)
    return world.violation === null
  }

  const runUntil = (time: number): void => {
    while ((world.agenda.next()?.time ?? Infinity) <= time) if (!step()) return
    world.now = time
  }

  const waitUntilServing = (): void => {
    const limit = world.now + 4 * calmMs
    while (world.now < limit && init.life()?.state().tree.value !== 'serving') if (!step()) return
  }

  init.begin()
  beginWeather(host, init)
  while (steps < stepsMax && step());

  world.isCalm = true
  host.disk.isFull = false
  host.configs.repair()
  waitUntilServing()
  init.signal('SIGHUP')
  runUntil(world.now + 1_000)
  waitUntilServing()
  runUntil(world.now + calmMs)
  init.life()?.hear({ type: 'config.reload', by: 'the end', ...stampOf(world) })
  takeTurns()
  runUntil(world.now + calmMs)
  const checkFinale = world.violation === null ? beginFinale(host, init) : null
  if (checkFinale !== null) {
    takeTurns()
    runUntil(world.now + calmMs)
    guard(checkFinale)
  }
  const last = scene()
  if (last !== null) {
    guard(() => checkEnd(last))
    for (const judge of host.judges) judge.checkEnd?.(last)
    host.continuity.checkEnd(last.state)
  } else breakPromise(world, 'it runs', 'in the end there is no supervisor')

  return {
    seed,
    violation: world.violation,
    steps,
    turns: host.memory.turns(),
    lives: init.lives(),
    faults: world.counts,
    story: story.lines(),
  }
}
