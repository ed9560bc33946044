/** What lies in a directory of recorded journals, beside the journals. */
import type { KeptState } from '../../src/state.ts'

export interface Chapter {
  readonly title: string
  /** The turn after which the supervisor had this state. */
  readonly seq: number
  readonly state: KeptState
}
