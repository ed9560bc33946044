/**
 * The habits of every command that lists things: which columns (`-o`), in which order (`-s`), raw
 * values for scripts (`-p`, `--json`), with a header or without. A command says its columns once;
 * options, help, completions and all forms of output are made of that.
 */
import type { Colour } from '../look/paint.ts'
import { nearest } from '../nearest.ts'
import { table } from '../table.ts'
import { jsonOption } from './common.ts'
import { hasColours, widthOf } from './terminal.ts'

export type Value = string | number | boolean | null | readonly string[]

export interface Field<Row> {
  /** As in `-o` and in JSON: `last_exit`. */
  readonly name: string
  readonly help: string
  /** For scripts: bytes, milliseconds, plain words. */
  readonly value: (row: Row) => Value
  /** For people; without it the value itself. */
  readonly show?: (row: Row) => string
  readonly isNumber?: boolean
  readonly colour?: (row: Row) => Colour | null
}

export interface Fields<Row> {
  readonly all: readonly Field<Row>[]
  /** The names of those that are shown unasked. */
  readonly usual: readonly string[]
}

export const listingOptions = <Row>(fields: Fields<Row>) => {
  const names = fields.all.map(({ name }) => name)
  const unknown = (typed: string): string | null => {
    const name = typed.toLowerCase()
    if (names.includes(name)) return null
    const similar = nearest(name, names)
    return `there is no column ${JSON.stringify(typed)}; ${
      similar === null ? '-L lists them' : `did you mean ${similar}?`
    }`
  }
  const firstUnknown = (list: string): string | null =>
    list
      .split(',')
      .map(word => word.replace(/^[+-]/, ''))
      .filter(word => word !== '' && word.toLowerCase() !== 'all')
      .map(unknown)
      .find(wrong => wrong !== null) ?? null
  return {
    json: jsonOption,
    output: {
      kind: 'value',
      names: ['-o', '--output'],
      metavar: 'COLUMNS',
      help: 'columns, as a,b,c; +a,b for these besides the usual ones, -a,b without them; or all',
      wrong: firstUnknown,
      words: [...names, 'all'],
    },
    sort: {
      kind: 'value',
      names: ['-s', '--sort'],
      metavar: 'COLUMNS',
      help: 'order by these columns; -a for the largest a first',
      wrong: firstUnknown,
      words: names,
    },
    noHeader: { kind: 'flag', names: ['-H', '--hide-header'], help: 'no line of headers' },
    listColumns: { kind: 'flag', names: ['-L', '--list'], help: 'list all columns and exit' },
    parsable: {
      kind: 'flag',
      names: ['-p', '--parsable'],
      help: 'precise values: bytes, milliseconds, no units',
    },
    wide: {
      kind: 'flag',
      names: ['-w', '--wide'],
      help: 'do not cut lines at the edge of the terminal',
    },
    noColor: { kind: 'flag', names: ['--no-color'], help: 'no colours, as with NO_COLOR' },
  } as const
}

export interface Listing {
  readonly json: boolean
  readonly output: string | null
  readonly sort: string | null
  readonly noHeader: boolean
  readonly listColumns: boolean
  readonly parsable: boolean
  readonly wide: boolean
  readonly noColor: boolean
}

export const chosen = <Row>({ all, usual }: Fields<Row>, list: string | null): Field<Row>[] => {
  const named = (names: readonly string[]): Field<Row>[] =>
    names.flatMap(name => all.find(field => field.name === name) ?? [])
  if (list === null) return named(usual)
  // Headers are in capitals, and what one sees one types.
  const lower = list.toLowerCase()
  if (/^\+?all$/.test(lower)) return [...all]
  const words = lower
    .slice(/^[+-]/.test(list) ? 1 : 0)
    .split(',')
    .map(word => word.replace(/^[+-]/, ''))
  if (list.startsWith('+')) return named([...new Set([...usual, ...words])])
  if (list.startsWith('-')) return named(usual.filter(name => !words.includes(name)))
  return named(words)
}

/** Whether one of these columns is asked for, to be shown or to sort by. */
export const wants = <Row>(
  fields: Fields<Row>,
  { json, output, sort }: Listing,
  names: readonly string[],
): boolean =>
  (json && output === null) ||
  [...chosen(fields, output), ...sortingOf(fields, sort).map(({ field }) => field)].some(
    ({ name }) => names.includes(name),
  )

const sortingOf = <Row>({ all }: Fields<Row>, list: string | null) =>
  (list ?? '')
    .toLowerCase()
    .split(',')
    .flatMap(word => {
      const field = all.find(({ name }) => name === word.replace(/^[+-]/, ''))
      return field === undefined ? [] : [{ field, isReverse: word.startsWith('-') }]
    })

export const sorted = <Row>(
  fields: Fields<Row>,
  rows: readonly Row[],
  list: string | null,
): readonly Row[] => {
  const by = sortingOf(fields, list)
  if (by.length === 0) return rows
  return [...rows].sort((a, b) => {
    for (const { field, isReverse } of by) {
      const order = compare(field.value(a), field.value(b))
      if (order !== 0) return isReverse ? -order : order
    }
    return 0
  })
}

/** What is not there comes first. */
const compare = (a: Value, b: Value): number => {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  const [left, right] = [textOf(a), textOf(b)]
  return left < right ? -1 : left > right ? 1 : 0
}

const textOf = (value: Value): string =>
  value === null ? '' : Array.isArray(value) ? value.join(',') : String(value)

export const listColumns = <Row>({ all, usual }: Fields<Row>): string => {
  const width = Math.max(...all.map(({ name }) => name.length))
  return all
    .map(({ name, help }) => `${usual.includes(name) ? '*' : ' '} ${name.padEnd(width)}  ${help}\n`)
    .join('')
}

export const toObject = <Row>(fields: readonly Field<Row>[], row: Row): object =>
  Object.fromEntries(fields.map(({ name, value }) => [name, value(row)]))

/** Everything that the rows look like, by what was asked for. */
export const render = <Row>(
  fields: Fields<Row>,
  rows: readonly Row[],
  options: Listing,
): string => {
  const inOrder = sorted(fields, rows, options.sort)
  if (options.json) {
    const columns = options.output === null ? fields.all : chosen(fields, options.output)
    return `${JSON.stringify(inOrder.map(row => toObject(columns, row)))}\n`
  }
  const columns = chosen(fields, options.output)
  if (columns.length === 0) return ''
  return table(
    columns.map(({ name, value, show, isNumber, colour }) => ({
      name,
      cell: (row: Row) => (options.parsable || show === undefined ? textOf(value(row)) : show(row)),
      ...(isNumber === true && { isNumber }),
      colour,
    })),
    inOrder,
    {
      hasHeader: !options.noHeader,
      isColoured: hasColours(options.noColor),
      widthMax: widthOf(options.wide),
    },
  )
}
