/**
 * What a container may use of the host. The same keys stand in a container configuration, which
 * asks, and in that of the sandbox, which bounds what is given.
 */
import type { Fields } from './codec.ts'
import { optional } from './codec.ts'
import { MAX_64 } from './fields.ts'
import { readNumeric } from './numbers.ts'
import { seconds } from './probes.ts'
import { nullable, whole, wholeNumber, word } from './words.ts'

/** Ours. Null: no limit. */
export interface FurtherLimits {
  /** Bytes above which the application is slowed down, and its memory reclaimed. */
  readonly memoryHigh: bigint | null
  /** Processes and threads. */
  readonly pidsLimit: number | null
  /** Of the time of one processor, in percent. */
  readonly cpuQuota: number | null
  /** A share, as `cpu-shares` is; 100 is that of who asks for none. */
  readonly ioWeight: number | null
}

/** Those of the original have a meaning without a ceiling, too. */
export interface Ceilings extends FurtherLimits {
  readonly memoryLimit: bigint | null
  readonly filenoLimit: bigint | null
  readonly cpuShares: number | null
}

/** Ours: of a sandbox alone. How long, how often and how many at most. Null: any. */
export interface Bounds {
  readonly restartTimeoutMinMs: number | null
  readonly killTimeoutMaxMs: number | null
  readonly preStopTimeoutMaxMs: number | null
  readonly readyTimeoutMaxMs: number | null
  readonly probePeriodMinMs: number | null
  readonly surgeMax: number | null
}

export const memoryBytes = whole('a number of bytes such as 100Mi', 0n, MAX_64)
export const fileCount = whole('a whole number', 0n, MAX_64)
export const shareCount = wholeNumber('a whole number', 0n, MAX_64)

const PERCENT_MAX = 1_000_000n

const percent = word('a percentage of one processor such as 150%', source => {
  const value = readNumeric(source.replace(/\s*%\s*$/, ''))
  if (typeof value !== 'bigint') return { hint: null }
  return value >= 1n && value <= PERCENT_MAX
    ? { means: Number(value) }
    : { hint: 'two whole processors are 200%' }
})

export const furtherLimitFields: Fields<FurtherLimits> = {
  memoryHigh: optional(nullable(memoryBytes), null),
  pidsLimit: optional(nullable(wholeNumber('a number of processes', 1n, 4_194_304n)), null),
  cpuQuota: optional(nullable(percent), null),
  ioWeight: optional(nullable(wholeNumber('a whole number from 1 to 10000', 1n, 10_000n)), null),
}

export const ceilingFields: Fields<Ceilings> = {
  ...furtherLimitFields,
  memoryLimit: optional(nullable(memoryBytes), null),
  filenoLimit: optional(nullable(fileCount), null),
  cpuShares: optional(nullable(shareCount), null),
}

const anySeconds = nullable(seconds(0))
const someSeconds = nullable(seconds(0.001))

export const boundFields: Fields<Bounds> = {
  restartTimeoutMinMs: optional(anySeconds, null, 'restart-timeout-min'),
  killTimeoutMaxMs: optional(anySeconds, null, 'kill-timeout-max'),
  preStopTimeoutMaxMs: optional(someSeconds, null, 'pre-stop-timeout-max'),
  readyTimeoutMaxMs: optional(someSeconds, null, 'ready-timeout-max'),
  probePeriodMinMs: optional(someSeconds, null, 'probe-period-min'),
  surgeMax: optional(nullable(wholeNumber('a number of instances', 0n, 1_000n)), null),
}
