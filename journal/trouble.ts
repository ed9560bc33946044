/**
 * Says once that something cannot be written, and once that it is over. What happens in
 * between is the same trouble.
 *
 * The listener is told a moment later, from outside of every call of the journal: what it
 * hears becomes a turn, and that is appended to the very journal it speaks of.
 */
export interface Stalled {
  readonly where: string
  readonly reason: string
}

export interface Resumed {
  readonly where: string
  /** Turns whose lines were not written. */
  readonly missing: number
}

export interface Listener {
  readonly onStalled: (stalled: Stalled) => void
  readonly onResumed: (resumed: Resumed) => void
}

export interface Trouble {
  readonly say: (where: string, reason: string) => void
  readonly over: (missing: number) => void
  readonly isOn: () => boolean
}

export const listenForTrouble = ({ onStalled, onResumed }: Listener): Trouble => {
  let place: string | null = null
  return {
    isOn: () => place !== null,
    say: (where, reason) => {
      if (place !== null) return
      place = where
      queueMicrotask(() => onStalled({ where, reason }))
    },
    over: missing => {
      if (place === null) return
      const where = place
      place = null
      queueMicrotask(() => onResumed({ where, missing }))
    },
  }
}
