/**
 * That a supervisor may die at any border between two things that it does. Whatever the fakes do
 * on its behalf passes here first, and nothing passes once it is dead: code that goes on, because
 * it has caught what was thrown, goes on for nobody.
 */
export class Killed extends Error {}

export interface Mortal {
  readonly isDead: () => boolean
  /** Where it died; for the story. */
  readonly place: () => string | null
  /** A border. Throws if the supervisor is dead or dies here. */
  readonly passes: (where: string) => void
  /** A border in the midst of something: who asks must `end` it if this says so. */
  readonly isLastMoment: (where: string) => boolean
  readonly mustLive: () => void
  readonly end: () => never
  /** From outside: no more of it. */
  readonly kill: (where: string) => void
}

/** `borders`: how many it passes; it dies at the next. */
export const createMortal = (borders: number): Mortal => {
  let left = borders
  let place: string | null = null

  const isLastMoment = (where: string): boolean => {
    if (place !== null) throw new Killed()
    left -= 1
    if (left >= 0) return false
    place = where
    return true
  }

  const end = (): never => {
    throw new Killed()
  }

  return {
    isDead: () => place !== null,
    place: () => place,
    passes: where => {
      if (isLastMoment(where)) end()
    },
    isLastMoment,
    mustLive: () => {
      if (place !== null) end()
    },
    end,
    kill: where => {
      place ??= where
    },
  }
}
