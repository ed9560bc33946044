/** Instants as people type them: `2026-08-10T12:05:48Z`, `12:05`, or `10m` for minutes ago. */

const units: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** Milliseconds since 1970, or null. `now` likewise. Times without a zone are those of here. */
export const parseWhen = (text: string, now: number): number | null => {
  const span = /^(\d+)([smhd])$/.exec(text)
  if (span !== null) return now - Number(span[1]) * (units[span[2] as string] as number)
  const clock = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(text)
  if (clock !== null) {
    const [hour, minute, second] = [clock[1], clock[2], clock[3] ?? 0].map(Number) as [
      number,
      number,
      number,
    ]
    if (hour > 23 || minute > 59 || second > 59) return null
    const today = new Date(now).setHours(hour, minute, second, 0)
    // `23:50` said at ten past midnight is yesterday's.
    return today > now ? today - (units['d'] as number) : today
  }
  if (!/^\d{4}-\d{2}-\d{2}/.test(text)) return null
  const instant = Date.parse(text)
  return Number.isNaN(instant) ? null : instant
}

export const whenForms =
  'an instant such as 2026-08-10T12:05:48Z, 12:05, or 10m for ten minutes ago'
