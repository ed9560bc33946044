/**
 * What a YAML file says before anyone asks what it means: every scalar is still a string, and
 * everything remembers where it stood. Offsets count UTF-16 units of the normalised text
 * (`lines.ts`); they become lines and columns only when something has to be said about them.
 *
 * The two nulls differ: nothing after a colon means "all defaults" to a structure or a list,
 * a written `null` or `~` does not.
 */

export interface Tag {
  /** Without the exclamation mark. */
  readonly name: string
  readonly at: number
}

export interface Entry {
  readonly key: string
  readonly keyAt: number
  readonly value: Value
}

interface Common {
  readonly at: number
  readonly tag: Tag | null
  /** Nodes and levels with every alias written out: what a reader of the value would visit. */
  readonly size: number
  readonly depth: number
}

export type Value = Common &
  (
    | { readonly kind: 'text'; readonly text: string }
    | { readonly kind: 'null'; readonly isImplicit: boolean }
    | { readonly kind: 'list'; readonly items: readonly Value[] }
    | {
        readonly kind: 'map'
        readonly entries: readonly Entry[]
        /** `a : b` was plain text to the original: what it would have read. */
        readonly asText: string | null
      }
    /** A mistake here has been reported already: say nothing more about it. */
    | { readonly kind: 'broken' }
  )

/** How a value is called when it is not what was expected. */
export const describe = (value: Value): string => {
  const tag = value.tag === null ? '' : `${describeTag(value.tag)} `
  return `${tag}${describeUntagged(value)}`
}

export const describeTag = ({ name }: Tag): string => `!${shorten(name)}`

const describeUntagged = (value: Value): string => {
  switch (value.kind) {
    case 'text':
      return quote(value.text)
    case 'null':
      return value.isImplicit ? 'nothing' : 'null'
    case 'list':
      return 'a list'
    case 'map':
      return 'a mapping'
    case 'broken':
      return 'a mistake'
  }
}

const SHOWN_MAX = 40

const shorten = (text: string): string =>
  text.length <= SHOWN_MAX ? text : `${text.slice(0, SHOWN_MAX - 1)}…`

/** As JSON, therefore on one line, whatever the text holds. */
export const quote = (text: string): string => JSON.stringify(shorten(text))
