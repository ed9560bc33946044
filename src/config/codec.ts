/**
 * The decoders of a file: structures, maps, lists, tagged values. They are io-ts decoders over
 * values (`value.ts`); a decoder's name finishes the sentence "expected …", and the context
 * tells which key the sentence is about.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { nearMiss } from './nearMiss.ts'
import type { Entry, Value } from './value.ts'
import { describe, describeTag, quote } from './value.ts'

export type Decoder<A> = t.Decoder<unknown, A>

/** What a validation error's `value` is here: where it is; `keyAt`, when it is about a key. */
export interface Located {
  readonly at: number
  readonly keyAt: number | null
}

/** Only decoders of this directory call each other, and they only pass values. */
export const decoder = <A>(
  name: string,
  read: (value: Value, context: t.Context) => t.Validation<A>,
): Decoder<A> => {
  const self: Decoder<A> = {
    name,
    validate: (input, context) => read(input as Value, context),
    decode: input => self.validate(input, [{ key: '', type: self, actual: input }]),
  }
  return self
}

// ---------------------------------------------------------------------------
// Saying no
// ---------------------------------------------------------------------------

export const refuse = <A>(
  at: number,
  context: t.Context,
  sentence: string,
  keyAt: number | null = null,
): t.Validation<A> => {
  const path = pathOf(context)
  const message = path === '' ? sentence : `${path}: ${sentence}`
  const value: Located = { at, keyAt }
  return t.failures([{ value, context, message }])
}

/** "expected …, found …": what was expected is the name of the innermost decoder. */
export const unexpected = <A>(
  value: Value,
  context: t.Context,
  hint: string | null = null,
): t.Validation<A> => {
  if (value.kind === 'broken') return t.failures([])
  const expected = context.at(-1)?.type.name ?? 'something else'
  const advice = hint === null ? '' : `; ${hint}`
  return refuse(value.at, context, `expected ${expected}, found ${describe(value)}${advice}`)
}

const pathOf = (context: t.Context): string =>
  context
    .slice(1)
    .map(({ key }) => key)
    .filter(key => key !== '')
    .reduce((path, key) => (path === '' || INDEX.test(key) ? path + key : `${path}.${key}`), '')

const INDEX = /^\[\d+\]$/

/** A key that is free text, as it is shown in a path. */
const shownKey = (key: string): string => (/^[\w./@{}:+-]{1,60}$/.test(key) ? key : quote(key))

// ---------------------------------------------------------------------------
// Structures
// ---------------------------------------------------------------------------

export interface Field<A> {
  readonly decoder: Decoder<A>
  /** Absent: the field is required. */
  readonly fallback?: { readonly value: A }
  /** When it is not the property's name with dashes. */
  readonly key?: string
}

export const required = <A>(of: Decoder<A>, key?: string): Field<A> =>
  key === undefined ? { decoder: of } : { decoder: of, key }
export const optional = <A>(of: Decoder<A>, value: A, key?: string): Field<A> =>
  key === undefined
    ? { decoder: of, fallback: { value } }
    : { decoder: of, fallback: { value }, key }

export type Fields<T> = { readonly [K in keyof T]-?: Field<T[K]> }

export interface Advice {
  /** Keys that were documented, or that people write, and what to write instead. */
  readonly wrongKeys?: Readonly<Record<string, string>>
  /** Keys whose values are of no consequence. */
  readonly ignoredKeys?: readonly string[]
  /** The key meant by a value that is a text only. */
  readonly shorthand?: string
}

interface Known {
  readonly property: string
  readonly key: string
  readonly field: Field<unknown>
}

/**
 * A mapping with these keys and no others. Keys are written with dashes or with underscores,
 * and underscores win; a key that begins with an underscore belongs to nobody.
 */
export const structure = <T extends object>(
  name: string,
  fields: Fields<T>,
  { wrongKeys = {}, ignoredKeys = [], shorthand }: Advice = {},
): Decoder<T> => {
  const known: readonly Known[] = Object.entries<Field<unknown>>(fields).map(
    ([property, field]) => ({ property, field, key: field.key ?? dashed(property) }),
  )
  const spellings = new Map<string, Known | null>()
  for (const one of known) spellings.set(one.key, one).set(one.key.replaceAll('-', '_'), one)
  for (const key of ignoredKeys) spellings.set(key, null)
  const correct = new Map(Object.entries(wrongKeys))
  const allKeys = known.map(({ key }) => key)

  const stranger = ({ key, keyAt }: Entry, value: Value, context: t.Context): t.Errors => {
    const advice = correct.get(key.replaceAll('_', '-')) ?? suggestion(nearMiss(key, allKeys))
    const sentence = `unknown key ${quote(key)}${advice === null ? '' : `; ${advice}`}`
    return errorsOf(refuse(value.at, context, sentence, keyAt))
  }

  const self = decoder<T>(name, (value, context) => {
    if (!isMapLike(value)) return unexpected(value, context, shorthandHint(value, shorthand))
    const entries = new Map<Known, Entry>()
    const strangers: Entry[] = []
    for (const entry of entriesOf(value)) {
      const one = spellings.get(entry.key)
      if (one === undefined) {
        if (!entry.key.startsWith('_')) strangers.push(entry)
      } else if (one !== null && (!entries.has(one) || entry.key.includes('_'))) {
        entries.set(one, entry)
      }
    }
    const errors = strangers
      .slice(0, STRANGERS_MAX)
      .flatMap(entry => stranger(entry, value, context))
    const result: Record<string, unknown> = {}
    let isGood = strangers.length === 0
    for (const one of known) {
      const outcome = fieldOf(one, entries.get(one), value, context)
      if (E.isRight(outcome)) result[one.property] = outcome.right
      else {
        errors.push(...outcome.left)
        isGood = false
      }
    }
    return isGood ? t.success(result as T) : t.failures(errors)
  })
  structures.set(self, known)
  return self
}

const structures = new WeakMap<object, readonly Known[]>()

/** The keys of a structure, for the manual; none where it is no structure. */
export const keysOf = (of: object): readonly Known[] => structures.get(of) ?? []

/** Nobody reads more; and a file of nothing else must not be searched for near misses. */
const STRANGERS_MAX = 50

const fieldOf = (
  { key, field }: Known,
  entry: Entry | undefined,
  whole: Value,
  context: t.Context,
): t.Validation<unknown> => {
  if (entry !== undefined) {
    const inner = t.appendContext(context, entry.key, field.decoder, entry.value)
    return field.decoder.validate(entry.value, inner)
  }
  if (field.fallback !== undefined) return t.success(field.fallback.value)
  const inner = t.appendContext(context, key, field.decoder, whole)
  return refuse(whole.at, inner, `expected ${field.decoder.name}, but the key is missing`)
}

const isMapLike = (value: Value): boolean =>
  value.kind === 'map' || (value.kind === 'null' && value.isImplicit)

const entriesOf = (value: Value): readonly Entry[] => (value.kind === 'map' ? value.entries : [])

const dashed = (property: string): string =>
  property.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)

const suggestion = (word: string | null): string | null =>
  word === null ? null : `did you mean ${quote(word)}?`

const shorthandHint = (value: Value, shorthand: string | undefined): string | null => {
  if (value.kind !== 'text' || shorthand === undefined) return null
  const tag = value.tag === null ? '' : `!${value.tag.name} `
  return `write ${tag}{ ${shorthand}: ${value.text.slice(0, 100)} }`
}

// ---------------------------------------------------------------------------
// Maps, lists, tagged values
// ---------------------------------------------------------------------------

/** A sentence about a key that is not acceptable, or null. */
export type KeyRule = (key: string) => string | null

/** Free keys; in the order of their code points, whatever the order in the file. */
export const mapOf = <A>(
  name: string,
  keyRule: KeyRule,
  of: Decoder<A>,
): Decoder<ReadonlyMap<string, A>> =>
  decoder(name, (value, context) => {
    if (!isMapLike(value)) return unexpected(value, context)
    const errors: t.ValidationError[] = []
    const result: [string, A][] = []
    for (const { key, keyAt, value: item } of entriesOf(value)) {
      const inner = t.appendContext(context, shownKey(key), of, item)
      const complaint = keyRule(key)
      if (complaint !== null) errors.push(...errorsOf(refuse(keyAt, inner, complaint)))
      const outcome = of.validate(item, inner)
      if (E.isLeft(outcome)) errors.push(...outcome.left)
      else result.push([key, outcome.right])
    }
    return errors.length > 0 || result.length < entriesOf(value).length
      ? t.failures(errors)
      : t.success(new Map(result.toSorted(([a], [b]) => byCodePoints(a, b))))
  })

export const listOf = <A>(name: string, of: Decoder<A>): Decoder<readonly A[]> =>
  decoder(name, (value, context) => {
    if (value.kind === 'null' && value.isImplicit) return t.success([])
    if (value.kind !== 'list') return unexpected(value, context, listHint(value))
    const outcomes = value.items.map((item, index) =>
      of.validate(item, t.appendContext(context, `[${index}]`, of, item)),
    )
    return outcomes.some(E.isLeft)
      ? t.failures(outcomes.flatMap(errorsOf))
      : t.success(outcomes.flatMap(outcome => (E.isRight(outcome) ? [outcome.right] : [])))
  })

const listHint = (value: Value): string | null =>
  value.kind === 'text' ? `write [${value.text.slice(0, 100)}]` : null

/** The tag says which of the decoders reads the value. */
export const byTag = <A>(
  name: string,
  decoders: Readonly<Record<string, Decoder<A>>>,
): Decoder<A> => {
  const variants = new Map(Object.entries(decoders))
  const tags = [...variants.keys()]
  const list = tags.map(tag => `!${tag}`).join(', ')
  return decoder(name, (value, context) => {
    if (value.kind === 'broken') return t.failures([])
    const { tag } = value
    if (tag === null) {
      return refuse(value.at, context, `expected one of the tags ${list}, found ${describe(value)}`)
    }
    const variant = variants.get(tag.name)
    if (variant !== undefined) {
      return variant.validate(value, t.appendContext(context, '', variant, value))
    }
    const near = nearMiss(tag.name, tags)
    const advice = near === null ? '' : `; did you mean !${near}?`
    return refuse(
      tag.at,
      context,
      `expected one of the tags ${list}, found ${describeTag(tag)}${advice}`,
    )
  })
}

const errorsOf = (outcome: t.Validation<unknown>): t.Errors =>
  E.isLeft(outcome) ? outcome.left : []

/** The order of the original's maps: by UTF-8 bytes, which is by code points. */
export const byCodePoints = (a: string, b: string): number => {
  const shorter = Math.min(a.length, b.length)
  for (let i = 0; i < shorter; i++) {
    if (a.charCodeAt(i) !== b.charCodeAt(i)) {
      // Surrogates stand for the highest code points, but are not the highest units.
      return rank(a.charCodeAt(i)) - rank(b.charCodeAt(i))
    }
  }
  return a.length - b.length
}

const rank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit)
