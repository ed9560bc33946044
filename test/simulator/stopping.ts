/** How a knot stops its application: native/live.c, with the list of its plan or with SIGTERM. */
import type { Kernel, Process } from './kernel.ts'
import { after, breakPromise, count, monoOf } from './world.ts'
import type { World } from './world.ts'

/** The last step is over, and it still lives. */
export type Ended = (how: 'term' | 'killed') => void

export const stepsOf = ({ orders, killMs }: Process) =>
  orders.stop ?? [{ signal: 'SIGTERM', waitMs: killMs }]

/** Its wait after the last of them is the one before SIGKILL. */
export const stopsForMs = (process: Process): number =>
  stepsOf(process).reduce((sum, { waitMs }) => sum + waitMs, 0)

export const beginStop = (world: World, process: Process, ended: Ended): void => {
  const steps = stepsOf(process)
  const obeys = process.isDeaf ? steps.length : world.dice('obedience').upTo(steps.length)
  if (process.orders.stop !== null) count(world, 'stopList')
  signalNext(world, process, obeys, ended)
}

/** One that is told to stop again goes on as it does. */
const signalNext = (world: World, process: Process, obeys: number, ended: Ended): void => {
  const { signals } = process.app
  const step = stepsOf(process)[signals.length]
  if (process.state !== 'alive' || process.exited !== null) return
  const before = signals.at(-1)
  const waitMs = stepsOf(process)[signals.length - 1]?.waitMs ?? 0
  if (before !== undefined && monoOf(world) < before.mono + waitMs)
    breakPromise(
      world,
      'stop list',
      `${process.instance} is not given ${waitMs} ms after ${before.signal}`,
    )
  if (step === undefined) return ended('killed')
  signals.push({ signal: step.signal, mono: monoOf(world) })
  const told = signals.length
  const next = (): void => {
    if (signals.length === told) signalNext(world, process, obeys, ended)
  }
  if (told > obeys) after(world, world.dice('obedience').upTo(step.waitMs + 1), () => ended('term'))
  if (world.bug === 'stop step skipped') process.app.stopAgain = next
  after(world, step.waitMs, next)
}

/** What runs before a stop, once, however often it is ordered. */
export const runPreStop = (world: World, kernel: Kernel, process: Process): void => {
  const { app, orders } = process
  const isDeadOrDumb = process.state !== 'alive' || process.isHung || process.exited !== null
  if (isDeadOrDumb || process.startedAt === null || app.preStop === 'runs') return
  const say = (): void =>
    kernel.write(process, { said: 'prestop', mono: monoOf(world), status: app.preStopStatus })
  if (app.preStop === 'over') return say()
  count(world, 'preStop')
  const dice = world.dice('pre-stop')
  const timeoutMs = orders.policy?.preStop?.timeoutMs ?? 0
  const limitMs = timeoutMs + 2_000
  const takesMs = dice.pick([0, 5, Math.floor(timeoutMs / 2), timeoutMs, 2 * limitMs])
  app.preStop = 'runs'
  after(world, Math.min(takesMs, limitMs), () => {
    if (process.state !== 'alive' || process.exited !== null) return
    app.preStop = 'over'
    app.preStopStatus = takesMs > limitMs ? -1 : dice.pick([0, 0, 1 << 8])
    say()
  })
}
