/**
 * The memory-mapped protocol of cantal, which the original lithos speaks: a text that names the
 * values (`BASE.meta`) and a file of the values one after another (`BASE.values`). The text is
 * never changed once it has its name; another set of metrics is another pair of files. Pure.
 */

export interface Metric {
  readonly type: 'counter' | 'level'
  readonly group: string
  readonly metric: string
  readonly value: number
}

const bytesOfValue = 8
const page = 4096

/** Keys sorted, no blanks, one line each. */
export const metaOf = (metrics: readonly Metric[]): string =>
  metrics
    .map(({ type, group, metric }) => {
      const kind = type === 'counter' ? 'counter 8' : 'level 8 signed'
      return `${kind}: ${JSON.stringify({ group, metric })}\n`
    })
    .join('')

/** Values in the order of the text, in the byte order of this machine, filled up to a page. */
export const valuesOf = (metrics: readonly Metric[]): Buffer => {
  const bytes = new BigInt64Array(metrics.map(({ value }) => BigInt(Math.trunc(value))))
  const whole = Math.max(1, Math.ceil((metrics.length * bytesOfValue) / page)) * page
  return Buffer.concat([Buffer.from(bytes.buffer)], whole)
}

/** By `GROUP METRIC`: what a pair of files says. What is no such pair says nothing. */
export const readValues = (meta: string, values: Buffer): ReadonlyMap<string, number> => {
  const read = new Map<string, number>()
  let offset = 0
  for (const line of meta.split('\n')) {
    const [, type, size, , json] =
      /^(counter|level|pad) (\d+)(?: (signed|float))?(?:: (.*))?$/.exec(line) ?? []
    if (type === undefined) continue
    const isOurs = type !== 'pad' && size === String(bytesOfValue) && json !== undefined
    if (isOurs && offset + bytesOfValue <= values.length) {
      const name = nameOf(json)
      const at = new BigInt64Array(
        values.buffer.slice(values.byteOffset + offset, values.byteOffset + offset + bytesOfValue),
      )
      if (name !== null) read.set(name, Number(at[0]))
    }
    offset += Number(size)
  }
  return read
}

const nameOf = (json: string): string | null => {
  try {
    const { group, metric } = JSON.parse(json) as Readonly<Record<string, unknown>>
    return typeof group === 'string' && typeof metric === 'string' ? `${group} ${metric}` : null
  } catch {
    return null
  }
}
