/** Ours: how an application is seen to be up, and to be well. */
import * as t from 'io-ts'
import { decoder, optional, refuse, required, structure, unexpected } from './codec.ts'
import type { Decoder, Fields } from './codec.ts'
import { ipAddress, texts } from './fields.ts'
import { readPort, referencesIn } from './variables.ts'
import { flag, nullable, oneOf, wholeNumber, word } from './words.ts'

/** A port is a number or `@{variable}`, as written. */
export type ProbeConfig = { readonly attemptMs: number | null } & (
  | { readonly kind: 'tcp'; readonly port: string }
  | { readonly kind: 'notify' }
  | { readonly kind: 'fd'; readonly fd: number }
  | { readonly kind: 'exec'; readonly command: readonly string[] }
  | {
      readonly kind: 'http'
      readonly port: string
      readonly host: string
      readonly path: string
    }
)

export interface ReadyConfig {
  readonly probe: ProbeConfig
  readonly timeoutMs: number
  readonly onTimeout: 'restart' | 'accept'
}

export interface HealthyConfig {
  readonly probe: ProbeConfig
  readonly periodMs: number
  readonly failures: number
  readonly startDelayMs: number
}

export const daySeconds = 86_400

/** In milliseconds; a thousandth of a second is the least. */
export const seconds = (min: number): Decoder<number> =>
  word(`a number of seconds from ${min} to ${daySeconds}, such as 2 or 0.5`, source => {
    if (!/^\d{1,6}(?:\.\d{1,3})?$/.test(source))
      return {
        hint: /^\d+(?:\.\d+)?m?s$/.test(source) ? 'seconds are written without a unit' : null,
      }
    const value = Number(source)
    return value >= min && value <= daySeconds
      ? { means: Math.round(value * 1000) }
      : { hint: null }
  })

export const fraction = (name: string, min: number, max: number): Decoder<number> =>
  word(name, source => {
    const value = /^\d{1,6}(?:\.\d{1,6})?$/.test(source) ? Number(source) : NaN
    return value >= min && value <= max ? { means: value } : { hint: null }
  })

export const count = (name: string, min: bigint) => wholeNumber(name, min, 1_000_000n)

const port = word('a port from 1 to 65535 or a variable such as "@{port}"', source => {
  if (referencesIn(source).length > 0) return { means: source }
  const read = readPort(source)
  return read._tag === 'Right' && read.right > 0 ? { means: source } : { hint: null }
})

export const command = decoder<readonly string[]>(
  'a program and its arguments, as a list',
  (value, c) => {
    const outcome = texts.validate(value, c)
    return outcome._tag === 'Right' && outcome.right.length === 0 ? unexpected(value, c) : outcome
  },
)

// ---------------------------------------------------------------------------
// Probes
// ---------------------------------------------------------------------------

interface ProbeKeys {
  readonly tcp: string | null
  readonly notify: boolean
  readonly fd: number | null
  readonly exec: readonly string[] | null
  readonly http: { readonly port: string; readonly host: string; readonly path: string } | null
  readonly attempt: number | null
}

const probeFields: Fields<ProbeKeys> = {
  tcp: optional(nullable(port), null),
  notify: optional(flag, false),
  fd: optional(nullable(wholeNumber('a file descriptor from 3 to 1023', 3n, 1023n)), null),
  exec: optional(nullable(command), null),
  http: optional(
    nullable(
      structure<NonNullable<ProbeKeys['http']>>('a mapping of port, path and host', {
        port: required(port),
        host: optional(ipAddress, '127.0.0.1'),
        path: optional(
          word('a path that begins with "/"', source =>
            /^\/[!-~]*$/.test(source) ? { means: source } : { hint: null },
          ),
          '/',
        ),
      }),
    ),
    null,
  ),
  attempt: optional(nullable(seconds(0.001)), null),
}

const kindsOf = (keys: ProbeKeys): readonly ProbeConfig[] => {
  const { attempt: attemptMs } = keys
  return [
    ...(keys.tcp === null ? [] : [{ kind: 'tcp', port: keys.tcp, attemptMs } as const]),
    ...(keys.notify ? [{ kind: 'notify', attemptMs } as const] : []),
    ...(keys.fd === null ? [] : [{ kind: 'fd', fd: keys.fd, attemptMs } as const]),
    ...(keys.exec === null ? [] : [{ kind: 'exec', command: keys.exec, attemptMs } as const]),
    ...(keys.http === null ? [] : [{ kind: 'http', ...keys.http, attemptMs } as const]),
  ]
}

/** Exactly one kind; `more` is what stands beside it. */
const probed = <T extends object, A>(
  name: string,
  more: Fields<T>,
  build: (probe: ProbeConfig, fields: T) => A,
): Decoder<A> => {
  const fields = { ...probeFields, ...more } as unknown as Fields<ProbeKeys & T>
  const inner = structure<ProbeKeys & T>(name, fields)
  return decoder(name, (value, context) => {
    const outcome = inner.validate(value, context)
    if (outcome._tag === 'Left') return outcome
    const [probe, ...others] = kindsOf(outcome.right)
    if (probe !== undefined && others.length === 0) return t.success(build(probe, outcome.right))
    const found =
      probe === undefined ? 'none' : [probe, ...others].map(({ kind }) => kind).join(', ')
    const sentence = `expected exactly one of tcp, notify, fd, exec and http, found ${found}`
    return refuse(value.at, context, sentence)
  })
}

export const ready = probed<Omit<ReadyConfig, 'probe'>, ReadyConfig>(
  'a mapping of tcp, notify, fd, exec or http, with timeout and on-timeout',
  {
    timeoutMs: optional(seconds(0.001), 60_000, 'timeout'),
    onTimeout: optional(oneOf<ReadyConfig['onTimeout']>(['restart', 'accept']), 'restart'),
  },
  (probe, { timeoutMs, onTimeout }) => ({ probe, timeoutMs, onTimeout }),
)

export const healthy = probed<Omit<HealthyConfig, 'probe'>, HealthyConfig>(
  'a mapping of tcp, notify, exec or http, with period, failures and start-delay',
  {
    periodMs: optional(seconds(0.1), 10_000, 'period'),
    failures: optional(count('a number of failures in a row', 1n), 3),
    startDelayMs: optional(seconds(0), 0, 'start-delay'),
  },
  (probe, { periodMs, failures, startDelayMs }) => ({ probe, periodMs, failures, startDelayMs }),
)
