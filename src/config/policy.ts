/**
 * Ours: how an application is seen to be up, how it is started again, stopped and replaced. None of
 * it is there unless it is asked for.
 */
import * as t from 'io-ts'
import type { Decoder } from './codec.ts'
import { decoder, listOf, optional, refuse, required, structure, unexpected } from './codec.ts'
import type { Fields } from './codec.ts'
import { command, count, daySeconds, fraction, healthy, ready, seconds } from './probes.ts'
import type { HealthyConfig, ReadyConfig } from './probes.ts'
import { mapped, text, textOf, wholeNumber } from './words.ts'

export interface BackoffConfig {
  readonly initialMs: number
  readonly factor: number
  readonly maxMs: number
  readonly jitter: number
  readonly resetAfterMs: number
}

export interface IntensityConfig {
  readonly restarts: number
  readonly periodMs: number
  readonly retryMs: number
}

/** A signal, and how long to wait before the next one. The last is SIGKILL, and waits no more. */
export interface StopStep {
  readonly signal: string
  /** Null: `kill-timeout`. */
  readonly waitMs: number | null
}

export interface PreStopConfig {
  readonly command: readonly string[]
  readonly timeoutMs: number
}

/** Keys of a container configuration. */
export interface ContainerPolicy {
  readonly ready: ReadyConfig | null
  readonly healthy: HealthyConfig | null
  readonly backoff: BackoffConfig | null
  readonly intensity: IntensityConfig | null
  readonly stop: readonly StopStep[] | null
  readonly preStop: PreStopConfig | null
}

/** Keys of a process. */
export interface ProcessPolicy {
  readonly after: readonly string[]
  readonly upgrade: 'all' | { readonly maxUnavailable: number; readonly surge: number }
}

// ---------------------------------------------------------------------------
// Words
// ---------------------------------------------------------------------------

const signals = ['HUP', 'INT', 'QUIT', 'USR1', 'USR2', 'TERM', 'CONT', 'WINCH', 'KILL']

// ---------------------------------------------------------------------------
// Starting again, stopping
// ---------------------------------------------------------------------------

const backoff = structure<BackoffConfig>(
  'a mapping of initial, factor, max, jitter and reset-after',
  {
    initialMs: optional(seconds(0.001), 1_000, 'initial'),
    factor: optional(fraction('a factor from 1 to 100', 1, 100), 2),
    maxMs: optional(seconds(0.001), 60_000, 'max'),
    jitter: optional(fraction('a fraction from 0 to 1', 0, 1), 0.1),
    resetAfterMs: optional(seconds(0.001), 60_000, 'reset-after'),
  },
)

const intensity = structure<IntensityConfig>('a mapping of restarts, period and retry', {
  restarts: required(wholeNumber('a number of restarts from 1 to 1000', 1n, 1_000n)),
  periodMs: required(seconds(0.001), 'period'),
  retryMs: optional(seconds(1), 600_000, 'retry'),
})

const preStop: Decoder<PreStopConfig> = decoder(
  'a command as a list, or a mapping of command and timeout',
  (value, context) =>
    value.kind === 'list'
      ? mapped(command, words => ({ command: words, timeoutMs: 10_000 })).validate(value, context)
      : structure<PreStopConfig>('a mapping of command and timeout', {
          command: required(command),
          timeoutMs: optional(seconds(0.001), 10_000, 'timeout'),
        }).validate(value, context),
)

/** `[TERM, 10, QUIT, 5, KILL]`, or one signal. */
const stop: Decoder<readonly StopStep[]> = decoder(
  'a signal, or a list of signals with seconds between them such as [TERM, 10, QUIT, 5, KILL]',
  (value, context) => {
    const single = textOf(value)
    const words = value.kind === 'list' ? value.items.map(textOf) : [single]
    if (words.length === 0 || words.includes(null)) return unexpected(value, context)
    const steps: { signal: string; waitMs: number | null }[] = []
    for (const [index, word] of (words as string[]).entries()) {
      const name = word.replace(/^SIG/, '')
      const last = steps.at(-1)
      if (signals.includes(name) && last?.signal !== 'SIGKILL') {
        steps.push({ signal: `SIG${name}`, waitMs: null })
        continue
      }
      const isWait = /^\d{1,5}(?:\.\d{1,3})?$/.test(word) && Number(word) <= daySeconds
      if (isWait && last?.waitMs === null && last.signal !== 'SIGKILL') {
        last.waitMs = Math.round(Number(word) * 1000)
        continue
      }
      const near = `word ${index + 1}, ${JSON.stringify(word)}`
      const why =
        last?.signal === 'SIGKILL'
          ? 'nothing comes after KILL'
          : `one of ${signals.join(' ')}, or seconds after one`
      return refuse(value.at, context, `expected ${stop.name}; ${near}: ${why}`)
    }
    if (steps[0]?.signal === 'SIGKILL' || steps.length > stepsMax)
      return refuse(
        value.at,
        context,
        `expected ${stop.name}; it begins with another signal than KILL and has at most ` +
          `${stepsMax} signals`,
      )
    return t.success(steps)
  },
)

/** Nothing after the key means all defaults, where there are such; a written null means none. */
const orNone = <A>(of: Decoder<A>): Decoder<A | null> =>
  decoder<A | null>(of.name, (value, context) =>
    value.kind === 'null' && !value.isImplicit ? t.success(null) : of.validate(value, context),
  )

/** As many as the knot has room for. */
const stepsMax = 16

export const containerPolicyFields: Fields<ContainerPolicy> = {
  ready: optional(orNone(ready), null),
  healthy: optional(orNone(healthy), null),
  backoff: optional(orNone(backoff), null),
  intensity: optional(orNone(intensity), null),
  stop: optional(orNone(stop), null),
  preStop: optional(orNone(preStop), null),
}

// ---------------------------------------------------------------------------
// Of a process
// ---------------------------------------------------------------------------

const rolling = structure<{ readonly maxUnavailable: number; readonly surge: number }>(
  'a mapping of max-unavailable and surge',
  {
    maxUnavailable: optional(count('a number of instances', 0n), 1),
    surge: optional(wholeNumber('a number of instances from 0 to 1000', 0n, 1_000n), 0),
  },
)

const upgrade: Decoder<ProcessPolicy['upgrade']> = decoder(
  '"all", "rolling" or a mapping of rolling',
  (value, context) => {
    const word = textOf(value)
    if (word === 'all') return t.success('all')
    if (word === 'rolling') return t.success({ maxUnavailable: 1, surge: 0 })
    if (word !== null) return unexpected(value, context)
    const outcome = structure<{ readonly rolling: { maxUnavailable: number; surge: number } }>(
      'a mapping of rolling',
      { rolling: required(rolling) },
    ).validate(value, context)
    if (outcome._tag === 'Left') return outcome
    const { maxUnavailable, surge } = outcome.right.rolling
    return maxUnavailable + surge > 0
      ? t.success(outcome.right.rolling)
      : refuse(
          value.at,
          context,
          'expected max-unavailable or surge above 0, found neither: nothing could be replaced',
        )
  },
)

export const processPolicyFields: Fields<ProcessPolicy> = {
  after: optional(listOf('a list of processes', text('the name of a process')), []),
  upgrade: optional(upgrade, 'all'),
}
