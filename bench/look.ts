/**
 * What it takes to look: from the start of a command until it has ended, on a host of a thousand
 * instances, each command beside a Node that does nothing.
 */
import { spawnSync } from 'node:child_process'
import { program, removeWorld, startTree, stopTree } from '../src/demo/world.ts'
import { table } from './figures.ts'
import { guestWorld, nowMs, reached } from './service.ts'

const instances = 1_000
const rounds = 7

const timed = (file: string, words: readonly string[]): number => {
  const before = nowMs()
  const { status, stderr } = spawnSync(file, words, { stdio: ['ignore', 'ignore', 'pipe'] })
  if (status !== 0) throw new Error(`${words.join(' ')} ended with ${status}: ${String(stderr)}`)
  return nowMs() - before
}

export const run = async (): Promise<void> => {
  const world = guestWorld(instances)
  const tree = startTree(world)
  try {
    await reached(world, instances)
    const lithos = program('lithos')
    const at = ['-C', world.master]
    const rows: readonly (readonly [string, string, readonly string[]])[] = [
      ['node, doing nothing', process.execPath, ['-e', '0']],
      ['lithos --version', lithos, ['--version']],
      ['lithos pid 1', lithos, ['pid', '1']],
      ['lithos ls', lithos, ['ls', ...at]],
      ['lithos ls -o name,state', lithos, ['ls', '-o', 'name,state', ...at]],
      ['lithos show NAME', lithos, ['show', 'bench/guest.7', ...at]],
      ['lithos_ps', program('lithos_ps'), at],
    ]
    const samples = rows.map((): number[] => [])
    for (let round = 0; round < rounds; round += 1)
      rows.forEach(([, file, words], index) => samples[index]?.push(timed(file, words)))
    const named = rows.map(([name], index) => [name, samples[index] ?? []] as const)
    process.stdout.write(`${table(`${instances} instances`, ['ms'], named)}\n`)
    await stopTree(world, tree)
  } finally {
    await removeWorld(world, tree)
  }
}
