/**
 * Words of a command line to values, in the manner of the original's tools. A command is
 * described once, as data: the parser, the help text, the manual pages and the completions are
 * made of that description.
 */
import { nearest } from '../nearest.ts'

interface Named {
  /** `-C`, `--config`, … in the order in which help shows them. */
  readonly names: readonly string[]
  readonly help: string
}

/** There or not there. */
export interface Flag extends Named {
  readonly kind: 'flag'
}

interface Valued extends Named {
  readonly metavar: string
  /** What the parser says of a value that is none, or null. */
  readonly wrong?: (text: string) => string | null
  /** Which values there are, for completions. */
  readonly words?: readonly string[]
}

/** The last one wins. */
export interface Single extends Valued {
  readonly kind: 'value'
  readonly required?: boolean
}

/** May be repeated; all are kept. */
export interface List extends Valued {
  readonly kind: 'list'
}

/** Takes two words; the last pair wins. */
export interface Pair extends Valued {
  readonly kind: 'pair'
}

export type Option = Flag | Single | List | Pair

export interface Positional {
  readonly name: string
  readonly help: string
  /** `rest`: any number of words, none included. */
  readonly kind: 'required' | 'optional' | 'rest'
}

export type Options = Readonly<Record<string, Option>>

export type Example = readonly [line: string, what: string]

export interface Description<O extends Options = Options> {
  readonly command: string
  /** Help begins with them. Each can be typed as it stands, after the command's name. */
  readonly examples: readonly Example[]
  readonly summary: string
  readonly options: O
  readonly positionals: readonly Positional[]
  /** From the first positional on, every word is one. */
  readonly stopsAtFirst?: boolean
  /** It goes on where nobody reads its output any more. */
  readonly outlivesReaders?: true
  /** The same, as a command does that would leave something half done. */
  readonly finishes?: true
}

export type ValueOf<T extends Option> = T extends Flag
  ? boolean
  : T extends List
    ? readonly string[]
    : T extends Pair
      ? readonly [string, string] | null
      : string | null

export type Values<O extends Options> = {
  readonly [K in keyof O]: ValueOf<O[K]>
}

export type Parsed<O extends Options> =
  | { readonly kind: 'run'; readonly options: Values<O>; readonly words: readonly string[] }
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  /** `hint`: what may have been meant, where the message cannot say it. */
  | { readonly kind: 'usage'; readonly message: string; readonly hint?: string }

/** What every command has. */
export const common = {
  help: { kind: 'flag', names: ['-h', '--help'], help: 'show this help message and exit' },
  version: { kind: 'flag', names: ['--version'], help: 'show the version and exit' },
} as const satisfies Readonly<Record<string, Flag>>

export const parse = <O extends Options>(
  description: Description<O>,
  argv: readonly string[],
): Parsed<O> => {
  const given: Given = new Map()
  const words: string[] = []
  const waiting = [...argv]

  for (let word = waiting.shift(); word !== undefined; word = waiting.shift()) {
    const isOption = word.startsWith('-') && word !== '-'
    if (isOption && word !== '--') {
      const end = takeOptions(description, word, waiting, given)
      if (end !== null) return end
      continue
    }
    if (word !== '--') words.push(word)
    if (word === '--' || description.stopsAtFirst) words.push(...waiting.splice(0))
  }

  const missing = missingOf(description, given, words)
  return missing === null
    ? { kind: 'run', options: valuesOf(description.options, given), words }
    : usage(missing)
}

type Given = Map<Option, readonly string[]>
type End = Exclude<Parsed<Options>, { readonly kind: 'run' }>

const usage = (message: string) => ({ kind: 'usage', message }) as const

/** What one command of the original calls so is called otherwise by another. */
const otherNames: ReadonlyMap<string, readonly string[]> = new Map([
  ['--config', ['--master']],
  ['--master', ['--config']],
  ['-C', ['--master']],
])

const hintForLetter = ({ options }: Description, name: string): { readonly hint?: string } => {
  const meant = otherNames
    .get(name)
    ?.find(other => Object.values(options).some(({ names }) => names.includes(other)))
  return meant === undefined ? {} : { hint: `did you mean ${meant}?` }
}

/** The words of the original end with the name; so this goes to a line of its own. */
const hintFor = ({ options }: Description, name: string): { readonly hint?: string } => {
  const names = [...Object.values(options), ...Object.values(common)].flatMap(({ names }) => names)
  const begun = names.filter(other => name.length > 3 && other.startsWith(name))
  const similar =
    (begun.length === 1 ? begun[0] : null) ??
    otherNames.get(name)?.find(other => names.includes(other)) ??
    nearest(
      name,
      names.filter(other => other.startsWith('--')),
    )
  return similar === null ? {} : { hint: `did you mean ${similar}?` }
}

/** One word with dashes, and as many of the words after it as its option wants. */
const takeOptions = (
  description: Description,
  word: string,
  waiting: string[],
  given: Given,
): End | null => {
  for (const { name, inline } of spell(description, word)) {
    const option = find(description, name)
    if (option === null)
      return word.startsWith('--')
        ? { ...usage(`Unknown option ${word}`), ...hintFor(description, name) }
        : {
            ...usage(`Unknown short option "${name.slice(1)}"`),
            ...hintForLetter(description, name),
          }
    if (option === common.help) return { kind: 'help' }
    if (option === common.version) return { kind: 'version' }
    const wrong = takeOption(option, name, inline, waiting, given)
    if (wrong !== null) return usage(wrong)
  }
  return null
}

const takeOption = (
  option: Option,
  name: string,
  inline: string | null,
  waiting: string[],
  given: Given,
): string | null => {
  if (option.kind === 'flag') {
    given.set(option, [])
    return inline === null ? null : `Option ${name} does not accept an argument`
  }
  const values = inline === null ? [] : [inline]
  const isPair = option.kind === 'pair'
  values.push(...waiting.splice(0, (isPair ? 2 : 1) - values.length))
  if (values.length < (isPair ? 2 : 1))
    return `Option ${listed(option)} requires ${isPair ? 'two arguments' : 'an argument'}`
  const before = option.kind === 'list' ? (given.get(option) ?? []) : []
  given.set(option, [...before, ...values])
  return values.map(value => option.wrong?.(value) ?? null).find(wrong => wrong !== null) ?? null
}

interface Spelled {
  readonly name: string
  readonly inline: string | null
}

/** The options in one word: `--name`, `--name=value`, `-x`, `-xvalue`, flags together as `-vx`. */
const spell = (description: Description, word: string): readonly Spelled[] => {
  if (word.startsWith('--')) {
    const equals = word.indexOf('=')
    return equals === -1
      ? [{ name: word, inline: null }]
      : [{ name: word.slice(0, equals), inline: word.slice(equals + 1) }]
  }
  const letters = [...word.slice(1)]
  const spelled: Spelled[] = []
  for (let letter = letters.shift(); letter !== undefined; letter = letters.shift()) {
    const name = `-${letter}`
    const option = find(description, name)
    const takesRest = option !== null && option.kind !== 'flag' && letters.length > 0
    spelled.push({ name, inline: takesRest ? letters.splice(0).join('') : null })
  }
  return spelled
}

const find = ({ options }: Description, name: string): Option | null =>
  [...Object.values(options), ...Object.values(common)].find(({ names }) => names.includes(name)) ??
  null

const listed = ({ names }: Option): string =>
  `[${names.map(name => JSON.stringify(name)).join(', ')}]`

const missingOf = (
  { options, positionals }: Description,
  given: ReadonlyMap<Option, readonly string[]>,
  words: readonly string[],
): string | null => {
  const absent = positionals.find(({ kind }, index) => kind === 'required' && index >= words.length)
  if (absent !== undefined) return `Argument ${absent.name.toUpperCase()} is required`
  const takesAll = positionals.some(({ kind }) => kind === 'rest')
  if (!takesAll && words.length > positionals.length)
    return `Unexpected argument ${words[positionals.length]}`
  const needed = Object.values(options).find(
    option => option.kind === 'value' && option.required && !given.has(option),
  )
  return needed === undefined ? null : `Option ${listed(needed)} is required`
}

const valuesOf = <O extends Options>(
  options: O,
  given: ReadonlyMap<Option, readonly string[]>,
): Values<O> =>
  Object.fromEntries(
    Object.entries(options).map(([key, option]) => {
      const values = given.get(option)
      if (option.kind === 'flag') return [key, values !== undefined]
      if (option.kind === 'list' || option.kind === 'pair')
        return [key, values ?? (option.kind === 'list' ? [] : null)]
      return [key, values?.at(-1) ?? null]
    }),
  ) as Values<O>
