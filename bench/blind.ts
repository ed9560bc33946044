/**
 * The blind time of a restart in place among a hundred containers: an application is killed right
 * after SIGQUIT was sent to the supervisor, and the instant at which its replacement reaches main
 * is compared with that of a plain kill, in turns within one run. The difference is how long the
 * supervisor was away.
 */
import { setTimeout } from 'node:timers/promises'
import { applicationOf, knots, removeWorld, startTree, stopTree } from '../src/demo/world.ts'
import { table } from './figures.ts'
import { guestWorld, nowMs, reached } from './service.ts'

const instances = 100
const rounds = 10

/** When the application is killed, milliseconds after SIGQUIT: the exec is somewhere among them. */
const delays = [0, 2, 5, 10, 15, 20, 30, 40]

/** Long enough for the last exec to be over, with all that follows it. */
const idleMs = 400

export const run = async (): Promise<void> => {
  const world = guestWorld(instances)
  const tree = startTree(world)
  try {
    let mains = instances
    await reached(world, mains)
    /** `delay`: from SIGQUIT to the kill; null: no SIGQUIT at all. */
    const replaced = async (delay: number | null): Promise<number> => {
      await setTimeout(idleMs)
      const knot = knots(world).get(`bench/guest.${mains % instances}`)
      const application = knot === undefined ? null : applicationOf(knot)
      if (application === null) throw new Error('an instance does not run')
      if (delay !== null) {
        process.kill(tree.pid, 'SIGQUIT')
        const until = nowMs() + delay
        while (nowMs() < until);
      }
      const before = nowMs()
      process.kill(application, 'SIGKILL')
      return (await reached(world, (mains += 1))) - before
    }
    const plain: number[] = []
    const blind = new Map<number, number[]>(delays.map(delay => [delay, []]))
    for (let round = 0; round < rounds; round++) {
      plain.push(await replaced(null))
      for (const [delay, times] of blind) times.push(await replaced(delay))
    }
    const rows = [
      ['no SIGQUIT', plain] as const,
      ...[...blind].map(([delay, times]) => [`${delay} ms after SIGQUIT`, times] as const),
    ]
    const title = `a kill right after SIGQUIT, among ${instances} containers`
    process.stdout.write(`${table(title, ['ms'], rows)}\n`)
    await stopTree(world, tree)
  } finally {
    await removeWorld(world, tree)
  }
}
