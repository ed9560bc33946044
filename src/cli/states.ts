/** States of instances as people type them. */
import { instanceMachine } from '../../machines/instance.ts'
import { nearest } from '../nearest.ts'
import { shownState } from '../status.ts'

/** Those of the machine as they are shown, and what only a look at the kernel tells. */
export const statesOfInstances: readonly string[] = [
  ...new Set(Object.keys(instanceMachine.states).map(shownState)),
  'lost',
]

/** A sentence about the first that is none, or null. */
export const unknownState = (
  words: readonly string[],
  states: readonly string[] = statesOfInstances,
): string | null => {
  const unknown = words.find(word => !states.includes(word))
  if (unknown === undefined) return null
  const similar = nearest(unknown, states)
  const hint = similar === null ? `there are ${states.join(', ')}` : `did you mean ${similar}?`
  return `there is no state ${JSON.stringify(unknown)}; ${hint}`
}
