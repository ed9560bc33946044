/**
 * How a knot and its application behave, from birth to death: as native/knot.c promises, and in
 * all the ways in which that may go wrong.
 *
 *     set-up ─► refused ─► ends                   a step of the plan fails
 *            ─► started ─► exited ─► ends         the application ends, by itself or on SIGTERM
 *                       ─► died ─► started        it is started again in its place
 *            ─► ends                              somebody kills it
 *            ─► (nothing)                         it hangs
 */
import { watchApplication } from './application.ts'
import type { Kernel, Process } from './kernel.ts'
import { beginStop } from './stopping.ts'
import { after, count, monoOf, strikes } from './world.ts'
import type { World } from './world.ts'

/** Wait statuses: exit codes in the second byte, signals in the first. */
const statuses = [0, 1 << 8, 2 << 8, 255 << 8, 9, 11, 6, 128 + 11]

export const liveAsKnot = (world: World, kernel: Kernel, process: Process): void => {
  const dice = world.dice('knots')
  const setUpMs = dice.pick([0, 1, 2, 5, 40])
  process.isHung = hits(world, 'hang', 0.1)
  process.isDeaf = hits(world, 'deaf', 0.15)
  process.isStuck = hits(world, 'stuck', 0.03)
  if (hits(world, 'murder', 0.1)) later(world, () => kernel.end(process, 9))
  if (process.isStuck) return
  const isRefused = hits(world, 'refusal', 0.1)
  after(world, setUpMs, () =>
    isRefused ? refuse(world, kernel, process) : start(world, kernel, process),
  )
}

const hits = (world: World, kind: Parameters<typeof strikes>[1], probability: number): boolean => {
  const isHit = strikes(world, kind, probability)
  if (isHit) count(world, kind)
  return isHit
}

/** Some die at once, most after a while; nobody where nothing goes wrong any more. */
const later = (world: World, work: () => void): void => {
  const dice = world.dice('lives')
  const delay = dice.wait(dice.pick([1, 20, 500, 5_000, 20_000]))
  after(world, delay, () => {
    if (!world.isCalm) work()
  })
}

const refuse = (world: World, kernel: Kernel, process: Process): void => {
  if (process.state !== 'alive') return
  if (process.stoppingSince !== null) return stopUnstarted(world, kernel, process)
  const dice = world.dice('refusal')
  const line = { mono: monoOf(world), step: dice.upTo(30), errno: dice.pick([1, 2, 13, 28]) }
  kernel.write(process, { said: 'refused', ...line })
  after(world, dice.upTo(3), () => kernel.end(process, 1 << 8))
}

const start = (world: World, kernel: Kernel, process: Process): void => {
  if (process.state !== 'alive') return
  if (process.stoppingSince !== null) return stopUnstarted(world, kernel, process)
  startApplication(world, kernel, process)
}

const startApplication = (world: World, kernel: Kernel, process: Process): void => {
  const { app } = process
  const starts = (app.starts += 1)
  Object.assign(app, { isRunning: true, isReady: false, isUnwell: false })
  process.startedAt = monoOf(world)
  kernel.write(process, { said: 'started', mono: process.startedAt, innerPid: 1 + starts })
  const end = (): void => {
    if (!process.isHung && app.starts === starts) endByItself(world, kernel, process)
  }
  watchApplication(world, kernel, process, end)
  if (hits(world, 'death', 0.5)) later(world, end)
}

/** Where its plan says so, it is started again in its place. */
const endByItself = (world: World, kernel: Kernel, process: Process): void => {
  const { app, startedAt, stoppingSince } = process
  const { inPlaceMs } = process.orders
  if (inPlaceMs === null || stoppingSince !== null || startedAt === null || !app.isRunning)
    return endApplication(world, kernel, process, 'itself')
  const mono = monoOf(world)
  const status = world.dice('lives').pick(statuses)
  count(world, 'inPlace')
  app.isRunning = false
  kernel.write(process, { said: 'died', mono, status, started: startedAt })
  after(world, startedAt + inPlaceMs - mono, () => {
    if (process.state === 'alive' && process.stoppingSince === null)
      startApplication(world, kernel, process)
  })
}

/** The stop came before there was an application. */
const stopUnstarted = (world: World, kernel: Kernel, process: Process): void => {
  const mono = monoOf(world)
  kernel.write(process, { said: 'exited', mono, status: 15, started: 0, how: 'term' })
  after(world, world.dice('knots').upTo(3), () => kernel.end(process, 2 << 8))
}

const endApplication = (
  world: World,
  kernel: Kernel,
  process: Process,
  how: 'itself' | 'term' | 'killed',
): void => {
  if (process.state !== 'alive' || process.exited !== null || process.startedAt === null) return
  const status = how === 'killed' ? 9 : world.dice('lives').pick(statuses)
  process.app.isRunning = false
  kernel.write(process, {
    said: 'exited',
    mono: monoOf(world),
    status,
    started: process.startedAt,
    how,
  })
  const code = how === 'itself' ? 1 : how === 'term' ? 2 : 3
  after(world, world.dice('knots').upTo(3), () => kernel.end(process, code << 8))
}

/** What a signal does to it. */
export const signalKnot = (
  world: World,
  kernel: Kernel,
  process: Process,
  signal: 'SIGTERM' | 'SIGKILL',
): void => {
  if (process.state !== 'alive') return
  const dice = world.dice('knots')
  if (signal === 'SIGKILL') return after(world, dice.upTo(3), () => kernel.end(process, 9))
  if (process.instance === null) return kernel.end(process, 15)
  if (process.stoppingSince !== null) process.app.stopAgain?.()
  if (process.isHung || process.isStuck || process.stoppingSince !== null) return
  process.stoppingSince = monoOf(world)
  // Before its application is started it only remembers.
  if (process.startedAt === null && process.incarnation > 0) return
  if (!process.app.isRunning) endApplication(world, kernel, process, 'term')
  else beginStop(world, process, how => endApplication(world, kernel, process, how))
}

/** A knot of nobody: of the original, or of somebody who has copied our command line. */
export const liveAsIntruder = (world: World, kernel: Kernel, process: Process): void => {
  process.startedAt = monoOf(world)
  process.app.isRunning = true
  if (hits(world, 'death', 0.3))
    later(world, () => endApplication(world, kernel, process, 'itself'))
}
