/**
 * Whether an application is ready, and well, as its knot sees and tells it: native/watch.c and
 * notify.c, by their rules. Nothing is told any more once it is to stop, or has ended.
 */
import type { StatusLine } from '../../native/statusFile.ts'
import type { HealthPolicy, ReadyPolicy } from '../../machines/policy.ts'
import type { Kernel, Process } from './kernel.ts'
import { after, count, monoOf, strikes } from './world.ts'
import type { World } from './world.ts'

interface Watch {
  readonly world: World
  readonly process: Process
  /** In so many milliseconds, if it is still this start of the application. */
  readonly later: (delay: number, work: () => void) => void
  readonly say: (line: StatusLine) => void
  readonly end: () => void
}

/** From a start of the application on. `end`: by itself. */
export const watchApplication = (
  world: World,
  kernel: Kernel,
  process: Process,
  end: () => void,
): void => {
  const { policy } = process.orders
  if (policy === null) return
  const { starts } = process.app
  const isOn = (): boolean =>
    process.state === 'alive' &&
    process.exited === null &&
    process.stoppingSince === null &&
    process.app.isRunning &&
    process.app.starts === starts &&
    !process.isHung
  const watch: Watch = {
    ...{ world, process, end },
    later: (delay, work) =>
      after(world, delay, () => {
        if (isOn()) work()
      }),
    say: line => kernel.write(process, line),
  }
  if (policy.ready !== undefined) becomeReady(watch, policy.ready)
  if (policy.healthy !== undefined) stayWell(watch, policy.healthy, policy.ready?.timeoutMs ?? 0)
}

const becomeReady = (watch: Watch, { probe, timeoutMs }: ReadyPolicy): void => {
  const { world, process, later, say } = watch
  const dice = world.dice('readiness')
  const delay = dice.pick([0, 1, 5, 30, Math.floor(timeoutMs * 0.4)])
  const [late, isLate, isNever] = [dice.upTo(3 * timeoutMs), dice.happens(0.15), dice.happens(0.1)]
  const [extendMs, isExtended] = [dice.pick([500, 2_000]), strikes(world, 'notice', 0.2)]
  const half = Math.floor(timeoutMs / 2)
  later(timeoutMs - Math.floor(timeoutMs / 10), () => {
    if (!process.app.isReady) say({ said: 'waiting', mono: monoOf(world), reason: 11, detail: 0 })
  })
  if (process.orders.isBad) return
  if (world.isCalm) return later(Math.min(delay, half), () => beReady(watch, probe.kind))
  if (isExtended && probe.kind === 'notify') {
    count(world, 'notice')
    later(half, () =>
      say({ said: 'notified', mono: monoOf(world), extendMs, status: 'warming up' }),
    )
    return later(half + dice.upTo(extendMs), () => beReady(watch, probe.kind))
  }
  if (isNever || isLate) count(world, 'ready')
  if (!isNever) later(isLate ? late : delay, () => beReady(watch, probe.kind))
}

const beReady = (watch: Watch, kind: string): void => {
  const { world, process, later, say } = watch
  Object.assign(process.app, { isReady: true, wasReady: true })
  say({ said: 'ready', mono: monoOf(world) })
  if (kind !== 'notify' || !strikes(world, 'notice', 0.3)) return
  count(world, 'notice')
  const dice = world.dice('notices')
  const isLeaving = dice.happens(0.3)
  later(dice.wait(2_000), () => {
    process.app.isReady = false
    say({ said: 'unready', mono: monoOf(world), why: isLeaving ? 'stopping' : 'reloading' })
    later(dice.wait(300), isLeaving ? watch.end : () => beReady(watch, kind))
  })
}

/** From when it was ready, or could have been. */
const stayWell = (watch: Watch, healthy: HealthPolicy, readyMs: number): void => {
  const { world, process, later, say } = watch
  const { startDelayMs, periodMs, failures } = healthy
  const times = world.dice('health').upTo(5)
  if (!strikes(world, 'healthy', 0.25)) return
  later(readyMs + startDelayMs + (times + failures) * periodMs, () => {
    if (world.isCalm) return
    count(world, 'healthy')
    Object.assign(process.app, { isUnwell: true, wasUnwell: true })
    say({ said: 'unhealthy', mono: monoOf(world), count: failures, reason: 5, detail: periodMs })
  })
}
