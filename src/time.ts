/** An instant as people read it. Given, never asked for: this reads no clock. */

/** Milliseconds since 1970 to `2018-08-10T12:05:48Z`. */
export const sayTime = (at: number): string => `${iso(at).slice(0, 19)}Z`

/** The same to the millisecond: `2018-08-10T12:05:48.123Z`. */
export const sayInstant = (at: number): string => iso(at)

const iso = (at: number): string => {
  const instant = new Date(at)
  return Number.isNaN(instant.getTime()) ? '????-??-??T??:??:??.???Z' : instant.toISOString()
}
