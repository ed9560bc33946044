/**
 * One of a hundred sandboxes is switched: from the start of lithos_switch, and from the reload as
 * the supervisor has written it down, until the changed application has reached main; and how
 * much of that it took to stop the old one.
 */
import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { addSandbox, program, removeWorld, startTree, stopTree } from '../src/demo/world.ts'
import type { World } from '../src/demo/world.ts'
import { table } from './figures.ts'
import { guestWorld, nowMs, reached } from './service.ts'

const rounds = 25
const idleMs = 60

interface Said {
  readonly type: string
  readonly mono: number
  readonly instance?: string
}

const processes = (mark: number): string =>
  `guest: { image: bench, config: /config.yaml, extra-secrets-namespaces: [r${mark}] }\n`

/** When the last reload was written down, and how long the old application took to end. */
const lastReload = ({ root }: World): { readonly reload: number; readonly stop: number } => {
  const said = readFileSync(join(root, 'run/journal/hot.log'), 'utf8')
    .split('\n')
    .filter(line => line.includes('"inputs"'))
    .flatMap(line => (JSON.parse(line.slice(line.indexOf('{'))) as { inputs: Said[] }).inputs)
  const reload = said.findLast(({ type }) => type === 'config.reload')?.mono ?? NaN
  const loaded = said.findLast(({ type }) => type === 'config.loaded')?.mono ?? NaN
  const exited = said.findLast(({ type }) => type === 'knot.exited')?.mono ?? NaN
  return { reload, stop: exited - loaded }
}

const switches = async (sandboxes: number): Promise<readonly (readonly number[])[]> => {
  const world = guestWorld(1)
  for (let number = 1; number < sandboxes; number += 1)
    addSandbox(world, `s${number}`, {
      sandbox: 'allow-users: [1000]\nallow-groups: [1000]\n',
      processes: processes(0),
    })
  const tree = startTree(world)
  try {
    await reached(world, sandboxes)
    const samples: [number[], number[], number[]] = [[], [], []]
    for (let round = 1; round <= rounds; round += 1) {
      await setTimeout(idleMs)
      writeFileSync(join(world.root, 'new.yaml'), processes(round))
      const before = nowMs()
      const words = ['--master', world.master, 'bench', join(world.root, 'new.yaml')]
      const child = spawn(program('lithos_switch'), words, { stdio: 'ignore' })
      const code = await new Promise(resolve => child.on('close', resolve))
      if (code !== 0) throw new Error(`lithos_switch ended with ${String(code)}`)
      const main = await reached(world, sandboxes + round)
      const { reload, stop } = lastReload(world)
      samples[0].push(main - before)
      samples[1].push(main - reload)
      samples[2].push(stop)
    }
    await stopTree(world, tree)
    return samples
  } finally {
    await removeWorld(world, tree)
  }
}

export const run = async (): Promise<void> => {
  const columns = ['command to main, ms', 'reload to main, ms', 'of it the old one stops, ms']
  const rows = [
    ['the only sandbox', ...(await switches(1))],
    ['one of a hundred', ...(await switches(100))],
  ] as const
  process.stdout.write(`${table('lithos_switch', columns, rows)}\n`)
}
