/**
 * The words of the files: texts, flags, numbers, and what is said about those that are none of
 * these. A text never holds a NUL, for it would end there in an argv, an environment or a path.
 */
import * as t from 'io-ts'
import type { Decoder } from './codec.ts'
import { decoder, unexpected } from './codec.ts'
import { nearMiss } from './nearMiss.ts'
import { readNumeric, readPlain } from './numbers.ts'
import type { Unread } from './numbers.ts'
import type { Value } from './value.ts'
import { quote } from './value.ts'

// ---------------------------------------------------------------------------
// Texts
// ---------------------------------------------------------------------------

/** What a value says where text is expected; null: it is no text. */
export const textOf = (value: Value): string | null =>
  value.kind === 'text' ? value.text : value.kind === 'map' ? value.asText : null

/** A reader returns the meaning of a text, or a hint, possibly empty, when it has none. */
export type Reading<A> = { readonly means: A } | { readonly hint: string | null }

export const word = <A>(name: string, read: (text: string) => Reading<A>): Decoder<A> =>
  decoder(name, (value, context) => {
    const text = textOf(value)
    if (text === null) return unexpected(value, context)
    const reading = UNUSABLE.test(text) ? { hint: NUL_HINT } : read(text)
    return 'means' in reading ? t.success(reading.means) : unexpected(value, context, reading.hint)
  })

/** Half of a surrogate pair cannot be written as UTF-8 either. */
const UNUSABLE = /[\0\p{Cs}]/u
const NUL_HINT = 'a NUL character (or half a character) cannot be passed to a program'

export const isUsable = (text: string): boolean => !UNUSABLE.test(text)

export const text = (name: string): Decoder<string> => word(name, means => ({ means }))

/** Both nulls are accepted. */
export const nullable = <A>(of: Decoder<A>): Decoder<A | null> =>
  decoder(of.name, (value, context) =>
    value.kind === 'null' ? t.success(null) : of.validate(value, context),
  )

export const oneOf = <A extends string>(words: readonly A[]): Decoder<A> =>
  word(words.map(quote).join(' or '), source => {
    const found = words.find(one => one === source)
    if (found !== undefined) return { means: found }
    const near = nearMiss(source, words)
    return { hint: near === null ? null : `did you mean ${quote(near)}?` }
  })

export const flag: Decoder<boolean> = word('true or false', source => {
  if (source === 'true') return { means: true }
  if (source === 'false') return { means: false }
  if (/^(?:yes|on|true|1|y)$/i.test(source)) return { hint: 'write true' }
  if (/^(?:no|off|false|0|n)$/i.test(source)) return { hint: 'write false' }
  return { hint: null }
})

/** `nil` was documented; it never was a null. */
export const nullableFlag: Decoder<boolean | null> = nullable(
  word('true, false or null', source => {
    if (source === 'true' || source === 'false') return { means: source === 'true' }
    return { hint: /^(?:nil|none|null)$/i.test(source) ? 'write null' : null }
  }),
)

// ---------------------------------------------------------------------------
// Numbers
// ---------------------------------------------------------------------------

type Hint = (source: string) => string | null

/** With base, underscores and unit; within the bounds. */
export const whole = (
  name: string,
  min: bigint,
  max: bigint,
  hint: Hint = () => null,
): Decoder<bigint> =>
  word(name, source => {
    const value = readNumeric(source)
    if (typeof value !== 'bigint') return { hint: numberHint(value, source) }
    return value >= min && value <= max ? { means: value } : { hint: hint(source) }
  })

/** The same as a number; beyond what a number can hold exactly nothing depends on the rest. */
export const wholeNumber = (
  name: string,
  min: bigint,
  max: bigint,
  hint: Hint = () => null,
): Decoder<number> =>
  mapped(whole(name, min, max, hint), value => Math.min(Number(value), Number.MAX_SAFE_INTEGER))

export const plainNumber = (name: string, max: number): Decoder<number> =>
  word(name, source => {
    const value = readPlain(source, max)
    return typeof value === 'number' ? { means: value } : { hint: null }
  })

export const mapped = <A, B>(of: Decoder<A>, change: (value: A) => B): Decoder<B> =>
  decoder(of.name, (value, context) => {
    const outcome = of.validate(value, context)
    return outcome._tag === 'Right' ? t.success(change(outcome.right)) : outcome
  })

const numberHint = (unread: Unread, source: string): string | null => {
  if (unread === 'too large') return 'it does not fit into 64 bits'
  if (/^[+-]?\d*[.,]\d+/.test(source)) return 'fractions are not accepted'
  if (/^\d+s$/.test(source)) return 'seconds are written without a unit'
  const match = /^(\d+)\s*([kmgt])(i?)b?$/i.exec(source.trim())
  if (match === null) return null
  const [, digits = '', letter = ''] = match
  const unit = letter.toLowerCase() === 'k' ? 'k' : letter.toUpperCase()
  return unit === 'T'
    ? 'the units are k, M, G, ki, Mi and Gi'
    : `write ${digits}${unit} (times 1000) or ${digits}${unit}i (times 1024)`
}
