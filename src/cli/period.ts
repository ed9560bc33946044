/** `--since` and `--until`, as all that tell of the past have them. */
import { stamp } from '../../actors/clock.ts'
import { parseWhen, whenForms } from '../when.ts'

const isNoInstant = (text: string): string | null =>
  parseWhen(text, stamp().at) === null ? `expected ${whenForms}` : null

export const periodOptions = {
  since: {
    kind: 'value',
    names: ['--since'],
    metavar: 'WHEN',
    help: `leave out what was before: ${whenForms}`,
    wrong: isNoInstant,
  },
  until: {
    kind: 'value',
    names: ['--until'],
    metavar: 'WHEN',
    help: 'leave out what was after',
    wrong: isNoInstant,
  },
} as const

export const isNoCount = (text: string): string | null =>
  text === 'all' || /^\d{1,9}$/.test(text) ? null : `expected a number or all; found ${text}`

export const countOf = (text: string | null, usual: number): number =>
  text === null ? usual : text === 'all' ? Infinity : Number(text)

/** Milliseconds since 1970. */
export const periodOf = (options: {
  readonly since: string | null
  readonly until: string | null
}): { readonly since: number; readonly until: number } => {
  const now = stamp().at
  const instant = (text: string | null, otherwise: number): number =>
    (text === null ? null : parseWhen(text, now)) ?? otherwise
  return { since: instant(options.since, 0), until: instant(options.until, Infinity) }
}
