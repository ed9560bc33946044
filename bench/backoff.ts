/**
 * What a crash loop costs: applications that end at once, started again along a curve, and what
 * the supervisor uses of a processor meanwhile. INSTANCES=1,50 and SECONDS=60 are as they are.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { removeWorld, startTree, stopTree } from '../src/demo/world.ts'
import type { World } from '../src/demo/world.ts'
import { cpuSeconds, percent } from './cpu.ts'
import { guestWorld, reached } from './service.ts'

const seconds = Number(process.env['SECONDS'] ?? 60)
const counts = (process.env['INSTANCES'] ?? '1,50').split(',').map(Number)

/** Each start of an application writes one line. */
const startsIn = ({ root }: World): number =>
  readFileSync(join(root, 'log', 'stderr', 'bench.log'), 'utf8').split(/^main /m).length - 1

const curve = 'backoff: { initial: 1, factor: 2, max: 60, jitter: 0.1 }\n'

const measure = async (instances: number): Promise<string> => {
  const world = guestWorld(instances, [], curve)
  const tree = startTree(world)
  try {
    // The start of the supervisor itself is none of this.
    await reached(world, instances)
    const [before, startsBefore] = [cpuSeconds(tree.pid), startsIn(world)] as const
    await setTimeout(seconds * 1000)
    const used = cpuSeconds(tree.pid)
    const starts = startsIn(world) - startsBefore
    await stopTree(world, tree)
    return (
      `${instances} that end at once: supervisor ` +
      `${percent(used.own - before.own, seconds)} of a processor, knots and applications ` +
      `${percent(used.children - before.children, seconds)}, ${starts} starts`
    )
  } finally {
    await removeWorld(world, tree)
  }
}

export const run = async (): Promise<void> => {
  process.stdout.write(`back-off of 1 s to 60 s, ${seconds} s from the first start\n`)
  for (const instances of counts) process.stdout.write(`${await measure(instances)}\n`)
  process.stdout.write('\n')
}
