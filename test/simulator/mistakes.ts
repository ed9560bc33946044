/** What planted mistakes (bugs.ts) make of what a start remembers, and of what it finds. */
import type { Found } from '../../native/survey.ts'
import type { State } from '../../src/decide.ts'
import type { Bug } from './bugs.ts'
import type { Kernel } from './kernel.ts'
import { surveyOf } from './survey.ts'
import type { World } from './world.ts'

export const misremember = (bug: Bug | null, state: State): State => {
  if (bug !== 'standing is stale') return state
  const sandboxes = [...state.sandboxes].map(([name, snapshot]) => {
    const { order } = snapshot.context
    const standing = Object.fromEntries(Object.keys(order?.standing ?? {}).map(key => [key, 'up']))
    const context = { ...snapshot.context, ...(order && { order: { ...order, standing } }) }
    return [name, { ...snapshot, context } as typeof snapshot] as const
  })
  return { ...state, sandboxes: new Map(sandboxes) }
}

export const foundIn = (world: World, kernel: Kernel, state: State): readonly Found[] => {
  const found = surveyOf(kernel)
  if (world.bug === 'launched twice')
    return found.filter(({ instance }) => {
      const life = state.instances.get(instance)?.context.life ?? null
      return life === null || life.pid !== null
    })
  if (world.bug !== 'pid without birth') return found
  return found.map(knot => {
    const process = kernel.byPid.get(knot.pid)
    const life = state.instances.get(knot.instance)?.context.life
    if (process?.state !== 'alive' || life?.pid !== knot.pid) return knot
    const pidfd = process.id as NonNullable<Found['pidfd']>
    return { ...knot, state: 'alive', birth: life.birth ?? 0, pidfd, config: process.config }
  })
}

/** Another rate, as the supervisor sees it, begins another queue. */
export const startRateFor = ({ bug, startRate, now }: World): number | null =>
  startRate !== null && bug === 'start-rate queue forgotten' ? startRate + now / 1e9 : startRate
