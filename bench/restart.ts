/**
 * A crash: from just before an application is killed until its next life has reached main, with
 * `restart-timeout: 0`, alone and among a hundred.
 */
import { setTimeout } from 'node:timers/promises'
import { applicationOf, knots, removeWorld, startTree, stopTree } from '../src/demo/world.ts'
import { table } from './figures.ts'
import { guestWorld, nowMs, reached } from './service.ts'

const crashes = 40

/** Long enough for caches to be as cold as a crash finds them, and for the last one to be over. */
const idleMs = 60

const restarts = async (instances: number): Promise<readonly number[]> => {
  const world = guestWorld(instances)
  const tree = startTree(world)
  try {
    await reached(world, instances)
    const samples: number[] = []
    for (let crash = 1; crash <= crashes; crash++) {
      await setTimeout(idleMs)
      const knot = knots(world).get('bench/guest.0')
      const application = knot === undefined ? null : applicationOf(knot)
      if (application === null) throw new Error('bench/guest.0 does not run')
      const before = nowMs()
      process.kill(application, 'SIGKILL')
      samples.push((await reached(world, instances + crash)) - before)
    }
    await stopTree(world, tree)
    return samples
  } finally {
    await removeWorld(world, tree)
  }
}

export const run = async (): Promise<void> => {
  const rows = [
    ['one container', await restarts(1)],
    ['one of a hundred', await restarts(100)],
  ] as const
  process.stdout.write(`${table('crash to running again', ['ms'], rows)}\n`)
}
