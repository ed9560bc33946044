/**
 * What is promised to who asks: a restart is begun in the turn in which it was heard, or waits for
 * those that have to be up first, and starts nobody twice; who is to end and does not live is gone.
 */
import { heardOf } from './judge.ts'
import type { Judge } from './judge.ts'
import { breakPromise } from './world.ts'
import type { World } from './world.ts'

/** What an instance is after the question, by what it was. */
const answers: Readonly<Record<string, readonly string[]>> = {
  running: ['leaving', 'stopping'],
  readying: ['stopping'],
  backoff: ['starting', 'waiting'],
  failed: ['starting', 'waiting'],
  waiting: ['waiting'],
}

export const createAsking = (world: World): Judge => ({
  written: ({ inputs, effects, before }, next) => {
    for (const input of inputs) {
      if (input.type !== 'instance.restart' || heardOf(inputs, input.instance).length > 1) continue
      const { instance } = input
      const [was, is] = [before, next].map(({ instances }) =>
        String(instances.get(instance)?.value),
      )
      const launches = effects.filter(
        effect => effect.type === 'launch' && effect.instance === instance,
      )
      const isAlone = inputs.length === 1
      if (launches.length > 1 || (isAlone && answers[was ?? '']?.includes(is ?? '') === false))
        breakPromise(world, 'restart', `${instance} was ${was}, was asked for, and is ${is}`)
    }
    for (const [name, { value, context }] of next.instances)
      if (context.want === null && context.life === null)
        breakPromise(world, 'stop', `${name} is to end, does not live, and is ${String(value)}`)
  },
})
