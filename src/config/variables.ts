/**
 * Variables: `@{name}` in arguments, in values of the environment and in keys of ports. Blanks
 * around the name do not count, the name ends at the first `}`, an unclosed `@{` is text, and
 * what is put in is not looked at again. There is no escape.
 */
import * as E from 'fp-ts/lib/Either.js'
import type { KeyRule } from './codec.ts'
import { readPlain, U16_MAX } from './numbers.ts'
import { isInRanges } from './ranges.ts'
import type { Range, VariableType } from './shapes.ts'
import { isUsable } from './words.ts'

export type Lookup = (name: string) => string | null

/** The text with every variable replaced; or the names that nobody knows. */
export const substitute = (text: string, lookup: Lookup): E.Either<readonly string[], string> => {
  const unknown: string[] = []
  const pieces: string[] = []
  let rest = 0
  for (const { name, start, end } of references(text)) {
    const value = lookup(name)
    if (value === null) unknown.push(name)
    pieces.push(text.slice(rest, start), value ?? '')
    rest = end
  }
  pieces.push(text.slice(rest))
  return unknown.length > 0 ? E.left(unknown) : E.right(pieces.join(''))
}

/** The text with every reference replaced by what `value` says. */
export const replaceReferences = (text: string, value: (name: string) => string): string =>
  E.getOrElse(() => text)(substitute(text, value))

/** The names a text refers to, in their order. */
export const referencesIn = (text: string): readonly string[] =>
  references(text).map(({ name }) => name)

interface Reference {
  readonly name: string
  readonly start: number
  readonly end: number
}

/** Not by a regular expression: on a text of unclosed references that takes quadratic time. */
const references = (text: string): readonly Reference[] => {
  const found: Reference[] = []
  let start = text.indexOf('@{')
  while (start !== -1) {
    const close = text.indexOf('}', start)
    if (close === -1) break
    found.push({ name: text.slice(start + 2, close).trim(), start, end: close + 1 })
    start = text.indexOf('@{', close)
  }
  return found
}

/** Known to every container without a declaration. */
export const builtIns = (instanceName: string, configFile: string): ReadonlyMap<string, string> =>
  new Map([
    ['lithos:name', instanceName],
    ['lithos:config_filename', configFile],
  ])

/** Known only while a process runs, hence allowed only as the whole value in an environment. */
export const PID_VARIABLE = 'lithos:pid'
export const PID_REFERENCE = `@{${PID_VARIABLE}}`

export const isBuiltIn = (name: string): boolean =>
  name === 'lithos:name' || name === 'lithos:config_filename' || name === PID_VARIABLE

// ---------------------------------------------------------------------------
// Values
// ---------------------------------------------------------------------------

/** Left: why not, in words that people search their logs for. */
export const readPort = (text: string): E.Either<string, number> => {
  const port = readPlain(text, U16_MAX)
  if (typeof port === 'number') return E.right(port)
  return E.left(REASONS[port])
}

const REASONS = {
  empty: 'cannot parse integer from empty string',
  invalid: 'invalid digit found in string',
  'too large': 'number too large to fit in target type',
} as const

/** A key of `tcp-ports`. One with a variable in it is judged when its value is known. */
export const portRule: KeyRule = key => {
  if (key.includes('@{')) return isUsable(key) ? null : 'expected a port without NUL characters'
  const port = readPort(key)
  return E.isRight(port)
    ? null
    : `expected a port from 0 to 65535 or a variable such as "@{port}": ${port.left}`
}

/** Whether a value suits its declared type: null if it does, else what is wrong with it. */
export const checkVariable = (
  type: VariableType,
  value: string,
  allowTcpPorts: readonly Range[],
  isBridged: boolean,
): string | null => {
  switch (type.type) {
    case 'TcpPort':
      return checkPort(value, allowTcpPorts, isBridged)
    case 'Name':
      return /^[A-Za-z0-9_-]*$/.test(value) ? null : `Value ${quoted(value)} ${NOT_A_NAME}`
    case 'DottedName':
      return checkDottedName(value)
    case 'Choice':
      return type.of.includes(value)
        ? null
        : `variable value ${quoted(value)} is not one of [${type.of.map(quoted).join(', ')}]`
  }
}

const checkPort = (
  value: string,
  allowTcpPorts: readonly Range[],
  isBridged: boolean,
): string | null => {
  const port = readPort(value)
  if (E.isLeft(port)) return `invalid TcpPort ${quoted(value)}: ${port.left}`
  // The ports of a bridged network are its own: the host's rules do not reach there.
  return isBridged || isInRanges(allowTcpPorts, port.right)
    ? null
    : `TcpPort ${port.right} is not in allowed range`
}

const NOT_A_NAME = 'contains characters that are invalid for names (alphanumeric, `-` and `_`)'
const NOT_A_DNS_NAME =
  'contains characters that are invalid for dns names (alphanumeric, `-` and `_`)'

const checkDottedName = (value: string): string | null => {
  if (!/^[A-Za-z0-9_.-]*$/.test(value)) return `Value ${quoted(value)} ${NOT_A_DNS_NAME}`
  const bad = value.split('.').find(part => !/^[A-Za-z0-9_]+(?:-+[A-Za-z0-9_]+)*$/.test(part))
  return bad === undefined
    ? null
    : `Component ${quoted(bad)} from name ${quoted(value)} is invalid for dotted name`
}

const quoted = (text: string): string => JSON.stringify(text)
