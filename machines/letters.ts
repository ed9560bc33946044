/**
 * What machines say to each other. A letter is delivered within the turn it was written in, after
 * the input that caused it; replay writes and delivers it again, so it is in no journal.
 *
 * Every input reaches a machine together with the number of its turn: an incarnation is named
 * by the turn that launched it.
 */
import type { Input, Wanted } from './vocabulary.ts'

/** Of an instance: up; alive, but not up yet; alive, and to end; without a life. */
export type Standing = 'up' | 'coming' | 'going' | 'none'

export type Letter =
  /**
   * Sandbox to instance: run like this. `waitsFor`: not before these processes are up. `notBefore`:
   * put in by whoever delivers it, where starts are spread; an instant of CLOCK_MONOTONIC.
   */
  | {
      readonly type: 'want'
      readonly wanted: Wanted
      readonly waitsFor?: readonly string[]
      readonly notBefore?: number
    }
  /** Sandbox to instance: these processes have to be up before a start; none: no more. */
  | { readonly type: 'hold'; readonly waitsFor: readonly string[] }
  /** Sandbox to instance: end for good. */
  | { readonly type: 'unwant' }
  /** Tree to sandbox: end everything, whatever your configuration says. */
  | { readonly type: 'drain' }
  /** Tree to sandbox: a new life of the supervisor; what the last one closed is open again. */
  | { readonly type: 'reopen' }
  /** Tree to instance: the time for an orderly stop is over. */
  | { readonly type: 'abandon' }
  /** Decide to sandbox: an instance of yours lives, perhaps one that no configuration has named. */
  | { readonly type: 'found'; readonly instance: string; readonly config: string }
  /** Decide to sandbox, where it cares. */
  | { readonly type: 'stands'; readonly instance: string; readonly standing: Standing }
  /** Decide to sandbox, before the first configuration that asks for an order: all of them. */
  | { readonly type: 'muster'; readonly standing: Readonly<Record<string, Standing>> }
  /** Decide to tree: one of those starts that are spread over time is decided. */
  | { readonly type: 'claim' }
  /** Decide to sandbox: an instance has ended for good. */
  | { readonly type: 'ended'; readonly instance: string }
  /**
   * Decide to tree, while it stops: so many instances are not stopped yet. `killsAt`: when the last
   * of those that were told to stop is killed, CLOCK_MONOTONIC; 0: nobody was told.
   */
  | {
      readonly type: 'census'
      readonly alive: number
      readonly longestKillMs: number
      readonly killsAt: number
    }

export interface Delivery {
  readonly turn: number
  readonly at: number
  readonly mono: number
}

/** What a machine is asked about. */
export type Heard = (Input | (Letter & { readonly at: number; readonly mono: number })) & Delivery

/** An action of a machine that is no effect: post to these. */
export interface Post {
  readonly to: 'instances' | 'sandboxes'
  /** Names, or null for all. */
  readonly names: readonly string[] | null
  readonly letter: Letter
}
