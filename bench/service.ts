/**
 * A world in which one process has many instances of the guest, and what can be seen of them: the
 * instants at which their mains were reached, from the logs.
 */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { addSandbox, makeImage, makeWorld, writeIn } from '../src/demo/world.ts'
import type { World } from '../src/demo/world.ts'
import { compile } from './compile.ts'

/** `lines`: more of the container configuration. */
export const guestWorld = (
  instances: number,
  words: readonly string[] = ['stay'],
  lines = '',
): World => {
  const world = makeWorld('bench')
  const image = makeImage(world, 'bench')
  compile('guest', image)
  writeIn(
    image,
    'config.yaml',
    `executable: /guest
arguments: [${words.join(', ')}]
user-id: 1000
group-id: 1000
memory-limit: 64Mi
restart-timeout: 0
volumes:
  /tmp: !Tmpfs { size: 1Mi, mode: 0o1777 }
${lines}`,
  )
  addSandbox(world, 'bench', {
    sandbox: 'allow-users: [1000]\nallow-groups: [1000]\nallow-tcp-ports: [1-65535]\n',
    processes: `guest: { image: bench, config: /config.yaml, instances: ${instances} }\n`,
  })
  return world
}

/** Milliseconds of CLOCK_MONOTONIC, as the guest writes them. */
export const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6

/** In the order in which they were reached. */
const mains = (world: World): readonly number[] => {
  const log = join(world.root, 'log')
  return readdirSync(log, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .flatMap(text => [...text.matchAll(/^main (\d+)$/gm)])
    .map(([, instant]) => Number(instant) / 1e6)
    .sort((a, b) => a - b)
}

const patienceMs = 60_000

/** Waits until `count` have been reached in all, and returns the instant of the last. */
export const reached = async (world: World, count: number): Promise<number> => {
  const deadline = nowMs() + patienceMs
  for (;;) {
    const last = mains(world)[count - 1]
    if (last !== undefined) return last
    if (nowMs() > deadline)
      throw new Error(
        `${mains(world).length} of ${count} containers run after a minute; the supervisor said:\n` +
          readFileSync(join(world.root, 'tree.out'), 'utf8'),
      )
    await setTimeout(20)
  }
}
