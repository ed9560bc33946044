/**
 * What is promised of `start-rate`: those that a configuration starts for the first time have
 * instants of their own, so far apart as was asked for, also over a restart of the supervisor.
 */
import type { Judge } from './judge.ts'
import { breakPromise, count } from './world.ts'
import type { World } from './world.ts'

export const createRates = (world: World): Judge => {
  /** When they begin, CLOCK_MONOTONIC. */
  let slots: number[] = []
  let rate: number | null = null

  const take = (instance: string, slot: number): void => {
    const gap = 1_000 / (rate ?? Infinity)
    const near = slots.find(other => Math.abs(other - slot) < gap - 0.001)
    if (near !== undefined)
      breakPromise(
        world,
        'start-rate',
        `${instance} begins at ${slot}, another one at ${near}, and ${rate} a second may`,
      )
    slots = [...slots.filter(other => other > slot - 60_000), slot]
    count(world, 'startRate')
  }

  return {
    written: ({ inputs, effects, before, mono }) => {
      rate = world.startRate
      if (rate === null || inputs.length !== 1 || inputs[0]?.type !== 'config.loaded') return
      for (const effect of effects) {
        if (effect.type !== 'launch' && effect.type !== 'armTimer') continue
        if (effect.instance === undefined || before.instances.has(effect.instance)) continue
        if (effect.type === 'launch') take(effect.instance, mono)
        else if (effect.timer === 'restart') take(effect.instance, effect.due)
      }
    },
    forget: () => {
      slots = []
    },
  }
}
