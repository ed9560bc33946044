/**
 * What supervision itself keeps resident: proportional set size of the supervisor and of the
 * knots, and how often the supervisor wakes up while nothing happens.
 */
import { readFileSync, readdirSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { knots, removeWorld, startTree, stopTree } from '../src/demo/world.ts'
import { guestWorld, reached } from './service.ts'

const idleSeconds = 10

const pssKib = (pid: number): number =>
  Number(/^Pss: +(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1])

/** Voluntary context switches of all threads. */
const switches = (pid: number): number =>
  readdirSync(`/proc/${pid}/task`)
    .map(tid => readFileSync(`/proc/${pid}/task/${tid}/status`, 'utf8'))
    .map(text => Number(/^voluntary_ctxt_switches:\t(\d+)$/m.exec(text)?.[1]))
    .reduce((sum, count) => sum + count, 0)

const measure = async (instances: number): Promise<string> => {
  const world = guestWorld(instances)
  const tree = startTree(world)
  try {
    await reached(world, instances)
    await setTimeout(1000)
    const before = switches(tree.pid)
    await setTimeout(idleSeconds * 1000)
    const wakeUps = (switches(tree.pid) - before) / idleSeconds
    const supervisor = pssKib(tree.pid)
    const each = [...knots(world).values()].map(pssKib)
    const sum = each.reduce((total, kib) => total + kib, 0)
    await stopTree(world, tree)
    return (
      `${instances} containers: supervisor ${(supervisor / 1024).toFixed(1)} MiB, ` +
      `knots ${(sum / instances).toFixed(0)} KiB each, ` +
      `together ${((supervisor + sum) / 1024).toFixed(1)} MiB, ` +
      `${wakeUps.toFixed(1)} wake-ups a second while idle`
    )
  } finally {
    await removeWorld(world, tree)
  }
}

export const run = async (): Promise<void> => {
  process.stdout.write('memory, PSS\n')
  for (const instances of [10, 100]) process.stdout.write(`${await measure(instances)}\n`)
  process.stdout.write('\n')
}
