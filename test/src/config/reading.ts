/** What the tests of the configuration share: reading a text, and showing what came of it. */
import { parse } from '../../../src/config/syntax.ts'
import { normalise, placeFinder } from '../../../src/config/lines.ts'
import type { Read } from '../../../src/config/read.ts'
import { sayProblem } from '../../../src/config/report.ts'
import { buildTree } from '../../../src/config/tree.ts'
import type { Value } from '../../../src/config/value.ts'

/** The lines that a person reads; none when all is well. */
export const linesOf = <T>(read: Read<T>, text: string | Buffer): readonly string[] =>
  read('f', text).problems.map(sayProblem)

/** The value, or an exception with the lines. */
export const valueOf = <T>(read: Read<T>, text: string): T => {
  const { value, problems } = read('f', text)
  if (value === null) throw new Error(problems.map(sayProblem).join('\n'))
  return value
}

export const IMPLICIT = Symbol('implicit null')

/** A text as plain objects: maps as lists of pairs, the implicit null as a symbol. */
export const shape = (source: string): unknown => {
  const text = normalise(source)
  const syntax = parse(text)
  const placeOf = placeFinder(text)
  const say = ({ at, message }: { at: number | null; message: string }): string => {
    const { line, column } = placeOf(at ?? 0)
    return `${line}:${column} ${message}`
  }
  if ('severity' in syntax) return say(syntax)
  const { root, mistakes } = buildTree(text, syntax)
  return mistakes.length > 0 ? mistakes.map(say).join('\n') : plain(root)
}

const plain = (value: Value): unknown => {
  switch (value.kind) {
    case 'text':
      return value.text
    case 'null':
      return value.isImplicit ? IMPLICIT : null
    case 'list':
      return value.items.map(plain)
    case 'map':
      return new Map(value.entries.map(({ key, value: item }) => [key, plain(item)]))
    case 'broken':
      return 'broken'
  }
}

export const map = (entries: Readonly<Record<string, unknown>>): ReadonlyMap<string, unknown> =>
  new Map(Object.entries(entries))

/** The same numbers for the same seed, on every machine. */
export const chance = (seed: number): (() => number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** `SEED=123` repeats a run. */
export const seedOf = (): number => {
  const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))
  process.stdout.write(`seed ${seed} (SEED=${seed} repeats this run)\n`)
  return seed
}
