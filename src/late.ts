/**
 * The door to what is loaded late (src/rest.ts): once, by whoever needs it first. Until then
 * nothing can be evaluated or decrypted, and nobody asks.
 */
import { strict as assert } from 'node:assert'
import type { Decryption } from './decryption.ts'
import type { Evaluator } from './evaluate/evaluator.ts'

export type Rest = typeof import('./rest.ts')

export interface Late {
  readonly load: () => Promise<Rest>
  readonly evaluator: Evaluator
  readonly decryption: () => Decryption
}

/** `now`: milliseconds since 1970. */
export const createLate = (masterFile: string, now: () => number): Late => {
  let loaded: Promise<Rest> | null = null
  let tools: { readonly evaluator: Evaluator; readonly decryption: Decryption } | null = null

  const load = (): Promise<Rest> =>
    (loaded ??= import('./rest.ts').then(rest => {
      tools = {
        evaluator: rest.createEvaluator(masterFile, now),
        decryption: rest.createDecryption(),
      }
      return rest
    }))

  const known = () => {
    assert(tools !== null, 'the configuration was to be read before that was loaded')
    return tools
  }

  return {
    load,
    evaluator: {
      settings: () => known().evaluator.settings(),
      sandboxes: settings => known().evaluator.sandboxes(settings),
      sandbox: (settings, name, alternate) => known().evaluator.sandbox(settings, name, alternate),
    },
    decryption: () => known().decryption,
  }
}
