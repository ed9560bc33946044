/**
 * A finding: what a rule has to say of a key of a file. It becomes a problem with a line and a
 * column once somebody looks the key up in the text; most evaluations find nothing, and then
 * nobody does.
 */
export type KeyPath = readonly (string | number)[]

export interface Finding {
  readonly file: string
  readonly path: KeyPath
  readonly severity: 'error' | 'warning'
  readonly message: string
}

const finding =
  (severity: Finding['severity']) =>
  (file: string, path: KeyPath, message: string): Finding => ({ file, path, severity, message })

export const mistake = finding('error')
export const warning = finding('warning')
