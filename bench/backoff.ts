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

const startsIn = ({ root }: World): number =>
  ['hot.previous', 'hot.log']
    .map(name => {
      try {
        return readFileSync(join(root, 'run', 'journal', name), 'utf8')
      } catch {
        return ''
      }
    })
    .flatMap(text => [...text.matchAll(/"type":"launch"/g)]).length

const curve = 'backoff: { initial: 1, factor: 2, max: 60, jitter: 0.1 }\n'

const measure = async (instances: number): Promise<string> => {
  const world = guestWorld(instances, [], curve)
  const tree = startTree(world)
  try {
    // The start of the supervisor itself is none of this.
    await reached(world, instances)
    const [before, startsBefore] = [cpuSeconds(tree.pid), startsIn(world)]
    await setTimeout(seconds * 1000)
    const used = cpuSeconds(tree.pid) - before
    const starts = startsIn(world) - startsBefore
    await stopTree(world, tree)
    const share = percent(used, seconds)
    return `${instances} that end at once: ${share} of a processor, ${starts} starts`
  } finally {
    await removeWorld(world, tree)
  }
}

export const run = async (): Promise<void> => {
  process.stdout.write(`back-off of 1 s to 60 s, ${seconds} s from the first start\n`)
  for (const instances of counts) process.stdout.write(`${await measure(instances)}\n`)
  process.stdout.write('\n')
}
