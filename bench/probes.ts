/**
 * What looking costs: many instances that are asked each ten seconds whether they are well, what
 * the supervisor uses of a processor, and what it does with knots, those who look, and the
 * applications that answer (with cgroup v1). INSTANCES=1000, SECONDS=30, KINDS=tcp,http.
 */
import { setTimeout } from 'node:timers/promises'
import { removeWorld, startTree, stopTree } from '../src/demo/world.ts'
import { cpuSeconds, percent, sliceSeconds } from './cpu.ts'
import { guestWorld, reached } from './service.ts'

const instances = Number(process.env['INSTANCES'] ?? 1000)
const seconds = Number(process.env['SECONDS'] ?? 30)
const port = 19_999
const periodSeconds = 10

const kinds: Readonly<Record<string, string>> = {
  none: '',
  tcp: `healthy: { tcp: ${port}, period: ${periodSeconds} }\n`,
  http: `healthy: { http: { port: ${port} }, period: ${periodSeconds} }\n`,
  exec: `healthy: { exec: [/guest, quiet], period: ${periodSeconds} }\n`,
}
const wanted = (process.env['KINDS'] ?? Object.keys(kinds).join(',')).split(',')

const measure = async (kind: string): Promise<string> => {
  const socket = `tcp-ports: { ${port}: { fd: 3, host: 127.0.0.1, listen-backlog: 4096 } }\n`
  const world = guestWorld(instances, ['serve'], `${socket}${kinds[kind] ?? ''}`)
  const tree = startTree(world)
  try {
    await reached(world, instances)
    await setTimeout(2_000)
    const before = { own: cpuSeconds(tree.pid).own, all: sliceSeconds(world) }
    await setTimeout(seconds * 1000)
    const own = cpuSeconds(tree.pid).own - before.own
    const all = sliceSeconds(world) - before.all
    const looks = (instances * seconds) / periodSeconds
    await stopTree(world, tree)
    return (
      `${kind.padEnd(5)} supervisor ${percent(own, seconds)}, everything ${percent(all, seconds)}` +
      (kind === 'none' ? '' : `, ${((all / looks) * 1000).toFixed(2)} ms a look`)
    )
  } finally {
    await removeWorld(world, tree)
  }
}

export const run = async (): Promise<void> => {
  process.stdout.write(
    `probes of ${instances} instances, each ${periodSeconds} s, for ${seconds} s\n`,
  )
  for (const kind of wanted) process.stdout.write(`${await measure(kind)}\n`)
  process.stdout.write('\n')
}
