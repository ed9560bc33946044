/**
 * A sandbox of made-up applications under `decide`: they start, get ready and end when the test
 * says so. Every effect is obeyed, and what must hold of each is asked at once.
 */
import * as assert from 'uvu/assert'
import type { Effect, Input, Policy, Wanted } from '../../machines/vocabulary.ts'
import { decide, emptyState } from '../../src/decide.ts'
import type { State } from '../../src/decide.ts'
import { keepState, restoreState } from '../../src/state.ts'

export type Said = Input extends infer I
  ? I extends Input
    ? Omit<I, 'at' | 'mono'>
    : never
  : never

interface Knot {
  readonly incarnation: number
  readonly config: string
  readonly pid: number
  readonly policy: Policy | undefined
  isReady: boolean
  isStopping: boolean
}

export interface World {
  readonly state: () => State
  readonly knots: Map<string, Knot>
  readonly timers: Map<string, Extract<Effect, { type: 'armTimer' }>>
  readonly effects: Effect[]
  readonly say: (...said: readonly Said[]) => void
  readonly load: (processes: Processes) => void
  /** Everything that is to happen by itself: starts, answers of probes, ends after a signal. */
  readonly step: (random: () => number) => boolean
  readonly settle: (random?: () => number) => void
  readonly exit: (instance: string) => void
  /** The supervisor dies and comes back; `keeps`: with its journal. */
  readonly restart: (keeps?: boolean) => void
  readonly pass: (ms: number) => void
  readonly mono: () => number
}

export interface Declared {
  readonly count: number
  readonly version: string
  readonly policy?: Policy
}
export type Processes = Readonly<Record<string, Declared>>

const wantedOf = ({ version, policy }: Declared): Wanted => ({
  ...{ spec: `${version} ${JSON.stringify(policy ?? {})}`, config: version },
  ...{ restartMs: 1_000, killMs: 5_000 },
  ...(policy !== undefined && { policy }),
})

/** `isBad`: a version that never gets ready. `look`: asked before and after each effect. */
export const orderWorld = (
  isBad: (version: string) => boolean,
  look: (world: World, effect: Effect) => void = () => {},
): World => {
  let state = emptyState()
  let turn = 0
  let mono = 1_000
  let pid = 100
  let processes: Processes = {}
  const knots = new Map<string, Knot>()
  const timers = new Map<string, Extract<Effect, { type: 'armTimer' }>>()
  const effects: Effect[] = []
  const pending: (() => void)[] = []

  const say = (...said: readonly Said[]): void => {
    const inputs = said.map(one => ({ at: mono, mono, ...one }) as Input)
    const decision = decide(state, inputs, ++turn)
    state = decision.state
    // What is remembered is what a journal can hold.
    const kept = JSON.parse(JSON.stringify(keepState(state))) as ReturnType<typeof keepState>
    assert.equal(JSON.parse(JSON.stringify(keepState(restoreState(kept)))), kept)
    for (const effect of decision.effects) perform(effect)
  }

  const perform = (effect: Effect): void => {
    look(world, effect)
    effects.push(effect)
    switch (effect.type) {
      case 'launch': {
        const { instance, incarnation, wanted } = effect
        assert.not.ok(knots.has(instance), `a second ${instance}`)
        const knot = {
          ...{ incarnation, config: wanted.config, pid: ++pid, policy: wanted.policy },
          ...{ isReady: false, isStopping: false },
        }
        knots.set(instance, knot)
        const life = { instance, incarnation }
        pending.push(() => {
          if (knots.get(instance) !== knot) return
          say({ type: 'knot.launched', ...life, pid: knot.pid, birth: 1 })
          say({ type: 'app.started', ...life, pid: knot.pid })
        })
        return
      }
      case 'signal': {
        const knot = knots.get(effect.instance)
        assert.is(knot?.incarnation, effect.incarnation)
        if (knot === undefined) return
        knot.isStopping = true
        pending.push(() => knots.get(effect.instance) === knot && exit(effect.instance))
        return
      }
      case 'preStop': {
        const { instance, incarnation } = effect
        pending.push(() => say({ type: 'preStop.ended', instance, incarnation, code: 0 }))
        return
      }
      case 'probe':
        if (effect.what === 'ready') pending.push(() => getReady(effect.instance))
        return
      case 'armTimer':
        timers.set(`${effect.instance} ${effect.timer}`, effect)
        return
      case 'disarmTimer':
        timers.delete(`${effect.instance} ${effect.timer}`)
        return
      case 'load':
        if (state.tree.value === 'serving') pending.push(tell)
        return
    }
  }

  const getReady = (instance: string): void => {
    const knot = knots.get(instance)
    if (knot === undefined || knot.isStopping || isBad(knot.config) || knot.isReady) return
    knot.isReady = true
    say({ type: 'app.ready', instance, incarnation: knot.incarnation })
  }

  const exit = (instance: string): void => {
    const knot = knots.get(instance)
    if (knot === undefined) return
    knots.delete(instance)
    const { incarnation, pid } = knot
    say({ type: 'knot.exited', instance, incarnation, pid, status: 0 })
  }

  const tell = (): void => {
    const wanted: Record<string, Wanted> = {}
    const spares: Record<string, Wanted> = {}
    for (const [name, one] of Object.entries(processes))
      for (let i = 0; i < one.count + (one.policy?.rolling?.surge ?? 0); i++)
        (i < one.count ? wanted : spares)[`s/${name}.${i}`] = wantedOf(one)
    say({
      ...{ type: 'config.loaded', sandbox: 's', wanted },
      ...(Object.keys(spares).length > 0 && { spares }),
    } as Said)
  }

  const elapse = (): boolean => {
    const [next] = [...timers.values()].sort((a, b) => a.due - b.due)
    if (next === undefined) return false
    mono = Math.max(mono, next.due)
    timers.delete(`${next.instance} ${next.timer}`)
    say({
      ...{ type: 'timer.elapsed', timer: next.timer },
      ...(next.instance !== undefined && { instance: next.instance }),
    } as Said)
    return true
  }

  const world: World = {
    state: () => state,
    knots,
    timers,
    effects,
    say,
    load: news => {
      processes = news
      say({ type: 'config.reload', by: 'uid 0' } as Said)
    },
    step: random => {
      if (pending.length > 0) {
        mono += 1
        const index = Math.floor(random() * Math.min(3, pending.length))
        pending.splice(index, 1)[0]?.()
        return true
      }
      return elapse()
    },
    settle: (random = () => 0) => {
      for (let i = 0; i < 3_000 && (pending.length > 0 || isBusy(state)); i++)
        if (!world.step(random)) return
    },
    exit,
    restart: (keeps = true) => {
      pending.length = 0
      timers.clear()
      if (!keeps) state = emptyState()
      say({ type: 'tree.started', pid: 1, bootId: 'b', version: '1' })
      for (const { context } of state.instances.values()) {
        if (context.timer !== null)
          timers.set(`${context.name} ${context.timer.timer}`, {
            ...{ type: 'armTimer', instance: context.name },
            ...context.timer,
          })
        // Dead while nobody was there.
        const { life } = context
        if (life !== null && !knots.has(context.name))
          say({
            ...{ type: 'knot.exited', instance: context.name, incarnation: life.incarnation },
            ...{ pid: life.pid ?? 0, status: null },
          } as Said)
      }
      for (const [instance, { incarnation, config, pid }] of [...knots]) {
        const birth = 1
        const life = state.instances.get(instance)?.context.life
        if (life?.pid === null) say({ type: 'knot.launched', instance, incarnation, pid, birth })
        say({
          ...{ type: 'knot.adopted', instance, incarnation, pid, birth, config, bornAt: mono },
          ...{ appPid: pid },
        } as Said)
      }
      say({ type: 'tree.surveyed', adopted: knots.size, lost: 0 })
    },
    pass: ms => void (mono += ms),
    mono: () => mono,
  }
  say({ type: 'tree.started', pid: 1, bootId: 'b', version: '1' })
  say({ type: 'tree.surveyed', adopted: 0, lost: 0 })
  return world
}

const isBusy = ({ instances, sandboxes, tree }: State): boolean =>
  tree.value === 'stopping' ||
  [...sandboxes.values()].some(
    ({ context: { order } }) =>
      order !== undefined && (order.ending.length > 0 || order.lent.length > 0),
  ) ||
  [...instances.values()].some(({ value }) => value !== 'running' && value !== 'failed')
