/** The only reader of time. Both clocks are read at once, when a thing is heard. */
export interface Stamp {
  /** Milliseconds since 1970, for people. */
  readonly at: number
  /** Milliseconds of CLOCK_MONOTONIC since boot, for arithmetic; see machines/vocabulary.ts. */
  readonly mono: number
}

export type Clock = () => Stamp

/** `process.hrtime` is CLOCK_MONOTONIC, the clock of the knots and of other processes too. */
export const stamp: Clock = () => {
  const [seconds, nanoseconds] = process.hrtime()
  return { at: Date.now(), mono: seconds * 1000 + Math.round(nanoseconds / 1000) / 1000 }
}
