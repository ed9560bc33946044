/**
 * Metrics as text, in the two dialects that are read: OpenMetrics 1.0, and the older format of
 * Prometheus, which is also that of node_exporter's files. They differ in the names of counters
 * (`NAME_total` is of the family `NAME` in the first), in `info`, and in the last line.
 */

export type Labels = Readonly<Record<string, string>>

export interface Sample {
  /** What follows the name of the family: `_bucket`, `_sum`, `_count`; nothing for most. */
  readonly suffix?: string
  readonly labels: Labels
  readonly value: number
}

export interface Family {
  /** Without `_total` and `_info`. */
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram' | 'info'
  readonly help: string
  /** Seconds or bytes, where the name ends with it. */
  readonly unit?: 'seconds' | 'bytes'
  readonly samples: Iterable<Sample>
}

export type Dialect = 'openMetrics' | 'prometheus'

export const contentTypes: Readonly<Record<Dialect, string>> = {
  openMetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
}

/** Line by line, so that whoever writes them can do something else in between. */
export function* linesOf(families: Iterable<Family>, dialect: Dialect): Generator<string> {
  for (const family of families) yield* familyLines(family, dialect)
  if (dialect === 'openMetrics') yield '# EOF\n'
}

function* familyLines(family: Family, dialect: Dialect): Generator<string> {
  const { name, type, help, unit, samples } = family
  const isOpen = dialect === 'openMetrics'
  const ending = endings[type]
  const title = isOpen ? name : name + ending
  yield `# HELP ${title} ${escapeHelp(help, isOpen)}\n`
  yield `# TYPE ${title} ${isOpen || type !== 'info' ? type : 'gauge'}\n`
  if (isOpen && unit !== undefined) yield `# UNIT ${title} ${unit}\n`
  for (const { suffix = ending, labels, value } of samples)
    yield `${name}${suffix}${sayLabels(labels)} ${sayValue(value)}\n`
}

const endings: Readonly<Record<Family['type'], string>> = {
  counter: '_total',
  gauge: '',
  histogram: '',
  info: '_info',
}

const sayLabels = (labels: Labels): string => {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeValue(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

const escapeValue = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')

/** Quotes are escaped in the newer dialect only. */
const escapeHelp = (help: string, isOpen: boolean): string =>
  isOpen ? escapeValue(help) : help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')

export const sayValue = (value: number): string =>
  Number.isNaN(value)
    ? 'NaN'
    : value === Infinity
      ? '+Inf'
      : value === -Infinity
        ? '-Inf'
        : String(value)
