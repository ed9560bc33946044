/**
 * A cold start: from calling `lithos_tree` until the last of N containers has reached its main,
 * the start of Node, the reading of the configuration and the first turns included.
 */
import { removeWorld, startTree, stopTree } from '../src/demo/world.ts'
import { table } from './figures.ts'
import { guestWorld, nowMs, reached } from './service.ts'

const rounds = 5

const coldStart = async (instances: number): Promise<number> => {
  const world = guestWorld(instances)
  const before = nowMs()
  const tree = startTree(world)
  try {
    const last = await reached(world, instances)
    await stopTree(world, tree)
    return last - before
  } finally {
    await removeWorld(world, tree)
  }
}

export const run = async (): Promise<void> => {
  const rows: [string, number[]][] = []
  for (const instances of [1, 10, 100, 500]) {
    const samples: number[] = []
    for (let round = 0; round < rounds; round++) samples.push(await coldStart(instances))
    rows.push([`${instances} containers`, samples])
  }
  process.stdout.write(`${table('cold start', ['until all are in main, ms'], rows)}\n`)
}
