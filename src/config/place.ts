/**
 * Where a list or a mapping is said to be. Operators' tools read line numbers, so the rule is the
 * original's: at its first token where that begins a deeper level, right after the token before
 * it otherwise.
 *
 *     a: {x: 1}        after the colon       a:            at the `b`
 *     a:               after the colon         b: 1
 *     - b              (not deeper)          - b: 1        at the `b`
 *
 * A mapping that is the whole file is at its beginning, comments included.
 */
import type { Syntax } from './syntax.ts'

export const collectionPlace = (
  text: string,
  { original, tokenEndBefore }: Syntax,
  start: number,
  isInFlow: boolean,
): number => {
  const own = original(start)
  const before = original(tokenEndBefore(start))
  if (isInFlow) return before
  return isDeeper(text, own, before) ? own : before
}

const isDeeper = (text: string, own: number, before: number): boolean => {
  const ownLine = lineStart(text, own)
  if (before === 0) return own > ownLine
  const beforeLine = lineStart(text, before)
  // On one line only a dash begins a level: `- a: 1`, but not `a: {b: 1}`.
  if (ownLine === beforeLine) return /(?:^|[ ])-$/.test(text.slice(beforeLine, before))
  const outer = LEVEL.exec(text.slice(beforeLine, before))?.[0].length ?? 0
  return own - ownLine > outer
}

/** The column at which the content of a line begins, behind the dashes. */
const LEVEL = /^ *(?:- +)*/

const lineStart = (text: string, at: number): number => text.lastIndexOf('\n', at - 1) + 1
