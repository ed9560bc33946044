/** Spans of time as people write them: `1h`, `2days 3h`, `1month`. */

const units: readonly (readonly [names: readonly string[], ms: number])[] = [
  [['nsec', 'ns'], 1e-6],
  [['usec', 'us'], 1e-3],
  [['msec', 'ms'], 1],
  [['seconds', 'second', 'sec', 's'], 1_000],
  [['minutes', 'minute', 'min', 'm'], 60_000],
  [['hours', 'hour', 'hr', 'h'], 3_600_000],
  [['days', 'day', 'd'], 86_400_000],
  [['weeks', 'week', 'w'], 604_800_000],
  // 30.44 and 365.25 days, as in the original.
  [['months', 'month', 'M'], 2_630_016_000],
  [['years', 'year', 'y'], 31_557_600_000],
]

const msOf = new Map(units.flatMap(([names, ms]) => names.map(name => [name, ms])))

/** Milliseconds, or null where the text is no span of time. */
export const readDuration = (text: string): number | null => {
  const parts = [...text.matchAll(/(\d+)\s*([a-zA-Z]+)\s*/g)]
  if (parts.length === 0 || parts.map(([whole]) => whole).join('') !== text.trim()) return null
  const spans = parts.map(([, count, unit = '']) => Number(count) * (msOf.get(unit) ?? NaN))
  const sum = spans.reduce((a, b) => a + b, 0)
  return Number.isFinite(sum) ? sum : null
}
