/** What has been seen of lives and deaths, for all who judge. */
import { fileName } from '../../native/statusFile.ts'
import type { State } from '../../src/decide.ts'
import type { Kernel, Process } from './kernel.ts'

export interface Ledger {
  /** Which process a life of the journal is. */
  readonly lives: Map<string, Process>
  /** Deaths that the journal has told. */
  readonly told: Set<Process>
  /** Deaths that nobody can know of: of before a boot, or of lives that were forgotten. */
  readonly excused: Set<Process>
  /** When a life was first told to stop. */
  readonly terms: Map<string, number>
  /** Lives, by the names of their files, that count as ready because their time was over. */
  readonly accepted: Set<string>
  /** That were found, and of which nothing was remembered. */
  readonly strangers: Set<string>
  /** That are ended for their own sake: they were ill, or late, or an operator wanted it. */
  readonly personal: Set<string>
  /** Until when the last asked to be let live, CLOCK_MONOTONIC. */
  readonly extended: Map<string, number>
}

/**
 * A life is named by its number, and those of the original have none: of several under one name it
 * is the one that is remembered, by its pid and its birth, whose end will be told.
 */
export const callBack = (lives: Ledger['lives'], kernel: Kernel, { instances }: State): void => {
  for (const [instance, { context }] of instances) {
    const { incarnation = 0, pid = null, birth = null } = context.life ?? {}
    const process = kernel.processes.findLast(one => one.pid === pid && one.birth === birth)
    if (process?.instance === instance) lives.set(fileName(instance, incarnation), process)
  }
}

export const newLedger = (): Ledger => ({
  lives: new Map(),
  told: new Set(),
  excused: new Set(),
  terms: new Map(),
  accepted: new Set(),
  strangers: new Set(),
  personal: new Set(),
  extended: new Map(),
})
