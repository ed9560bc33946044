/** What the rules are asked about: one process of one sandbox, with all that was read for it. */
import type { Container, Process, Sandbox } from '../config/shapes.ts'

export interface Subject {
  readonly sandbox: { readonly name: string; readonly file: string; readonly value: Sandbox }
  readonly process: { readonly name: string; readonly file: string; readonly value: Process }
  readonly container: { readonly file: string; readonly value: Container }
  /** What `secret-environ-file` says, where there is one. */
  readonly secrets?: { readonly file: string; readonly value: Container['secretEnviron'] }
}

/** For a message about a file that several processes may share. */
export const nameOf = ({ sandbox, process }: Pick<Subject, 'sandbox' | 'process'>): string =>
  `${sandbox.name}/${process.name}`
