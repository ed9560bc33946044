/**
 * What the supervisor promises, asked of everything that it does to the simulated host. Each
 * promise is one small function; what it needs to remember stands in the ledger.
 *
 * A fault that takes the memory away (a journal lost, damaged, or not written because the disk was
 * full) excuses what follows from it and from nothing else: see `amnesia`.
 */
import type { Effect, Input } from '../../machines/vocabulary.ts'
import type { State } from '../../src/decide.ts'
import type { Evaluation } from '../../src/evaluate/sandbox.ts'
import type { Configs } from './configs.ts'
import { fileName } from '../../native/statusFile.ts'
import type { Kernel, Process } from './kernel.ts'
import { createEnds } from './ends.ts'
import { callBack, newLedger } from './ledger.ts'
import type { Ledger } from './ledger.ts'
import type { WrittenTurn } from './memory.ts'
import { stopsForMs } from './stopping.ts'
import { breakPromise, monoOf } from './world.ts'
import type { World } from './world.ts'

type Signal = Extract<Effect, { type: 'signal' }>
type InputOf<T extends Input['type']> = Extract<Input, { readonly type: T }>

export interface Promises {
  /** A turn begins; what is judged by how the world is at this moment. */
  readonly heard: (inputs: readonly Input[]) => void
  /** A turn has been written, or could not be. */
  readonly written: (turn: WrittenTurn, state: State) => void
  readonly born: (process: Process) => void
  readonly signalled: (process: Process, effect: Signal) => void
  readonly swept: (instance: string) => void
  readonly dismissed: (process: Process) => void
  /** The memory is gone, or is older than it should be: `state` is what is still known. */
  readonly amnesia: (state: State) => void
  readonly rebooted: () => void
  /** Everything that was running was stopped on purpose. */
  readonly leftOrderly: () => void
  readonly ledger: Ledger
}

const killGraceMs = 1_000
const startLimitMs = 60_000

interface LastStart {
  readonly at: number
  /** The shortest pause that was wanted since. */
  restartMs: number
}

export const createPromises = (world: World, kernel: Kernel, configs: Configs): Promises => {
  const ledger = newLedger()
  const { lives, terms, excused, strangers } = ledger
  /** Lives that are to be stopped when a command before it is over. */
  const leaving = new Set<string>()
  const starts = new Map<string, LastStart>()
  /** By a command, or because everything was to stop: until the life is over. */
  const stopAsked = new Set<string>()
  /** What good files said when a configuration was taken last. */
  const inForce = new Map<string, Evaluation>()
  let state: State | null = null

  const fail = (promise: string, what: string): void => breakPromise(world, promise, what)

  // ---- starts ------------------------------------------------------------------------------

  /** Never two living incarnations of one instance, apart from those that nobody has launched. */
  const bornAlone = ({ instance, pid }: Process): void => {
    const others = kernel
      .living(instance ?? '')
      .filter(other => other.pid !== pid && !other.isSpare)
    for (const other of others)
      fail('one incarnation', `${instance} ${pid} is born while ${other.pid} lives`)
  }

  /** No start sooner than the restart-timeout after the last one. */
  const bornInTime = ({ instance, bornAt }: Process): void => {
    const last = starts.get(instance ?? '')
    if (last === undefined || bornAt >= last.at + last.restartMs) return
    const what = `${instance} starts ${bornAt - last.at} ms after its last start`
    fail('restart-timeout', `${what}, ${last.restartMs} are wanted`)
  }

  const wantedMs = (instance: string): number =>
    state?.instances.get(instance)?.context.want?.restartMs ?? 0

  // ---- stops -------------------------------------------------------------------------------

  /** A signal reaches the very life that it was decided for. */
  const reachesItsLife = (process: Process, { instance, pid, incarnation }: Signal): void => {
    const meant = lives.get(fileName(instance, incarnation))
    if (meant === process) return
    fail('right life', `${instance} ${pid}: the signal reached ${process.instance ?? 'a stranger'}`)
  }

  /** No SIGKILL before the kill-timeout is over, unless everything must end or nothing began. */
  const killsInTime = (process: Process, { instance, incarnation }: Signal): void => {
    const mono = monoOf(world)
    const killMs = state?.instances.get(instance)?.context.life?.killMs ?? 0
    const term = terms.get(fileName(instance, incarnation))
    const isAbandoned = state?.tree.value === 'abandoning' || state?.tree.value === 'stopped'
    const isLate = mono - process.bornAt >= startLimitMs - 100
    // The knot has the list of signals in its plan; where it was forgotten, nobody else knows it.
    const listMs = strangers.has(fileName(instance, incarnation)) ? 0 : stopsForMs(process)
    const isDue = term !== undefined && mono >= term + Math.max(killMs, listMs) + killGraceMs
    if (isDue || isAbandoned || isLate) return
    fail('kill-timeout', `${instance} is killed ${mono - (term ?? mono)} ms after SIGTERM`)
  }

  /** Nothing is stopped but for a good configuration, a command, or because everything stops. */
  const stopsForAReason = (effect: Pick<Signal, 'instance' | 'incarnation'>, next: State): void => {
    const { instance, incarnation } = effect
    // One that has ended, and was not heard of yet, is stopped by nothing.
    if (lives.get(fileName(instance, incarnation))?.state === 'zombie') return
    const life = next.instances.get(instance)?.context.life ?? null
    const given = configs.given.get(instance.slice(0, instance.indexOf('/')))
    // In the same turn it may have ended, and another one begun.
    const { config } = (life?.incarnation === incarnation
      ? life
      : lives.get(fileName(instance, incarnation))) ?? { config: null }
    // What was read since may only have been read for a start.
    const taken = inForce.get(instance.slice(0, instance.indexOf('/'))) ?? given
    const isStillWanted = [given, taken].every(one => one?.wanted.get(instance)?.config === config)
    const isAsked = stopAsked.has(instance) || next.tree.context.isStopping
    const isAbsent = !next.sandboxes.get(instance.slice(0, instance.indexOf('/')))
    const key = fileName(instance, incarnation)
    // A signal to the dead stops nobody.
    if (lives.get(key)?.state !== 'alive') return
    const isKnown = terms.has(key) || leaving.has(key)
    if (life === null || isAsked || isAbsent || isKnown || !isStillWanted || given === undefined)
      return
    if (absent.has(instance.slice(0, instance.indexOf('/')))) return
    fail('a bad file stops nothing', `${instance} is stopped, and no configuration asks for it`)
  }

  /** Sandboxes that were removed, as heard, since they were last taken. */
  const absent = new Set<string>()

  /** A sandbox is taken for removed if that is meant, or if nothing is lost by it. */
  const isReallyAbsent = ({ sandbox }: InputOf<'config.absent'>): void => {
    const found = configs.sandboxes.get(sandbox)?.state ?? 'removed'
    const lives = [...kernel.byPid.values()].some(
      ({ instance, state, isSpare }) =>
        instance?.startsWith(`${sandbox}/`) === true && state === 'alive' && !isSpare,
    )
    const isDraining = state?.sandboxes.get(sandbox)?.value === 'draining'
    if (found === 'removed' || (found === 'vanished' && (!lives || isDraining))) return
    fail('a bad file stops nothing', `${sandbox} is taken for removed, but it is ${found}`)
  }

  const ends = createEnds(kernel, ledger, fail)

  // ---- all together ------------------------------------------------------------------------

  const hear = (input: Input, isInFile: boolean): void => {
    switch (input.type) {
      case 'knot.exited':
        return ends.tellsTruly(input, isInFile)
      case 'knot.refused':
        return ends.tellsRefusal(input, isInFile)
      case 'knot.adopted':
        return ends.adoptsItsOwn(input)
      case 'knot.launched': {
        const process = kernel.latest(input.instance, input.pid, 'any')
        if (process !== undefined) lives.set(fileName(input.instance, input.incarnation), process)
        return
      }
      case 'instance.restart':
        stopAsked.add(input.instance)
        starts.delete(input.instance)
        return
      // Whether it was time for that is asked elsewhere.
      case 'app.unhealthy':
        return void stopAsked.add(input.instance)
      case 'timer.elapsed':
        if (input.timer === 'ready') stopAsked.add(input.instance ?? '')
        return
      case 'config.remove':
        return void absent.add(input.sandbox)
      case 'config.absent':
        return void absent.add(input.sandbox)
      case 'config.loaded': {
        const given = configs.given.get(input.sandbox)
        if (given !== undefined) inForce.set(input.sandbox, given)
        absent.delete(input.sandbox)
      }
    }
  }

  /** What is wanted may have become less strict since the last start. */
  const relax = (next: State): void => {
    for (const [instance, last] of starts) {
      const want = next.instances.get(instance)?.context.want
      if (want == null) starts.delete(instance)
      else last.restartMs = Math.min(last.restartMs, want.restartMs)
    }
  }

  return {
    ledger,
    heard: inputs => {
      for (const input of inputs) if (input.type === 'config.absent') isReallyAbsent(input)
    },
    written: ({ inputs, effects, mono, isInFile }, next) => {
      for (const input of inputs) hear(input, isInFile !== false)
      state = next
      if (next.tree.context.isStopping)
        for (const name of next.instances.keys()) stopAsked.add(name)
      for (const effect of effects) {
        // Of whom nothing is left, the number may be given again where a journal was lost.
        if (effect.type === 'launch') lives.delete(fileName(effect.instance, effect.incarnation))
        // Nobody wanted it for a moment: who comes now begins anew.
        if (effect.type === 'sweep' && effect.cgroup) starts.delete(effect.instance)
        const isStop = effect.type === 'signal' && effect.signal === 'SIGTERM'
        if (!isStop && effect.type !== 'preStop') continue
        stopsForAReason(effect, next)
        const key = fileName(effect.instance, effect.incarnation)
        if (!isStop) leaving.add(key)
        if (!isStop) continue
        if (!terms.has(key)) terms.set(key, mono)
      }
      // What was ordered before its end, in the same turn, had its reason.
      for (const input of inputs) if (input.type === 'knot.exited') stopAsked.delete(input.instance)
      // One that is launched in this very turn may hear it from the next supervisor only.
      if (next.tree.context.isStopping)
        for (const [name, { context }] of next.instances)
          if (context.life !== null) stopAsked.add(name)
      relax(next)
    },
    born: process => {
      const instance = process.instance ?? ''
      bornAlone(process)
      bornInTime(process)
      starts.set(instance, { at: process.bornAt, restartMs: wantedMs(instance) })
      const key = fileName(instance, process.incarnation)
      lives.set(key, process)
      terms.delete(key)
      leaving.delete(key)
    },
    signalled: (process, effect) => {
      reachesItsLife(process, effect)
      if (effect.signal === 'SIGKILL') killsInTime(process, effect)
    },
    /** What a living container stands on is never swept away. */
    swept: instance => {
      for (const process of kernel.living(instance))
        if (!process.isSpare) fail('sweeps no living', `${instance} ${process.pid} is swept away`)
    },
    dismissed: process => {
      process.isSpare = true
    },
    amnesia: known => {
      state = known
      starts.clear()
      const stopping = [...known.instances.values()].flatMap(({ value, context }) => {
        const key = fileName(context.name, context.life?.incarnation ?? 0)
        const isSame = lives.get(key)?.pid === context.life?.pid
        return isSame && (value === 'stopping' || value === 'killing') ? [key] : []
      })
      for (const key of terms.keys()) if (!stopping.includes(key)) terms.delete(key)
      callBack(lives, kernel, known)
      stopAsked.clear()
      ends.forget()
    },
    rebooted: () => {
      starts.clear()
      terms.clear()
      for (const process of kernel.processes) excused.add(process)
    },
    leftOrderly: () => {
      starts.clear()
      stopAsked.clear()
    },
  }
}
