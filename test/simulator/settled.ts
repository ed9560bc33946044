/**
 * What must hold whenever the supervisor has taken all its turns and waits; and what must hold in
 * the end, when for a long time nothing has gone wrong any more.
 */
import { fileName } from '../../native/statusFile.ts'
import { sandboxOf } from '../../machines/order.ts'
import type { State } from '../../src/decide.ts'
import type { Configs } from './configs.ts'
import { keyOf } from './fakeTimers.ts'
import type { Deadline } from './fakeTimers.ts'
import type { Kernel } from './kernel.ts'
import type { Ledger } from './ledger.ts'
import { breakPromise } from './world.ts'
import type { World } from './world.ts'

export interface Scene {
  readonly world: World
  readonly kernel: Kernel
  readonly configs: Configs
  readonly ledger: Ledger
  readonly state: State
  readonly armed: ReadonlyMap<string, Deadline>
}

export const checkSettled = (scene: Scene): void => {
  timersAreThoseOfContexts(scene)
  killsAreDue(scene)
  nobodyIsLost(scene)
  wantedIsCaredFor(scene)
}

/** Armed is what some context remembers, and nothing else: recovery forgets no deadline. */
const timersAreThoseOfContexts = ({ world, state, armed }: Scene): void => {
  let expected = 0
  const timers = [
    ...(state.tree.context.timer === null ? [] : [{ timer: state.tree.context.timer, name: '' }]),
    ...[...state.instances.values()].flatMap(({ context: { timer, name } }) =>
      timer === null ? [] : [{ timer, name }],
    ),
  ]
  for (const { timer, name } of timers) {
    expected += 1
    const found = armed.get(keyOf(timer.timer, name === '' ? undefined : name))
    if (found === undefined)
      breakPromise(world, 'timers', `${timer.timer} ${name} is remembered, but not armed`)
    else if (found.due !== timer.due && world.bug !== 'restart too soon')
      breakPromise(world, 'timers', `${timer.timer} ${name} is armed for another instant`)
  }
  const isAbandoned = state.tree.value === 'stopped'
  if (armed.size > expected && !isAbandoned)
    breakPromise(world, 'timers', `${[...armed.keys()].join(', ')}: more than is remembered`)
}

/** A stop has a deadline: killMs after the first SIGTERM, and a moment for the knot itself. */
const killsAreDue = ({ world, state, ledger }: Scene): void => {
  for (const [name, { value, context }] of state.instances) {
    if (value !== 'stopping' || context.life === null) continue
    const { incarnation, killMs } = context.life
    const term = ledger.terms.get(fileName(name, incarnation))
    if (term === undefined || context.timer === null) continue
    const until = Math.max(term + killMs, ledger.extended.get(fileName(name, incarnation)) ?? 0)
    if (context.timer.due > until + 1_000)
      breakPromise(world, 'kill-timeout', `${name} may live longer than it was given`)
  }
}

/** Every knot that lives is somebody's life, but for those that came after we looked. */
const nobodyIsLost = ({ world, kernel, state }: Scene): void => {
  for (const process of kernel.byPid.values()) {
    if (process.instance === null || process.isSpare || process.state !== 'alive') continue
    const life = state.instances.get(process.instance)?.context.life
    if (life?.pid !== process.pid || life.birth !== process.birth)
      breakPromise(world, 'nobody is lost', `${process.instance} ${process.pid} lives unknown`)
  }
}

/** Wanted means: it runs, or there is a reason and a deadline. */
const wantedIsCaredFor = ({ world, state }: Scene): void => {
  if (state.tree.value !== 'serving') return
  for (const { value, context } of state.sandboxes.values()) {
    if (value !== 'serving' && value !== 'keeping') continue
    for (const name of Object.keys(context.wanted)) {
      const instance = state.instances.get(name)
      if (instance === undefined || instance.value === 'stopped')
        breakPromise(world, 'wanted runs', `${name} is wanted, and nobody cares for it`)
      else if (instance.value === 'backoff' && instance.context.timer === null)
        breakPromise(world, 'wanted runs', `${name} waits for nothing`)
    }
  }
}

// ---------------------------------------------------------------------------
// The end
// ---------------------------------------------------------------------------

export const checkEnd = (scene: Scene): void => {
  wantedRuns(scene)
  unwantedIsGone(scene)
  sparesAreGone(scene)
  everyEndIsTold(scene)
}

/** Everything that good files name runs, as they say. */
const wantedRuns = ({ world, configs, kernel, state }: Scene): void => {
  for (const [name, { state: file }] of configs.sandboxes) {
    if (file !== 'good') continue
    for (const [instance, { config }] of configs.given.get(name)?.wanted ?? []) {
      const found = state.instances.get(instance)
      const living = kernel.living(instance).filter(({ isSpare }) => !isSpare)
      if (found?.value === 'running' && living.length === 1 && living[0]?.config === config)
        continue
      const isHeld = instance in (state.sandboxes.get(name)?.context.order?.held ?? {})
      if ((isHeld || found?.value === 'waiting') && hasMute(kernel, state, name)) continue
      const what = `${found?.value ?? 'unknown'}, ${living.length} living`
      breakPromise(world, 'wanted runs', `in the end ${instance} does not: ${what}`)
    }
  }
}

/** Somebody is not ready, as far as was told, and can never say so: his file was removed. */
export const hasMute = (kernel: Kernel, { instances }: State, sandbox: string): boolean =>
  [...instances].some(
    ([name, { value, context }]) =>
      sandboxOf(name) === sandbox &&
      value === 'running' &&
      context.life?.isReady === false &&
      kernel.living(name).some(({ lines }) => kernel.lostFiles.has(lines)),
  )

/** Nothing else runs, but for what belongs to a sandbox that nobody has removed. */
const unwantedIsGone = ({ world, configs, kernel, state }: Scene): void => {
  const isUnwanted = (instance: string): boolean => {
    const name = sandboxOf(instance)
    const file = configs.sandboxes.get(name)?.state ?? 'vanished'
    return file !== 'vanished' && configs.given.get(name)?.wanted.has(instance) !== true
  }
  for (const { instance, state: now, pid, isSpare } of kernel.byPid.values())
    if (instance !== null && now === 'alive' && !isSpare && isUnwanted(instance))
      breakPromise(world, 'unwanted ends', `in the end ${instance} ${pid} still lives`)
  for (const name of state.instances.keys())
    if (isUnwanted(name) && !hasMute(kernel, state, sandboxOf(name)))
      breakPromise(world, 'unwanted ends', `in the end ${name} is still known`)
}

/**
 * Of those that were one too many none is left, once there was a start that could see them. They
 * are only told to end: one that hangs stays until somebody kills it.
 */
const sparesAreGone = ({ world, kernel }: Scene): void => {
  for (const { instance, pid, isSpare, state, isHung, isStuck } of kernel.byPid.values())
    if (isSpare && state === 'alive' && !isHung && !isStuck)
      breakPromise(world, 'spares end', `in the end ${instance} ${pid} still lives`)
}

/**
 * No end is lost: the journal has told of everyone, but for knots of the original, which have no
 * number, where another one has taken the place while nobody looked.
 */
const everyEndIsTold = ({ world, kernel, ledger }: Scene): void => {
  for (const process of kernel.processes) {
    const isNumbered = process.incarnation > 0 && !kernel.lostFiles.has(process.lines)
    if (!isNumbered || process.isSpare || process.state === 'alive') continue
    if (ledger.told.has(process) || ledger.excused.has(process)) continue
    const what = `${process.instance} ${process.pid} ended with ${process.status}`
    breakPromise(world, 'exit status', `${what}, and the journal does not say so`)
  }
}
