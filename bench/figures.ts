/**
 * Figures as they are printed: a median, how far the middle eight tenths spread, and how many
 * times the first row of the same run, because only figures of one run can be compared.
 */
export type Samples = readonly number[]

const at = (samples: Samples, share: number): number => {
  const sorted = [...samples].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
}

const median = (samples: Samples): number => at(samples, 0.5)

const rounded = (value: number): string =>
  value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)

const figure = (samples: Samples, first: number): string =>
  samples.length === 0
    ? '–'
    : `${rounded(median(samples))} (${rounded(at(samples, 0.1))}–${rounded(at(samples, 0.9))})` +
      ` ${rounded(median(samples) / first)}×`

/** Rows of samples under named columns; the first row is what the others are compared with. */
export const table = (
  title: string,
  columns: readonly string[],
  rows: readonly (readonly [name: string, ...columns: Samples[]])[],
): string => {
  const [, ...firsts] = rows[0] ?? ['']
  const cells = [
    ['', ...columns],
    ...rows.map(([name, ...samples]) => [
      name,
      ...samples.map((each, column) => figure(each, median(firsts[column] ?? []))),
    ]),
  ]
  const widths = ['', ...columns].map((_, column) =>
    Math.max(...cells.map(line => (line[column] ?? '').length)),
  )
  const lines = cells.map(line =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('   ')
      .trimEnd(),
  )
  return [title, ...lines, ''].join('\n')
}
