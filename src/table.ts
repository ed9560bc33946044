/**
 * Tables for people: two blanks between columns, headers in capitals, numbers to the right,
 * nothing behind the last column, `-` for what is not there.
 */
export interface Column<Row> {
  readonly name: string
  readonly cell: (row: Row) => string
  readonly isNumber?: boolean
}

export const table = <Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  withHeader = true,
): string => {
  const cells = [
    ...(withHeader ? [columns.map(({ name }) => name.toUpperCase())] : []),
    ...rows.map(row => columns.map(({ cell }) => cell(row) || '-')),
  ]
  const widths = columns.map((_, index) =>
    Math.max(...cells.map(line => (line[index] ?? '').length), 0),
  )
  return cells
    .map(line =>
      line
        .map((text, index) => {
          const width = widths[index] ?? 0
          return columns[index]?.isNumber === true ? text.padStart(width) : text.padEnd(width)
        })
        .join('  ')
        .trimEnd(),
    )
    .map(line => `${line}\n`)
    .join('')
}
