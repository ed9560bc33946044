/**
 * What the original's own YAML reader accepted and the standard does not. Each is written as
 * standard YAML by inserting blanks or a line break, and only where reading has failed, so that
 * a standard file is never touched:
 *
 *     a: - 5          a list under a key, on one line
 *     a: b: c         a mapping under a key, on one line
 *     "a":b           no blank after the colon of a quoted key, as in JSON
 *     a: [            the content of brackets, and of quotes, not indented
 *     1 ]
 */
import type { Wrong } from './syntax.ts'

export interface Amendment {
  readonly at: number
  readonly inserted: string
}

/** What to insert, one after the other, each offset counting those before; none: no remedy. */
export const amend = (text: string, { code, start, end }: Wrong): readonly Amendment[] => {
  switch (code) {
    case 'BLOCK_AS_IMPLICIT_KEY':
      return [breakLine(text, start)]
    case 'UNEXPECTED_TOKEN':
      if (/^-\s|^-$/.test(text.slice(start, start + 2))) return [breakLine(text, start)]
      return spaceAfterColon(text, start)
    case 'BAD_INDENT':
      return indentFlow(text, start)
    case 'MISSING_CHAR':
      return text.startsWith('":', end - 1) ? spaceAfterColon(text, end) : indentQuoted(text, start)
    default:
      return []
  }
}

export const insert = (text: string, { at, inserted }: Amendment): string =>
  text.slice(0, at) + inserted + text.slice(at)

/** Back through every insertion; what lies within one belongs to the place where it was made. */
export const originalOffset = (amendments: readonly Amendment[], offset: number): number =>
  amendments.length === 0
    ? offset
    : amendments.reduceRight(
        (after, { at, inserted }) =>
          after >= at + inserted.length ? after - inserted.length : Math.min(after, at),
        offset,
      )

/** The rest of the line goes to a line of its own, and stays in its column. */
const breakLine = (text: string, at: number): Amendment => ({
  at,
  inserted: `\n${' '.repeat(at - lineStart(text, at))}`,
})

const spaceAfterColon = (text: string, at: number): readonly Amendment[] =>
  text.startsWith('":', at - 1) ? [{ at: at + 1, inserted: ' ' }] : []

/**
 * Lines inside brackets that are indented no more than the key before the bracket, up to the one
 * that closes it: how deep they are does not matter, that they are does.
 */
const indentFlow = (text: string, wrongAt: number): readonly Amendment[] => {
  const first = lineStart(text, wrongAt)
  if (first === 0 || text.slice(first, wrongAt).trim() !== '') return []
  let open = 1
  for (const { 0: token, index } of text.slice(first).matchAll(BRACKETS)) {
    if (token === '[' || token === '{') open += 1
    if (token === ']' || token === '}') open -= 1
    if (open === 0) return indentLines(text, first, first + index + 1)
  }
  return []
}

/** Brackets; and, to be passed over with what is in them, quotes and comments. */
const BRACKETS = /(?<=[\s,[{:])(?:"(?:[^"\\]|\\.)*"|'[^']*'|#[^\n]*)|[[\]{}]/g

/** The same for a quoted text that goes on at the left margin, if it ends at all. */
const indentQuoted = (text: string, wrongAt: number): readonly Amendment[] => {
  const opening = /(["'])[^"']*$/.exec(text.slice(Math.max(0, wrongAt - 10_000), wrongAt + 1))?.[1]
  const first = text.indexOf('\n', wrongAt - 1) + 1
  if (opening === undefined || first === 0) return []
  const closing = text.indexOf(opening, first)
  return closing === -1 ? [] : indentLines(text, first, closing)
}

/** Every line that begins from the first offset on and before the second one. */
const indentLines = (text: string, from: number, until: number): readonly Amendment[] => {
  const inserted = ' '.repeat(indentationBefore(text, from) + 1)
  const amendments: Amendment[] = []
  for (let line = from; line < until; line = text.indexOf('\n', line) + 1) {
    amendments.push({ at: line + amendments.length * inserted.length, inserted })
    if (!text.includes('\n', line)) break
  }
  return amendments
}

/** The deepest column at which a line up to here begins, dashes not counted as a beginning. */
const indentationBefore = (text: string, end: number): number =>
  text
    .slice(0, end)
    .split('\n')
    .reduce((deepest, line) => Math.max(deepest, (/^[ -]*/.exec(line)?.[0] ?? '').length), 0)

const lineStart = (text: string, at: number): number => text.lastIndexOf('\n', at - 1) + 1
