/** All that is there while no supervisor runs. */
import { createAsking } from './asking.ts'
import { createConfigs } from './configs.ts'
import type { Configs } from './configs.ts'
import { createContinuity } from './continuity.ts'
import type { Continuity } from './continuity.ts'
import { createFakeDisk } from './fakeDisk.ts'
import type { FakeDisk } from './fakeDisk.ts'
import { createKernel } from './kernel.ts'
import type { Judge } from './judge.ts'
import type { Kernel, Process } from './kernel.ts'
import { signalKnot } from './knot.ts'
import { createMemory } from './memory.ts'
import type { Memory } from './memory.ts'
import { createNetwork } from './network.ts'
import type { Network } from './network.ts'
import { createPromises } from './promises.ts'
import type { Promises } from './promises.ts'
import { createOrdering } from './ordering.ts'
import { createRates } from './rates.ts'
import { createReadiness } from './readiness.ts'
import type { Story } from './story.ts'
import type { World } from './world.ts'

export interface Host {
  readonly world: World
  readonly kernel: Kernel
  readonly disk: FakeDisk
  readonly configs: Configs
  readonly network: Network
  readonly continuity: Continuity
  readonly promises: Promises
  readonly judges: readonly Judge[]
  readonly memory: Memory
  readonly dismiss: (process: Process) => void
}

export const createHost = (world: World, story: Story): Host => {
  const kernel = createKernel(world)
  const configs = createConfigs(world)
  const promises = createPromises(world, kernel, configs)
  const disk = createFakeDisk(world)
  const network = createNetwork()
  const continuity = createContinuity(world, network)
  const { ledger } = promises
  const judges = [
    createReadiness(world, kernel, ledger),
    createOrdering(world, ledger),
    createRates(world),
    createAsking(world),
  ]
  return {
    world,
    kernel,
    configs,
    network,
    continuity,
    judges,
    promises,
    disk,
    memory: createMemory(world, {
      onHeard: ({ inputs }) => promises.heard(inputs),
      onWritten: (turn, state) => {
        story.turn(turn)
        promises.written(turn, state)
        for (const judge of judges) judge.written(turn, state)
        continuity.closes(turn.effects, state)
      },
      onAmnesia: state => {
        promises.amnesia(state)
        for (const judge of judges) judge.forget?.()
        continuity.forget()
      },
      isFull: () => disk.isFull,
    }),
    dismiss: process => signalKnot(world, kernel, process, 'SIGTERM'),
  }
}
