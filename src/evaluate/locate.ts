/**
 * From a path of keys to a line and a column. The text is read as YAML once more, without asking
 * what it means: that is done only where something has to be said, and then nobody is in a hurry.
 */
import { normalise, placeFinder } from '../config/lines.ts'
import type { Place } from '../config/lines.ts'
import { readFileText } from '../config/fileText.ts'
import type { Problem } from '../config/shapes.ts'
import { parse } from '../config/syntax.ts'
import { buildTree } from '../config/tree.ts'
import type { Entry, Value } from '../config/value.ts'
import type { Finding, KeyPath } from './finding.ts'

export const locate = (
  findings: readonly Finding[],
  texts: Texts = noTexts,
): readonly Problem[] => {
  const locators = new Map<string, Locator>()
  return findings.map(({ file, path, severity, message }) => {
    const locator =
      locators.get(file) ?? createLocator(texts.get(file) ?? readFileText(file).value ?? '')
    locators.set(file, locator)
    return { file, ...locator(path), severity, message }
  })
}

/** What was read once and for all, by file. */
export type Texts = ReadonlyMap<string, string>
const noTexts: Texts = new Map()

export const textsOf = (read: { readonly file: string; readonly text: string | null }): Texts =>
  read.text === null ? noTexts : new Map([[read.file, read.text]])

type Locator = (path: KeyPath) => Place

/** The deepest part of the path that is there; the beginning of the file where nothing is. */
const createLocator = (source: string): Locator => {
  const text = normalise(source)
  const syntax = parse(text)
  const placeOf = placeFinder(text)
  if ('message' in syntax) return () => placeOf(0)
  const { root } = buildTree(text, syntax)
  return path => placeOf(offsetOf(root, path))
}

const offsetOf = (root: Value, path: KeyPath): number => {
  let value = root
  let offset = 0
  for (const key of path) {
    const next = typeof key === 'number' ? itemOf(value, key) : memberOf(value, key)
    if (next === null) return offset
    ;({ value, offset } = next)
  }
  return offset
}

interface Step {
  readonly value: Value
  readonly offset: number
}

const itemOf = (value: Value, index: number): Step | null => {
  const item = value.kind === 'list' ? value.items[index] : undefined
  return item === undefined ? null : { value: item, offset: item.at }
}

/** A key may be written with underscores instead of dashes, and is preferred so. */
const memberOf = (value: Value, key: string): Step | null => {
  if (value.kind !== 'map') return null
  const spelled = (name: string): Entry | undefined =>
    value.entries.find(entry => entry.key === name)
  const entry = spelled(key.replaceAll('-', '_')) ?? spelled(key)
  if (entry === undefined) return null
  // Of a mapping or a list the key is what people look for, of anything else the value.
  return { value: entry.value, offset: entry.value.kind === 'text' ? entry.value.at : entry.keyAt }
}
