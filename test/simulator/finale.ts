/**
 * The last thing that happens, when all is calm: a version that never gets ready is switched to. It
 * is told to have failed, no more of the old ones are touched than its upgrade may, and in the end
 * everything is as before.
 */
import { processOf, sandboxOf } from '../../machines/order.ts'
import type { Sandbox } from './configs.ts'
import type { Host } from './host.ts'
import type { Init } from './init.ts'
import { switchVersion } from './operator.ts'
import type { Answer } from './operator.ts'
import { badImage } from './wishes.ts'
import { breakPromise } from './world.ts'

/** It can be told apart from a good one, and is not put in place all at once. */
const isCareful = ({ state, processes }: Sandbox): boolean =>
  state === 'good' &&
  [...processes.values()].every(
    ({ wishes: { policy } }) =>
      policy?.rolling !== undefined && policy.ready?.onTimeout === 'restart',
  ) &&
  [...processes.values()].some(({ instances }) => instances > 0)

/** What checks it when there was time enough; null where there is nothing to try. */
export const beginFinale = (host: Host, init: Init): (() => void) | null => {
  const { world, configs, kernel } = host
  const found = [...configs.sandboxes].find(([, sandbox]) => isCareful(sandbox))
  if (found === undefined || !world.faults.has('operator')) return null
  const [name, { processes }] = found
  const wanted = configs.given.get(name)?.wanted ?? new Map()
  const old = [...wanted.keys()].flatMap(instance => kernel.living(instance))
  let answer: Answer | null = null
  switchVersion(host, init, name, badImage, said => (answer = said))
  return () => {
    const fail = (what: string): void => breakPromise(world, 'a bad version', what)
    if (answer === 'well') fail(`${name} is said to be well, with a version that is never ready`)
    if (answer === null) fail(`nothing is said of ${name}, with a version that is never ready`)
    for (const [process, { wishes }] of processes) {
      const ended = old.filter(
        ({ instance, state }) =>
          instance !== null &&
          sandboxOf(instance) === name &&
          processOf(instance) === process &&
          state !== 'alive',
      )
      if (ended.length > (wishes.policy?.rolling?.maxUnavailable ?? 0))
        fail(`${ended.map(({ instance }) => instance).join(', ')} had to end for it`)
    }
  }
}
