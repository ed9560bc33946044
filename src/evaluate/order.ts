/** Problems as somebody wants to read them who mends one file after the other. */
import type { Problem } from '../config/shapes.ts'

/**
 * Each once, though processes may share a configuration and its mistakes; and what only was a
 * concern to the reader of a file is settled where a mistake is found at the same place.
 */
export const tidy = (problems: readonly Problem[]): readonly Problem[] => {
  const placeOf = ({ file, line, column }: Problem): string => JSON.stringify([file, line, column])
  const wrong = new Set(problems.filter(({ severity }) => severity === 'error').map(placeOf))
  const kept = problems.filter(
    problem =>
      problem.severity === 'error' || problem.line === null || !wrong.has(placeOf(problem)),
  )
  return inOrder([...new Map(kept.map(problem => [JSON.stringify(problem), problem])).values()])
}

/** File by file as they were read, and in each from top to bottom. */
const inOrder = (problems: readonly Problem[]): readonly Problem[] => {
  const files = new Map<string, number>()
  for (const { file } of problems) if (!files.has(file)) files.set(file, files.size)
  const rank = ({ file }: Problem): number => files.get(file) ?? 0
  return problems.toSorted(
    (a, b) =>
      rank(a) - rank(b) || (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0),
  )
}
