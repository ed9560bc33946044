/**
 * YAML nodes to values: aliases replaced, merge keys merged, lists unpacked, duplicate keys
 * reported. An aliased value is shared, not copied, and counted as often as it is used: a file
 * that would unfold to millions of values is refused before anyone unfolds it.
 */
import { isAlias, isMap, isScalar, isSeq } from 'yaml'
import type { ParsedNode, Scalar, YAMLMap, YAMLSeq } from 'yaml'
import { mergeInto } from './merge.ts'
import { collectionPlace } from './place.ts'
import { error } from './report.ts'
import type { Mistake } from './report.ts'
import { DEPTH_MAX, NODES_MAX } from './syntax.ts'
import type { Syntax } from './syntax.ts'
import type { Entry, Tag, Value } from './value.ts'
import { quote } from './value.ts'

export interface Tree {
  readonly root: Value
  readonly mistakes: readonly Mistake[]
}

export const buildTree = (text: string, syntax: Syntax): Tree => {
  const mistakes: Mistake[] = []
  const anchors = new Map<string, Value>()
  const { original } = syntax

  const build = (node: ParsedNode | null, isInFlow: boolean, end: number): Value => {
    if (node === null) return nothingAt(end, null)
    if (isAlias(node)) return resolve(node.source, original(node.range[0]))
    const value = limited(buildContent(node, isInFlow))
    if (node.anchor !== undefined) anchors.set(node.anchor, value)
    return value
  }

  const buildContent = (node: ParsedNode, isInFlow: boolean): Value => {
    const tag = tagOf(node)
    if (isScalar<string>(node)) return scalar(node as Scalar.Parsed, tag)
    const at = collectionPlace(text, syntax, node.range[0], isInFlow)
    if (isMap(node)) return map(node as YAMLMap.Parsed, at, tag)
    const { items, flow } = node as YAMLSeq.Parsed
    return list(
      at,
      tag,
      items.flatMap(item => unpack(build(item, flow === true, 0))),
    )
  }

  const nothingAt = (offset: number, tag: Tag | null): Value => {
    const at = original(syntax.tokenEndBefore(offset))
    return { kind: 'null', isImplicit: true, at, tag, ...LEAF }
  }

  const resolve = (name: string, at: number): Value => {
    const value = anchors.get(name)
    if (value !== undefined) return value
    mistakes.push(error(at, `no anchor &${name} before this alias *${name}`))
    return brokenAt(at)
  }

  const scalar = (node: Scalar.Parsed, tag: Tag | null): Value => {
    const at = original(node.range[0])
    if (tag !== null && INCLUDES.has(tag.name)) {
      mistakes.push(error(at, `!${tag.name} is not supported: a file cannot include others`))
      return brokenAt(at)
    }
    const source = String(node.value)
    const isPlain = node.type === 'PLAIN'
    if (isPlain && (node.source ?? '') === '' && node.tag !== STRING_TAG) {
      return nothingAt(node.range[0], tag)
    }
    if (isPlain && (source === 'null' || source === '~')) {
      return { kind: 'null', isImplicit: false, at, tag, ...LEAF }
    }
    return { kind: 'text', text: source, at, tag, ...LEAF }
  }

  const map = (node: YAMLMap.Parsed, at: number, tag: Tag | null): Value => {
    const entries = new Map<string, Entry>()
    const sources: Value[] = []
    for (const { key, value } of node.items) {
      const keyAt = original(key.range[0])
      const name = keyText(build(key, node.flow === true, 0), keyAt)
      const entry = build(value, node.flow === true, key.range[1])
      if (name === null) continue
      const isMerge = isScalar(key) && key.type === 'PLAIN' && name === '<<'
      if (isMerge ? sources.length > 0 : entries.has(name)) {
        mistakes.push(error(keyAt, `the key ${quote(name)} is here for the second time`))
      } else if (isMerge) {
        sources.push(entry)
      } else {
        entries.set(name, { key: name, keyAt, value: entry })
      }
    }
    for (const source of sources) merge(entries, source)
    const asText = sources.length === 0 ? textOfPair(node) : null
    const all = [...entries.values()]
    return { kind: 'map', entries: all, asText, at, tag, ...measure(all.map(({ value }) => value)) }
  }

  /** What is merged is copied, key by key: it counts, wherever it ends up. */
  let merged = 0
  const merge = (entries: Map<string, Entry>, source: Value): void => {
    if (merged > NODES_MAX) return
    merged += source.size
    if (merged > NODES_MAX) mistakes.push(error(source.at, TOO_MUCH))
    else mistakes.push(...mergeInto(entries, source))
  }

  const keyText = (key: Value, keyAt: number): string | null => {
    if (key.kind === 'text') return key.text
    // As in the original, a key is text however it looks.
    if (key.kind === 'null' && !key.isImplicit) return text.startsWith('~', keyAt) ? '~' : 'null'
    if (key.kind !== 'broken') mistakes.push(error(keyAt, 'expected a key of plain text'))
    return null
  }

  /** `a : b` on one line: plain text to the original, a mapping to YAML. A reader may choose. */
  const textOfPair = ({ items, flow }: YAMLMap.Parsed): string | null => {
    const [pair] = items
    if (pair === undefined || items.length > 1 || flow === true) return null
    const { key, value } = pair
    if (!isScalar(key) || !isScalar(value) || key.type !== 'PLAIN') return null
    if (value.type !== 'PLAIN' || value.source === '') return null
    const source = text.slice(original(key.range[0]), original(value.range[1]))
    return /^\S[^\n]*? +: /.test(source) && !source.includes('\n') ? source : null
  }

  const list = (at: number, tag: Tag | null, items: readonly Value[]): Value => ({
    kind: 'list',
    items,
    at,
    tag,
    ...measure(items),
  })

  const unpack = (item: Value): readonly Value[] => {
    if (item.tag?.name !== '*Unpack') return [item]
    if (item.kind === 'list' && item.items.every(({ kind }) => kind === 'list')) {
      return item.items.flatMap(inner => (inner.kind === 'list' ? inner.items : []))
    }
    mistakes.push(error(item.at, 'expected a list of lists after !*Unpack'))
    return [brokenAt(item.at)]
  }

  const tagOf = (node: ParsedNode): Tag | null => {
    const name = isAlias(node) ? undefined : node.tag
    if (name === undefined || name === '!' || isHarmless(node, name)) return null
    const at = original(syntax.tagBefore(node.range[0]))
    if (name.startsWith('!')) return { name: name.slice(1), at }
    mistakes.push(error(at, `the tag ${name.replace(STANDARD, '!!')} has no meaning here`))
    return null
  }

  const limited = (value: Value): Value => {
    if (value.size <= NODES_MAX && value.depth <= DEPTH_MAX) return value
    mistakes.push(error(value.at, value.size > NODES_MAX ? TOO_MUCH : TOO_DEEP))
    return brokenAt(value.at)
  }

  return { root: build(syntax.root, false, 0), mistakes }
}

// ---------------------------------------------------------------------------
// Tags
// ---------------------------------------------------------------------------

const STANDARD = 'tag:yaml.org,2002:'
const STRING_TAG = `${STANDARD}str`
const INCLUDES: ReadonlySet<string> = new Set(['*Include', '*IncludeSeq', '*IncludeMap'])

/** A standard tag that says what the value is anyway. */
const isHarmless = (node: ParsedNode, name: string): boolean =>
  (isScalar(node) && name === STRING_TAG) ||
  (isMap(node) && name === `${STANDARD}map`) ||
  (isSeq(node) && name === `${STANDARD}seq`)

// ---------------------------------------------------------------------------
// Size and depth
// ---------------------------------------------------------------------------

const TOO_MUCH = `expected at most ${NODES_MAX} values, aliases written out; found more`
const TOO_DEEP = `expected at most ${DEPTH_MAX} levels of nesting, aliases written out; found more`

const LEAF = { size: 1, depth: 0 } as const

const measure = (children: readonly Value[]): { size: number; depth: number } => {
  let size = 1
  let depth = 0
  for (const child of children) {
    size += child.size
    depth = Math.max(depth, child.depth)
  }
  return { size, depth: depth + 1 }
}

const brokenAt = (at: number): Value => ({ kind: 'broken', at, tag: null, ...LEAF })
