/** As actors/timers.ts: nothing elapses early, everything elapses, some of it late. */
import type { Effect, Hear, Timer } from '../../machines/vocabulary.ts'
import { monoOf } from './world.ts'
import type { World } from './world.ts'

export interface FakeTimers {
  readonly perform: (effect: Extract<Effect, { type: 'armTimer' | 'disarmTimer' }>) => void
  readonly armed: () => ReadonlyMap<string, Deadline>
}

export interface Deadline {
  readonly key: string
  readonly timer: Timer
  readonly instance: string | undefined
  readonly due: number
}

export interface TimersOptions {
  readonly hear: Hear
  readonly stamp: () => { readonly at: number; readonly mono: number }
  /** In so many milliseconds, or later, if this life of the supervisor lasts. */
  readonly later: (delay: number, work: () => void) => void
}

export const createFakeTimers = (world: World, options: TimersOptions): FakeTimers => {
  const { hear, stamp, later } = options
  const armed = new Map<string, Deadline>()

  const ring = (deadline: Deadline): void => {
    if (armed.get(deadline.key) !== deadline) return
    const { mono } = stamp()
    if (deadline.due > mono) return later(deadline.due - mono, () => ring(deadline))
    const elapsed = [...armed.values()]
      .filter(({ due }) => due <= mono)
      .sort((a, b) => a.due - b.due)
    for (const { key, timer, instance } of elapsed) {
      armed.delete(key)
      const whose = instance === undefined ? {} : { instance }
      hear({ type: 'timer.elapsed', ...stamp(), timer, ...whose })
    }
  }

  return {
    armed: () => armed,
    perform: effect => {
      const { timer, instance } = effect
      const key = keyOf(timer, instance)
      armed.delete(key)
      if (effect.type === 'disarmTimer') return
      const isHasty = world.bug === 'restart too soon' && timer === 'restart'
      const due = isHasty ? effect.due - 50 : effect.due
      const deadline = { key, timer, instance, due }
      armed.set(key, deadline)
      const now = world.bug === 'wall clock' ? stamp().mono : monoOf(world)
      later(due - now, () => ring(deadline))
    },
  }
}

export const keyOf = (timer: Timer, instance: string | undefined): string =>
  `${timer} ${instance ?? ''}`
