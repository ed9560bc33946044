/**
 * Follows one command through the finished turns, from the turn that has written it down until
 * everything it touched has settled. Looks only; the one that hears is the supervisor.
 */
import type { Input } from '../../machines/vocabulary.ts'
import { fateIn, fatesIn, isIn, livesIn, readingOf } from '../outcome.ts'
import type { Before, Fate, Reading } from '../outcome.ts'
import type { Bus, FinishedTurn } from '../turn.ts'

export interface Outcome {
  /** The last turn that had to do with it. */
  readonly seq: number
  readonly readings: readonly Reading[]
  readonly fates: readonly Fate[]
}

export type Progress =
  /** Written down in this turn: from here on a death of the supervisor does not lose it. */
  { readonly accepted: number } | { readonly reading: Reading } | { readonly fate: Fate }

export interface Watched {
  readonly command: Input
  /** A sandbox, an instance, or null for everything. */
  readonly scope: string | null
  readonly onProgress: (progress: Progress) => void
  readonly onDone: (outcome: Outcome) => void
  /** The supervisor is not in a state to take it, and has not. */
  readonly onIgnored: (state: string) => void
}

/** Returns what ends the watching. */
export const watch = (
  { finished, state, hear }: Bus,
  { command, scope, onProgress, onDone, onIgnored }: Watched,
): (() => void) => {
  const before: Before = livesIn(state(), scope)
  const readings: Reading[] = []
  const pending = new Set<string>()
  let accepted: number | null = null
  let isRead = false

  const judge = (instance: string): void => {
    const fate = fateIn(state(), instance, before)
    if (fate?.verdict === 'pending') pending.add(instance)
    else if (pending.delete(instance) && fate !== null) onProgress({ fate })
  }

  const finishIfSettled = (seq: number): void => {
    if (!isRead || pending.size > 0) return
    following.unsubscribe()
    onDone({ seq, readings, fates: fatesIn(state(), scope, before) })
  }

  /** What a reload reads is heard in the turn after it, all at once. */
  const allIsRead = (seq: number): void => {
    if (isRead || following.closed) return
    isRead = true
    for (const { instance, verdict } of fatesIn(state(), scope, before))
      if (verdict === 'pending') pending.add(instance)
    finishIfSettled(seq)
  }

  const isTaken = (turn: FinishedTurn): boolean =>
    command.type !== 'config.reload' || turn.effects.some(({ type }) => type === 'load')

  const take = (turn: FinishedTurn): void => {
    if (accepted === null) {
      if (!turn.heard.includes(command)) return
      if (!isTaken(turn)) {
        following.unsubscribe()
        return onIgnored(String(turn.state.tree.value))
      }
      accepted = turn.seq
      onProgress({ accepted })
      setImmediate(() => allIsRead(turn.seq))
    }
    for (const input of turn.heard) {
      const reading = input === command || input.cause === accepted ? readingOf(input) : null
      if (reading === null) continue
      readings.push(reading)
      onProgress({ reading })
    }
    if (!isRead) return
    for (const input of turn.heard)
      if ('instance' in input && input.instance !== undefined && isIn(scope, input.instance))
        judge(input.instance)
    // What becomes of one may settle what others wait for.
    const { sandboxes } = turn.state
    if (pending.size > 0 && [...sandboxes.values()].some(({ context }) => context.order))
      for (const instance of pending) judge(instance)
    finishIfSettled(turn.seq)
  }

  const following = finished.subscribe(take)
  hear(command)
  return () => following.unsubscribe()
}
