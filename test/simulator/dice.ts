/**
 * Chance, from the seed alone. Every kind of thing that is left to chance draws from a stream of
 * its own, so that a kind of fault can be left out and the others come as before: that is how a
 * failing seed is made smaller.
 */
import { prng } from '../prng.ts'

export interface Dice {
  /** From 0 up to 1. */
  readonly next: () => number
  /** 0, 1, … `count - 1`. */
  readonly upTo: (count: number) => number
  readonly happens: (probability: number) => boolean
  readonly between: (least: number, most: number) => number
  /** Whole milliseconds, `mean` on average, sometimes much longer. */
  readonly wait: (mean: number) => number
  readonly pick: <T>(list: readonly T[]) => T
}

export const diceOf = (seed: number): Dice => {
  const next = prng(seed)
  const upTo = (count: number): number => Math.floor(next() * count)
  return {
    next,
    upTo,
    happens: probability => next() < probability,
    between: (least, most) => least + upTo(most - least + 1),
    wait: mean => Math.round(-mean * Math.log(1 - next())),
    pick: list => list[upTo(list.length)] as (typeof list)[number],
  }
}

/** The stream of one kind of chance. */
export const seedFor = (seed: number, kind: string): number => {
  let sum = Math.imul(seed, 0x9e3779b1)
  for (let i = 0; i < kind.length; i += 1) sum = Math.imul(sum ^ kind.charCodeAt(i), 0x01000193)
  return sum
}
