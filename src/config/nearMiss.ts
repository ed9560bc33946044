/** What a misspelt word was probably meant to be: the known word a slip or two away, if any. */

export const nearMiss = (word: string, known: readonly string[]): string | null => {
  if (word.length > LENGTH_MAX) return null
  const plain = simplify(word)
  const slipsMax = plain.length < 5 ? 1 : 2
  let best: string | null = null
  let least = slipsMax + 1
  for (const candidate of known) {
    const slips = distance(plain, simplify(candidate), slipsMax)
    if (slips < least) [best, least] = [candidate, slips]
  }
  return best
}

const LENGTH_MAX = 40

const simplify = (word: string): string => word.toLowerCase().replaceAll('_', '-')

/** Letters inserted, dropped, changed or swapped with their neighbour; `max + 1` where far more. */
export const distance = (a: string, b: string, max: number): number => {
  if (Math.abs(a.length - b.length) > max) return max + 1
  let before: number[] = []
  let above = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      row[j] = Math.min(
        (above[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (above[j - 1] ?? 0) + change,
        isSwap ? (before[j - 2] ?? 0) + 1 : Infinity,
      )
    }
    before = above
    above = row
  }
  return above[b.length] ?? max + 1
}
