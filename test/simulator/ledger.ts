/** What has been seen of lives and deaths, for all who judge. */
import type { Process } from './kernel.ts'

export interface Ledger {
  /** Which process a life of the journal is. */
  readonly lives: Map<string, Process>
  /** Deaths that the journal has told. */
  readonly told: Set<Process>
  /** Deaths that nobody can know of: of before a boot, or of lives that were forgotten. */
  readonly excused: Set<Process>
  /** When a life was first told to stop. */
  readonly terms: Map<string, number>
}
