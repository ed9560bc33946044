/**
 * Text to YAML nodes, by the `yaml` package, within limits. Deep nesting and endless lists are
 * refused while they are being read, so that they cost neither the stack nor the time; a second
 * document, too. What the original accepted beyond YAML is written as YAML first (`dialect.ts`).
 */
import { Composer, Lexer, Parser } from 'yaml'
import type { ParsedNode, YAMLParseError } from 'yaml'
import { amend, insert, originalOffset } from './dialect.ts'
import type { Amendment } from './dialect.ts'
import { lastAtMost } from './lines.ts'
import { error } from './report.ts'
import type { Mistake } from './report.ts'

export const DEPTH_MAX = 64
export const NODES_MAX = 50_000

export interface Syntax {
  /** Null for a file with nothing in it. */
  readonly root: ParsedNode | null
  /** Offsets in `root` are those of an amended text. This gives those of the text as it was. */
  readonly original: (offset: number) => number
  /** The end of the last token before an offset, blanks and comments aside; 0 if there is none. */
  readonly tokenEndBefore: (offset: number) => number
  readonly tagBefore: (offset: number) => number
}

export const parse = (text: string): Syntax | Mistake => {
  const strange = UNPRINTABLE.exec(text)
  if (strange !== null) return error(strange.index, unprintable(strange[0]))
  let amendments: readonly Amendment[] = []
  let amended = text
  let first: Mistake | null = null
  // Each round mends one place. The budget bounds what a hostile file can make us read again.
  for (let budget = READ_MAX; ; budget -= amended.length) {
    const outcome = parseOnce(amended)
    if (!('problem' in outcome)) return finish(outcome, amendments)
    const at = originalOffset(amendments, outcome.at)
    first ??= error(at, outcome.problem)
    const more = budget > 0 ? amend(amended, outcome) : []
    if (more.length === 0 || amendments.length + more.length > AMENDMENTS_MAX) return first
    amended = more.reduce(insert, amended)
    amendments = [...amendments, ...more]
  }
}

const READ_MAX = 128 * 1024
const AMENDMENTS_MAX = 1000

const UNPRINTABLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u0084\u0086-\u009f\ufffe\uffff]/

const unprintable = (character: string): string => {
  const code = character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')
  return `expected text, found the unprintable character U+${code}`
}

// ---------------------------------------------------------------------------
// One reading
// ---------------------------------------------------------------------------

interface Reading {
  readonly root: ParsedNode | null
  readonly tokenEnds: readonly number[]
  readonly tagStarts: readonly number[]
}

/** The first thing that is wrong, in the offsets of the text that was read. */
export interface Wrong {
  readonly code: string
  readonly start: number
  readonly end: number
  /** Where a person should look. */
  readonly at: number
  readonly problem: string
}

const parseOnce = (text: string): Reading | Wrong => {
  const watched = watchTokens(text)
  if ('problem' in watched) return watched
  // The package reports mistakes as exceptions; a bad file would make a stack trace for each.
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  try {
    return compose(watched)
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

const compose = ({ tokens, tokenEnds, tagStarts }: Watched): Reading | Wrong => {
  const parser = new Parser()
  const composer = new Composer({
    schema: 'failsafe',
    resolveKnownTags: false,
    uniqueKeys: false,
    prettyErrors: false,
  })
  let root: ParsedNode | null = null
  let wrong: Wrong | null = null
  const take = (documents: ReturnType<Composer['end']>): void => {
    for (const document of documents) {
      root ??= document.contents as ParsedNode | null
      wrong ??= worst(document.errors)
    }
  }
  for (const source of tokens) {
    if (parser.stack.length > DEPTH_MAX + 2) {
      return wrongAt(parser.offset, `expected at most ${DEPTH_MAX} levels of nesting, found more`)
    }
    for (const token of parser.next(source)) take(composer.next(token))
  }
  for (const token of parser.end()) take(composer.next(token))
  take(composer.end())
  return wrong ?? { root, tokenEnds, tagStarts }
}

// ---------------------------------------------------------------------------
// Tokens
// ---------------------------------------------------------------------------

interface Watched {
  readonly tokens: readonly string[]
  readonly tokenEnds: readonly number[]
  readonly tagStarts: readonly number[]
}

/**
 * All tokens before the parser sees any: notes where they end and where tags begin, stops at
 * `...`, makes comments of directives, and refuses a second document or too much of anything.
 */
const watchTokens = (text: string): Watched | Wrong => {
  const tokens: string[] = []
  const tokenEnds: number[] = []
  const tagStarts: number[] = []
  let offset = 0
  let isScalar = false
  for (const source of new Lexer().lex(text)) {
    if (tokens.length >= TOKENS_MAX) return wrongAt(offset, TOO_LARGE)
    if (!isScalar && MARKERS.has(source)) {
      isScalar = source === SCALAR_MARKER
      tokens.push(source)
      continue
    }
    const isBlank = !isScalar && BLANK.test(source)
    if (!isScalar && !isBlank) {
      if (source === '...') break
      if (source === '---' && tokenEnds.length > 0) return wrongAt(offset, SECOND_DOCUMENT)
      if (source.startsWith('!')) tagStarts.push(offset)
    }
    const isDirective = !isScalar && source.startsWith('%')
    tokens.push(isDirective ? `#${source.slice(1)}` : source)
    isScalar = false
    offset += source.length
    if (!isBlank && !isDirective) tokenEnds.push(offset)
  }
  return { tokens, tokenEnds, tagStarts }
}

const SCALAR_MARKER = '\u001f'
/** Tokens of the lexer that are not in the text: begin of a document, of a scalar, end of flow. */
const MARKERS: ReadonlySet<string> = new Set(['\u0002', SCALAR_MARKER, '\u0018'])
/** White space and comments. */
const BLANK = /^(?:[\s\ufeff]*$|#)/

/** A line of a key and a value has eight; 15 000 lines are read within a quarter of a second. */
const TOKENS_MAX = 120_000
const TOO_LARGE = `expected at most ${TOKENS_MAX} words, marks and blanks, found more`
const SECOND_DOCUMENT = 'expected one document, found the beginning of a second one'

const wrongAt = (at: number, problem: string): Wrong => ({
  code: 'LIMIT',
  start: at,
  end: at,
  at,
  problem,
})

const finish = (
  { root, tokenEnds, tagStarts }: Reading,
  amendments: readonly Amendment[],
): Syntax => ({
  root,
  original: offset => originalOffset(amendments, offset),
  tokenEndBefore: offset => tokenEnds[lastAtMost(tokenEnds, offset)] ?? 0,
  tagBefore: offset => tagStarts[lastAtMost(tagStarts, offset - 1)] ?? offset,
})

// ---------------------------------------------------------------------------
// What went wrong
// ---------------------------------------------------------------------------

/** Only the first: what follows it is mostly its consequence. */
const worst = (errors: readonly YAMLParseError[]): Wrong | null => {
  const [first] = errors
    .filter(({ code }) => code !== 'KEY_OVER_1024_CHARS')
    .toSorted((a, b) => a.pos[0] - b.pos[0])
  if (first === undefined) return null
  // A key over several lines usually is a value and then a line that is indented by mistake.
  const later = errors.find(
    ({ code, pos }) =>
      code === 'MULTILINE_IMPLICIT_KEY' &&
      first.code === 'BLOCK_AS_IMPLICIT_KEY' &&
      pos[0] === first.pos[0],
  )
  const { code, pos } = later ?? first
  const [start, end] = pos
  return {
    code,
    start,
    end,
    at: later === undefined ? start : end,
    problem: sayError(later ?? first),
  }
}

const MULTILINE = 'unexpected indentation, or a key without a colon on its line'

const sayError = ({ code, message }: YAMLParseError): string => {
  if (message.startsWith('Flow map')) return 'not YAML: a "{" is not closed by a "}"'
  if (message.startsWith('Flow sequence')) return 'not YAML: a "[" is not closed by a "]"'
  return `not YAML: ${SENTENCES[code] ?? message.charAt(0).toLowerCase() + message.slice(1)}`
}

const SENTENCES: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'a tab is no indentation; use spaces',
  MULTILINE_IMPLICIT_KEY: MULTILINE,
  BLOCK_AS_IMPLICIT_KEY: 'unexpected second key on this line',
  BAD_INDENT: 'this line is indented less than its neighbours, or more',
}
