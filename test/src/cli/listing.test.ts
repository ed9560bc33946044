/**
 * Goal: every command that lists things takes columns, order and filters in the same way, and what
 * is mistyped is answered with what there is.
 * Method: rows that are made up; tables, JSON and messages word for word.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { listColumns, listingOptions, render, wants } from '../../../src/cli/listing.ts'
import type { Fields, Listing } from '../../../src/cli/listing.ts'
import { knownNames, sayNothing, select } from '../../../src/cli/names.ts'
import { table } from '../../../src/table.ts'

interface Row {
  readonly name: string
  readonly size: number | null
}

const fields: Fields<Row> = {
  usual: ['name', 'size'],
  all: [
    { name: 'name', help: 'what it is called', value: ({ name }) => name },
    {
      name: 'size',
      help: 'its bytes',
      value: ({ size }) => size,
      show: ({ size }) => (size === null ? '' : `${size}B`),
      isNumber: true,
    },
    { name: 'tags', help: 'what is said of it', value: ({ name }) => [name, 'x'] },
  ],
}

const rows: readonly Row[] = [
  { name: 'b', size: 10 },
  { name: 'a', size: null },
  { name: 'c', size: 9 },
]

const plain: Listing = {
  ...{ json: false, output: null, sort: null, noHeader: false, listColumns: false },
  ...{ parsable: false, wide: false, noColor: false },
}

const shown = (options: Partial<Listing>): string => render(fields, rows, { ...plain, ...options })

test('the usual columns, some more, some less, all of them, none', () => {
  assert.is(shown({}), 'NAME  SIZE\nb      10B\na        -\nc       9B\n')
  assert.is(shown({ output: '+tags', noHeader: true }), 'b  10B  b,x\na    -  a,x\nc   9B  c,x\n')
  assert.is(shown({ output: '-size' }), 'NAME\nb\na\nc\n')
  assert.is(shown({ output: 'tags,name' }), 'TAGS  NAME\nb,x   b\na,x   a\nc,x   c\n')
  assert.is(shown({ output: 'all' }).split('\n')[0], 'NAME  SIZE  TAGS')
  assert.is(shown({ output: '' }), '')
})

test('order by a column, numbers as numbers, what is not there first', () => {
  const names = (sort: string) => shown({ sort, output: 'name', noHeader: true })
  assert.is(names('size'), 'a\nc\nb\n')
  assert.is(names('-size'), 'b\nc\na\n')
  assert.is(names('name'), 'a\nb\nc\n')
})

test('values for scripts', () => {
  assert.is(shown({ parsable: true, noHeader: true }), 'b  10\na   -\nc   9\n')
  assert.equal(JSON.parse(shown({ json: true, sort: 'name' })), [
    { name: 'a', size: null, tags: ['a', 'x'] },
    { name: 'b', size: 10, tags: ['b', 'x'] },
    { name: 'c', size: 9, tags: ['c', 'x'] },
  ])
  assert.is(shown({ json: true, output: 'name' }), '[{"name":"b"},{"name":"a"},{"name":"c"}]\n')
})

test('what is not shown need not be found out', () => {
  assert.ok(wants(fields, plain, ['size']))
  assert.not.ok(wants(fields, { ...plain, output: 'name' }, ['size']))
  assert.ok(wants(fields, { ...plain, output: 'name', sort: '-size' }, ['size']))
  assert.ok(wants(fields, { ...plain, json: true }, ['tags']))
})

test('columns as their headers are written', () => {
  assert.is(shown({ output: 'NAME', sort: 'NAME' }), shown({ output: 'name', sort: 'name' }))
  assert.is(shown({ output: '+ALL' }), shown({ output: 'all' }))
})

test('a column that is not there', () => {
  const { output, sort } = listingOptions(fields)
  assert.is(output.wrong('+sise'), 'there is no column "sise"; did you mean size?')
  assert.is(sort.wrong('-name,quantity'), 'there is no column "quantity"; -L lists them')
  assert.is(output.wrong('all'), null)
  assert.is(output.wrong('NAME,-Size'), null)
  assert.is(output.wrong(''), null)
})

test('the list of columns marks the usual ones', () => {
  assert.is(
    listColumns(fields),
    '* name  what it is called\n* size  its bytes\n  tags  what is said of it\n',
  )
})

const columns = [
  { name: 'name', cell: ({ name }: Row) => name },
  { name: 'note', cell: () => 'long enough', colour: () => 'red' as const },
]

test('a line is as wide as the terminal', () => {
  const look = { hasHeader: false, isColoured: false, widthMax: 9 }
  assert.is(table(columns, rows.slice(0, 1), look), 'b  long …\n')
  assert.is(table(columns, rows.slice(0, 1), { ...look, widthMax: 14 }), 'b  long enough\n')
  assert.is(
    table(columns, rows.slice(0, 1), { ...look, isColoured: true }),
    'b  \x1b[31m\x1b[1mlong …\x1b[0m\x1b[22m\n',
  )
  assert.is(table(columns, rows.slice(0, 1), { ...look, widthMax: 2 }), 'b\n')
})

test('nothing in a cell steers the terminal', () => {
  const look = { hasHeader: false, isColoured: false, widthMax: Infinity }
  assert.is(table([{ name: 'x', cell: () => 'a\x1b[2Jb\n' }], [1], look), 'a\\u{1b}[2Jb\\u{a}\n')
})

const all = ['db/main.0', 'web/app.0', 'web/app.1', 'web/cron.0']

test('names of instances, processes and sandboxes, and patterns', () => {
  const names = (...words: string[]) => select(words, all).names
  assert.equal(names(), all)
  assert.equal(names('web/app.1'), ['web/app.1'])
  assert.equal(names('web/app'), ['web/app.0', 'web/app.1'])
  assert.equal(names('web', 'db/main'), all)
  assert.equal(names('w*'), ['web/app.0', 'web/app.1', 'web/cron.0'])
  assert.equal(names('*/*.0'), ['db/main.0', 'web/app.0', 'web/cron.0'])
  assert.equal(names('web/app.?'), ['web/app.0', 'web/app.1'])
  assert.equal(select(['x*'], all), { names: [], problems: [] })
})

test('a name that is none', () => {
  assert.equal(select(['wep', 'web/ap.0', 'zzzzzz'], all), {
    names: [],
    problems: [
      'there is no sandbox or instance "wep"; did you mean web?',
      'there is no instance "web/ap.0"; did you mean web/app.0?',
      'there is no sandbox or instance "zzzzzz"; there is db, web',
    ],
  })
})

test('a name without its sandbox, none of many, and none of none', () => {
  const said = (word: string, names: readonly string[]) => select([word], names).problems
  assert.equal(said('cron', all), [
    'there is no sandbox or instance "cron"; did you mean web/cron?',
  ])
  assert.equal(said('app.1', all), [
    'there is no sandbox or instance "app.1"; did you mean web/app.1?',
  ])
  const many = Array.from({ length: 9 }, (_, index) => `sandbox-${index}/app.0`)
  assert.equal(said('zzzzzz', many), [
    'there is no sandbox or instance "zzzzzz"; `lithos ls` lists all',
  ])
  assert.equal(said('web', []), [
    'there is no sandbox or instance "web"; nothing is wanted, and nothing runs',
  ])
})

test('a pattern or a filter without effect is told of', () => {
  assert.equal(sayNothing(['w*', 'x*', 'web'], ['db', 'wep'], all), [
    'nothing is called "x*"',
    'there is nothing of a sandbox "wep"; did you mean web?',
  ])
  assert.equal(sayNothing([], [], all), [])
})

test('what a name can be', () => {
  assert.equal(knownNames(['a/b.0', 'a/b.1']), ['a', 'a/b', 'a/b.0', 'a/b.1'])
})

test.run()
