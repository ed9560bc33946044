/**
 * What is promised of an order, asked of every start and every stop, and judged by what the
 * applications themselves have said: who is after others begins when they are up and ends before
 * them; an upgrade takes away no more at a time than is allowed, as spare ones make up for it.
 *
 * Who has died, is ill, or is started anew for an operator is missed, too, but through no fault of
 * an upgrade: nobody is stopped by one while they are missed.
 */
import { processOf, sandboxOf } from '../../machines/order.ts'
import type { SandboxMemory } from '../../machines/sandbox.ts'
import type { Effect, Input, Wanted } from '../../machines/vocabulary.ts'
import { fileName } from '../../native/statusFile.ts'
import type { State } from '../../src/decide.ts'
import { heardOf } from './judge.ts'
import type { Judge } from './judge.ts'
import type { Ledger } from './ledger.ts'
import type { WrittenTurn } from './memory.ts'
import { hasMute } from './settled.ts'
import type { Scene } from './settled.ts'
import { breakPromise, count } from './world.ts'
import type { World } from './world.ts'

type Launch = Extract<Effect, { type: 'launch' }>
type Wishes = Readonly<Record<string, Wanted>>
type Stop = Extract<Effect, { type: 'signal' | 'preStop' }>

/** After any of these it may be that somebody is up no more. */
const bad: readonly Input['type'][] = [
  ...(['knot.exited', 'knot.refused', 'knot.adopted', 'app.unready', 'app.unhealthy'] as const),
  ...(['app.started', 'instance.restart', 'timer.elapsed', 'preStop.ended'] as const),
]

export const createOrdering = (world: World, ledger: Ledger): Judge => {
  const { lives, accepted, strangers, personal } = ledger
  /** Lives that were told to stop. */
  const told = new Set<string>()

  const fail = (promise: string, what: string): void => breakPromise(world, promise, what)

  const isUp = ({ instances }: State, name: string): boolean => {
    const { value, context } = instances.get(name) ?? {}
    const life = context?.life
    if (value !== 'running' || life == null) return false
    // Of a stranger nothing more is asked than what is asked now.
    const { config, policy } = context?.want ?? {}
    const isAsked = life.spec !== null || config !== life.config || policy?.ready !== undefined
    if (isAsked && life.isReady === false) return false
    const key = fileName(name, life.incarnation)
    const process = lives.get(key)
    if (process?.orders.policy?.ready === undefined) return true
    // Of who was found nobody may know whether he was ready.
    return process.app.wasReady || accepted.has(key) || strangers.has(key)
  }

  const hasFallen = ({ inputs }: WrittenTurn, name: string): boolean =>
    heardOf(inputs, name).some(({ type }) => bad.includes(type))

  const namesOf = (wanted: Wishes, process: string): readonly string[] =>
    Object.keys(wanted).filter(name => processOf(name) === process)

  const wantedIn = ({ sandboxes }: State, name: string): Wishes =>
    sandboxes.get(sandboxOf(name))?.context.wanted ?? {}

  const isEverythingEnding = ({ tree, sandboxes }: State, name: string): boolean =>
    tree.context.isStopping || sandboxes.get(sandboxOf(name))?.value !== 'serving'

  /** A process has one order, that of the files as they were read last while they named it. */
  const afterNow = (wanted: Wishes, former: SandboxMemory | undefined, process: string) => {
    const [wish] = [wanted, former?.wanted ?? {}].flatMap(wishes =>
      namesOf(wishes, process).map(name => wishes[name]),
    )
    return (wish === undefined ? former?.order?.after[process] : wish.policy?.after) ?? []
  }

  // ---- starts ------------------------------------------------------------------------------

  /** Not before those that it is after are up. */
  const startsAfterOthers = (turn: WrittenTurn, next: State, launch: Launch): void => {
    const { instance } = launch
    const all = wantedIn(next, instance)
    const former = turn.before.sandboxes.get(sandboxOf(instance))?.context
    for (const other of afterNow(all, former, processOf(instance)))
      for (const name of namesOf(all, other)) {
        // Who is replaced one by one waits for nobody, and its turn may have come with this start.
        const isRolling = all[name]?.policy?.rolling !== undefined && isUp(turn.before, name)
        if (!isUp(next, name) && !hasFallen(turn, name) && !isRolling)
          fail('started in order', `${instance} is started, and ${name} is not up`)
      }
  }

  /** What nobody wants is started only to stand in, and no more of it than was allowed. */
  const standsInForOthers = ({ before }: WrittenTurn, next: State, { instance }: Launch): void => {
    const { wanted = {}, order } = next.sandboxes.get(sandboxOf(instance))?.context ?? {}
    const former = before.sandboxes.get(sandboxOf(instance))?.context
    if (isEverythingEnding(before, instance) || isEverythingEnding(next, instance)) return
    // It may have been ended in the same turn again.
    const wasDue = former !== undefined && instance in former.wanted
    const wasLent = former?.order?.lent.includes(instance) === true
    // Of those that end after others each is kept up until then, which may be in the same turn.
    const isEnding = [order, former?.order].some(one => one?.ending.includes(instance) === true)
    // And of one that stands in for others they may turn out to be up in this very turn.
    const isOver = next.instances.get(instance)?.context.want === null
    if (instance in wanted || isEnding || wasDue || wasLent || isOver) return
    const process = processOf(instance)
    const [first = ''] = namesOf(wanted, process)
    const surge = wanted[first]?.policy?.rolling?.surge ?? 0
    const lent = order?.lent.filter(name => processOf(name) === process) ?? []
    if (!lent.includes(instance)) fail('surge', `${instance} is started, and nobody wants it`)
    if (lent.length > surge) fail('surge', `${lent.join(', ')} stand in, and only ${surge} may`)
  }

  // ---- stops -------------------------------------------------------------------------------

  /** Not while somebody lives who is after it, and is to change or to end, too. */
  const stopsBeforeOthers = (turn: WrittenTurn, next: State, { instance }: Stop): void => {
    const { lent = [], spares = {} } = next.sandboxes.get(sandboxOf(instance))?.context.order ?? {}
    const standIns = Object.entries(spares).filter(([name]) => lent.includes(name))
    const wanted = { ...wantedIn(next, instance), ...Object.fromEntries(standIns) }
    // What is replaced one by one, and is not up yet, is replaced at once: nobody relies on it.
    if (wanted[instance]?.policy?.rolling !== undefined && !isUp(turn.before, instance)) return
    const former = turn.before.sandboxes.get(sandboxOf(instance))?.context
    const process = processOf(instance)
    for (const [name, { context }] of turn.before.instances) {
      const life = context.life
      const isNeighbour = sandboxOf(name) === sandboxOf(instance)
      const now = next.instances.get(name)?.context.life
      if (!isNeighbour || life === null || now?.incarnation !== life.incarnation) continue
      const after = afterNow(wanted, former, processOf(name))
      const isRolling = wanted[name]?.policy?.rolling !== undefined
      const wish = wanted[name]
      const isToChange = !isRolling && wish !== undefined && wish.config !== life.config
      // Who stands in for others goes when they are up again, which may be in this very turn.
      const isToEnd = wanted[name] === undefined && former?.order?.lent.includes(name) !== true
      if (after.includes(process) && (isToEnd || isToChange) && !hasFallen(turn, name))
        fail('stopped in order', `${instance} is stopped, and ${name}, which is after it, lives`)
    }
  }

  /** Those that are missed, it among them, are no more than may be. */
  const leavesEnough = (turn: WrittenTurn, next: State, { instance }: Stop): void => {
    const [wanted, process] = [wantedIn(next, instance), processOf(instance)]
    const rolling = wanted[instance]?.policy?.rolling
    if (rolling === undefined || !(isUp(turn.before, instance) || hasFallen(turn, instance))) return
    const names = namesOf(wanted, process)
    const missed = names.filter(name => !isUp(next, name) && !hasFallen(turn, name))
    const { lent = [] } = next.sandboxes.get(sandboxOf(instance))?.context.order ?? {}
    const spares = lent.filter(
      name => processOf(name) === process && (isUp(next, name) || hasFallen(turn, name)),
    )
    count(world, 'rolling')
    if (missed.length <= rolling.maxUnavailable + spares.length) return
    const what = `${instance} is replaced, and then ${missed.join(', ')} are missed`
    fail('upgrade', `${what}; ${rolling.maxUnavailable} may be, ${spares.length} stand in`)
  }

  const stops = (turn: WrittenTurn, next: State, stop: Stop): void => {
    const key = fileName(stop.instance, stop.incarnation)
    if (told.has(key) || strangers.has(key)) return
    told.add(key)
    // For its own sake.
    if (personal.has(key) || lives.get(key)?.state !== 'alive') return
    stopsBeforeOthers(turn, next, stop)
    if (!isEverythingEnding(next, stop.instance)) leavesEnough(turn, next, stop)
  }

  return {
    written: (turn, next) => {
      for (const effect of turn.effects) {
        if (effect.type === 'launch') {
          told.delete(fileName(effect.instance, effect.incarnation))
          startsAfterOthers(turn, next, effect)
          standsInForOthers(turn, next, effect)
        }
        if (effect.type === 'preStop') stops(turn, next, effect)
        if (effect.type === 'signal' && effect.signal === 'SIGTERM') stops(turn, next, effect)
      }
    },
    /** An upgrade ends, whatever has become of the supervisor on the way. */
    checkEnd: ({ kernel, state }: Scene) => {
      for (const [name, { context }] of state.sandboxes) {
        if (hasMute(kernel, state, name)) continue
        const { held = {}, ending = [], lent = [] } = context.order ?? {}
        const left = [...Object.keys(held), ...ending, ...lent]
        if (left.length > 0) fail('upgrade', `in the end ${name} is not done with ${left.join()}`)
      }
    },
  }
}
