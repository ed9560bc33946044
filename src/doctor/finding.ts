/** What the doctor has to say about one thing. */
export type Finding = {
  readonly name: string
  /** What was found. */
  readonly found: string
} & (
  | { readonly state: 'ok' }
  | {
      /** `problem`: lithos does not work here. `warning`: something of it does not, or badly. */
      readonly state: 'warning' | 'problem'
      readonly consequence: string
      readonly remedy: string
    }
)

export const ok = (name: string, found: string): Finding => ({ name, state: 'ok', found })

const bad =
  (state: 'warning' | 'problem') =>
  (name: string, found: string, consequence: string, remedy: string): Finding => ({
    name,
    state,
    found,
    consequence,
    remedy,
  })

export const warning = bad('warning')
export const problem = bad('problem')
