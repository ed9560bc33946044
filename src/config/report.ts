/**
 * From mistakes to lines for a person: sorted by place, one per mistake, never a newline inside.
 */
import { placeFinder } from './lines.ts'
import type { Place } from './lines.ts'
import type { Problem } from './shapes.ts'

/** `value` is null exactly when a problem of severity `error` is among the problems. */
export interface Decoded<T> {
  readonly value: T | null
  readonly problems: readonly Problem[]
}

/** A problem before its offset is turned into a line and a column; null: the file as a whole. */
export interface Mistake {
  readonly at: number | null
  /** The key that it is about: told with its line, and the place itself if the line is the same. */
  readonly keyAt?: number | null
  readonly severity: 'error' | 'warning'
  readonly message: string
}

export const error = (at: number | null, message: string): Mistake => ({
  at,
  severity: 'error',
  message,
})

export const warning = (at: number, message: string): Mistake => ({
  at,
  severity: 'warning',
  message,
})

/** `FILE:LINE:COL: message`, or `FILE: message` when it is about the whole file. */
export const sayProblem = ({ file, line, column, severity, message }: Problem): string => {
  const place = line === null ? '' : column === null ? `${line}:` : `${line}:${column}:`
  return `${file}:${place} ${severity === 'warning' ? 'warning: ' : ''}${message}`
}

/** More than this is not read by anyone; a file of random keys must not fill the log. */
const SHOWN_MAX = 200

export const toProblems = (
  file: string,
  text: string,
  mistakes: readonly Mistake[],
): readonly Problem[] => {
  const placeOf = placeFinder(text)
  const sorted = mistakes.toSorted((a, b) => (a.at ?? -1) - (b.at ?? -1))
  const problems = sorted
    .slice(0, SHOWN_MAX)
    .map((mistake): Problem => {
      const { severity, message } = mistake
      const { line, column, suffix } = placeAndSuffix(mistake, placeOf)
      return { file, line, column, severity, message: oneLine(message) + suffix }
    })
    .toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0))
  const rest = sorted.slice(SHOWN_MAX)
  if (rest.length === 0) return problems
  const severity = rest.some(({ severity }) => severity === 'error') ? 'error' : 'warning'
  const message = `${rest.length} further problems are not shown`
  return [...problems, { file, line: null, column: null, severity, message }]
}

const placeAndSuffix = (
  { at, keyAt }: Mistake,
  placeOf: (offset: number) => Place,
): { line: number | null; column: number | null; suffix: string } => {
  if (at === null) return { line: null, column: null, suffix: '' }
  const place = placeOf(at)
  if (keyAt === undefined || keyAt === null) return { ...place, suffix: '' }
  const keyPlace = placeOf(keyAt)
  return keyPlace.line === place.line
    ? { ...keyPlace, suffix: '' }
    : { ...place, suffix: ` (on line ${keyPlace.line})` }
}

const oneLine = (message: string): string =>
  message.replace(/[\n\r\u0000-\u001f\u007f\u0085\u2028\u2029]/g, ' ')

/** `value` is asked for only when nothing is wrong. */
export const decoded = <T>(value: () => T, problems: readonly Problem[]): Decoded<T> => ({
  value: problems.some(({ severity }) => severity === 'error') ? null : value(),
  problems,
})

export const failed = <T>(
  file: string,
  message: string,
  line: number | null = null,
): Decoded<T> => ({
  value: null,
  problems: [{ file, line, column: null, severity: 'error', message }],
})
