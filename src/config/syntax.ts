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
    if (more.length === 0) return first
    amended = more.reduce(insert, amended)
    amendments = [...amendments, ...more]
  }
}

const READ_MAX = 512 * 1024

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
  const parser = new Parser()
  const composer = new Composer({
    schema: 'failsafe',
    resolveKnownTags: false,
    uniqueKeys: false,
    prettyErrors: false,
  })
  const watch = watchTokens()
  let root: ParsedNode | null = null
  let wrong: Wrong | null = null
  const take = (documents: ReturnType<Composer['end']>): void => {
    for (const document of documents) {
      root ??= document.contents as ParsedNode | null
      wrong ??= worst(document.errors)
    }
  }

  for (const source of new Lexer().lex(text)) {
    const seen = watch.see(source, parser)
    if (seen === 'end') break
    if (typeof seen === 'object') return seen
    for (const token of parser.next(seen)) take(composer.next(token))
  }
  for (const token of parser.end()) take(composer.next(token))
  take(composer.end())
  return wrong ?? { root, tokenEnds: watch.tokenEnds, tagStarts: watch.tagStarts }
}

/**
 * Looks at each token before the parser does: notes where tokens end and tags begin, stops at
 * `...`, makes comments of directives, and refuses what goes too far.
 */
const watchTokens = () => {
  const tokenEnds: number[] = []
  const tagStarts: number[] = []
  let isScalarNext = false
  let hasStarted = false
  let nodes = 0

  const see = (source: string, { offset, stack }: Parser): string | 'end' | Wrong => {
    if (stack.length > DEPTH_MAX + 2) {
      return wrongAt(offset, `expected at most ${DEPTH_MAX} levels of nesting, found more`)
    }
    if (!isScalarNext) {
      if (MARKERS.has(source)) {
        isScalarNext = source === SCALAR_MARKER
        return source
      }
      if (source.trim() === '' || source.startsWith('#')) return source
      if (source === '...') return 'end'
      if (source.startsWith('%')) return `#${source.slice(1)}`
      if (source === '---' && hasStarted) {
        return wrongAt(offset, 'expected one document, found the beginning of a second one')
      }
      if (source.startsWith('!')) tagStarts.push(offset)
    }
    isScalarNext = false
    hasStarted = true
    tokenEnds.push(offset + source.length)
    nodes += 1
    return nodes > TOKENS_MAX
      ? wrongAt(offset, `expected at most ${NODES_MAX} values, found more`)
      : source
  }

  return { tokenEnds, tagStarts, see }
}

const SCALAR_MARKER = '\u001f'
/** Tokens of the lexer that are not in the text: begin of a document, of a scalar, end of flow. */
const MARKERS: ReadonlySet<string> = new Set(['\u0002', SCALAR_MARKER, '\u0018'])

/** A value comes with a colon, a comma or a dash. */
const TOKENS_MAX = 2 * NODES_MAX

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
