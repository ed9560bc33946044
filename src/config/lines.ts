/**
 * Text as the other files see it (line ends are `\n`, no byte order mark), and the way back from
 * an offset in it to a line and a column. Columns count characters, not bytes nor UTF-16 units.
 */

export interface Place {
  readonly line: number
  readonly column: number
}

/** `\r\n` is one line end, so that the numbers are those of every editor. */
export const normalise = (text: string): string =>
  (text.startsWith('\uFEFF') ? text.slice(1) : text).replace(/\r\n?/g, '\n')

/**
 * A function from offsets to places. It continues from the last answer where it can: asking in
 * ascending order costs one walk, also in a file that is a single long line.
 */
export const placeFinder = (text: string): ((offset: number) => Place) => {
  let starts: number[] | null = null
  let last = { line: 0, offset: 0, column: 1 }
  return offset => {
    starts ??= lineStarts(text)
    const line = lastAtMost(starts, offset)
    const isOnward = line === last.line && offset >= last.offset
    const from = isOnward ? last : { offset: starts[line] ?? 0, column: 1 }
    const column = from.column + charactersIn(text, from.offset, offset)
    last = { line, offset, column }
    return { line: line + 1, column }
  }
}

/** The second half of a surrogate pair is no character of its own. */
const charactersIn = (text: string, from: number, to: number): number => {
  let count = 0
  for (let i = from; i < to; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0xdc00 || unit > 0xdfff) count++
  }
  return count
}

const lineStarts = (text: string): number[] => {
  const starts = [0]
  for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', end + 1)) {
    starts.push(end + 1)
  }
  return starts
}

/** The index of the last element that is not greater than `limit`, in an ascending list; or -1. */
export const lastAtMost = (ascending: readonly number[], limit: number): number => {
  let low = 0
  let high = ascending.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ascending[middle] ?? Infinity) <= limit) low = middle + 1
    else high = middle
  }
  return low - 1
}
