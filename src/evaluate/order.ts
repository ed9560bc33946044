/** Problems as somebody wants to read them who mends one file after the other. */
import type { Problem } from '../config/shapes.ts'

/**
 * Each once, though processes may share a configuration and its mistakes; and what only was a
 * concern to the reader of a file is settled where a mistake is found at the same place.
 * `files` come first and in this order, others as they are met.
 */
export const tidy = (
  problems: readonly Problem[],
  files: readonly string[] = [],
): readonly Problem[] => {
  const placeOf = ({ file, line, column }: Problem): string => JSON.stringify([file, line, column])
  const wrong = new Set(problems.filter(({ severity }) => severity === 'error').map(placeOf))
  const kept = problems.filter(
    problem =>
      problem.severity === 'error' || problem.line === null || !wrong.has(placeOf(problem)),
  )
  const unique = new Map(kept.map(problem => [JSON.stringify(problem), problem]))
  return inOrder([...unique.values()], [...files, ...problems.map(({ file }) => file)])
}

/** File by file, and in each from top to bottom. */
const inOrder = (problems: readonly Problem[], files: readonly string[]): readonly Problem[] => {
  const ranks = new Map([...new Set(files)].map((file, index) => [file, index]))
  const rank = ({ file }: Problem): number => ranks.get(file) ?? ranks.size
  return problems.toSorted(
    (a, b) =>
      rank(a) - rank(b) || (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0),
  )
}
