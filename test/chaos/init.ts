/** What an init does for the supervisor: starts it, and starts it again whenever it has ended. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { startTree } from '../../src/demo/world.ts'
import type { Tree, World } from '../../src/demo/world.ts'

export interface Init {
  readonly tree: () => Tree
  /** How often it was started, and the ends that no signal had caused. */
  readonly starts: () => number
  readonly badEnds: readonly string[]
  /** The next start is late. */
  readonly delayNext: (ms: number) => void
  /** From here on an end is an end. */
  readonly retire: () => void
  /** Once a tree lives: one that died in the last disturbance is started first. */
  readonly retireAlive: () => Promise<void>
}

export const startInit = (world: World): Init => {
  const badEnds: string[] = []
  let starts = 0
  let delayMs = 0
  let isRetired = false
  let tree = startTree(world)
  const log = (): string => readFileSync(join(world.root, 'log', 'master.log'), 'utf8')

  const keep = async (): Promise<void> => {
    for (;;) {
      starts += 1
      const end = await tree.ended
      if (isRetired) return
      if (typeof end === 'number') badEnds.push(`start ${starts} ended with code ${end}`)
      const wait = delayMs
      delayMs = 0
      if (wait > 0) await setTimeout(wait)
      if (isRetired) return
      tree = startTree(world)
    }
  }
  void keep()
  return {
    tree: () => tree,
    starts: () => starts,
    badEnds,
    delayNext: ms => (delayMs = ms),
    retire: () => (isRetired = true),
    retireAlive: async () => {
      // One that has not begun yet would be ended by a signal like any program.
      while (!tree.isAlive() || !log().includes(`as pid ${tree.pid},`)) await setTimeout(10)
      isRetired = true
    },
  }
}
