/**
 * Goal: a text is read as standard YAML with every scalar a string, and what the original
 * accepted beyond that keeps its value.
 * Method: a table of texts and what they are, among them every deviation of the original.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { insert, originalOffset } from '../../../src/config/dialect.ts'
import { IMPLICIT, map, shape } from './reading.ts'

const one = (a: unknown): ReadonlyMap<string, unknown> => map({ a })

const good: readonly (readonly [string, unknown])[] = [
  ['', IMPLICIT],
  ['# c\n', IMPLICIT],
  ['---\n', IMPLICIT],
  ['a: null', one(null)],
  ['a: ~', one(null)],
  ['a:', one(IMPLICIT)],
  ['a: Null', one('Null')],
  ['a: NULL', one('NULL')],
  ['a: nil', one('nil')],
  ['a: ""', one('')],
  ['a: "null"', one('null')],
  ['---\na: 1\n...\nb: 2', one('1')],
  ['a: 1\n...\n%%% {[ anything', one('1')],
  ['a: 1\n...\nb: [', one('1')],
  ['%YAML 1.1\n---\na: yes', one('yes')],
  ['a: {b: 1,}', one(map({ b: '1' }))],
  ['a: [1, 2,]', one(['1', '2'])],
  ['a:\n- b\n- c', one(['b', 'c'])],
  ['a:\n  - b\n  - c', one(['b', 'c'])],
  ['a: -5', one('-5')],
  ['a:b', 'a:b'],
  ['{a:1}', map({ 'a:1': IMPLICIT })],
  ['a: http://x/y#z', one('http://x/y#z')],
  ['a: b # c', one('b')],
  ['a: b#c', one('b#c')],
  ['{"a":1,"b":[1,2,{"c":null}]}', map({ a: '1', b: ['1', '2', map({ c: null })] })],
  ["{'a':1}", one('1')],
  ['a: x@{y}', one('x@{y}')],
  ['a:\tb', one('b')],
  ['a: x\n  y z\n\n  w', one('x y z\nw')],
  ['a: "multi\n  line"', one('multi line')],
  ['a: |\n  l1\n   l2\nb: 1', map({ a: 'l1\n l2\n', b: '1' })],
  ['a: |-\n  l1', one('l1')],
  ['a: >\n  l1\n  l2\n', one('l1 l2\n')],
  ['a: "\\x41\\u0042"', one('AB')],
  ['a: "\\0\\a\\b\\t\\n\\r\\v\\f\\e\\"\\/\\\\"', one('\0\x07\b\t\n\r\v\f\x1b"/\\')],
  ['a: "\\N\\_\\L\\P\\ "', one('\x85\xa0\u2028\u2029 ')],
  ['a: "end\\\\"', one('end\\')],
  ["a: 'it''s'", one("it's")],
  ['a: yes\nb: On\nc: 1.5\nd: 0o17', map({ a: 'yes', b: 'On', c: '1.5', d: '0o17' })],
  ['\ufeffa: 1', one('1')],
  ['a: 1\r\nb: 2\r\n', map({ a: '1', b: '2' })],
  ['a: |\r\n  x\r\n  y\r\n', one('x\ny\n')],
  ['? a\n: b', one('b')],
  [
    '__proto__: 1\nconstructor: 2',
    new Map([
      ['__proto__', '1'],
      ['constructor', '2'],
    ]),
  ],
  ['null: 1\n~: 2', map({ null: '1', '~': '2' })],
  // Anchors, aliases, merge keys.
  ['a: &x 1\nb: *x', map({ a: '1', b: '1' })],
  ['a: &x\nb: *x', map({ a: IMPLICIT, b: IMPLICIT })],
  ['a: &x 1\nb: *x\nc: &x 2\nd: *x', map({ a: '1', b: '1', c: '2', d: '2' })],
  [
    'a: &x {p: 1, q: 9}\nb:\n  <<: *x\n  q: 2',
    map({ a: map({ p: '1', q: '9' }), b: map({ q: '2', p: '1' }) }),
  ],
  [
    'x: &x {p: 1}\ny: &y {p: 2, r: 3}\nb:\n  <<: [*x, *y]',
    map({ x: map({ p: '1' }), y: map({ p: '2', r: '3' }), b: map({ p: '1', r: '3' }) }),
  ],
  ['b:\n  "<<": 1', map({ b: map({ '<<': '1' }) })],
  ['x: &x [1,2]\nb:\n- !*Unpack [*x, [3]]\n- 4', map({ x: ['1', '2'], b: ['1', '2', '3', '4'] })],
  ['b: [!*Unpack [[1], [2, 3]], 4]', map({ b: ['1', '2', '3', '4'] })],
  // Tags that nobody expects.
  ['a: !Foo 5', one('5')],
  ['a: !Foo', one(IMPLICIT)],
  ['a: !Foo {a: 1}', one(one('1'))],
  ['{a: !Foo}', one(IMPLICIT)],
  ['a: !!str 5', one('5')],
  ['a: !!str', one('')],
  ['a: ! 5', one('5')],
  // What only the original accepted.
  ['a: - 5', one(['5'])],
  ['a: -', one([IMPLICIT])],
  ['a: - - b', one([['b']])],
  ['a: - x: 1\n     y: 2\nb: 3', map({ a: [map({ x: '1', y: '2' })], b: '3' })],
  ['- a: - 5\n  b: x', [map({ a: ['5'], b: 'x' })]],
  ['a: b: c', one(map({ b: 'c' }))],
  ['a: b: c\nd: e', map({ a: map({ b: 'c' }), d: 'e' })],
  ['a: b: c: d', one(map({ b: map({ c: 'd' }) }))],
  ['"a":b', one('b')],
  ['k:\n  "a":b\n  "c":d\n', map({ k: map({ a: 'b', c: 'd' }) })],
  ['a: [\n1,\n2\n]\nb: 1', map({ a: ['1', '2'], b: '1' })],
  ['a: {\nb: 1}\nc: [\n2]', map({ a: map({ b: '1' }), c: ['2'] })],
  ['a: "x\ny"\nb: 1', map({ a: 'x y', b: '1' })],
]

const escape = (text: string): string => JSON.stringify(text)

for (const [text, value] of good) {
  test(`reads ${escape(text)}`, () => assert.equal(shape(text), value))
}

const bad: readonly (readonly [string, string])[] = [
  ['a: 1\n---\nb: 2', '2:1 expected one document, found the beginning of a second one'],
  ['---\n---\na: 1', '2:1 expected one document, found the beginning of a second one'],
  ['a: 1\na: 2', '2:1 the key "a" is here for the second time'],
  ['{a: 1, a: 2}', '1:8 the key "a" is here for the second time'],
  ['a: 1\na:', '2:1 the key "a" is here for the second time'],
  ['a: [,]', '1:5 not YAML: unexpected , in flow sequence'],
  ['a: @x', '1:4 not YAML: plain value cannot start with reserved character @'],
  ['\n\tc: d', '2:1 not YAML: a tab is no indentation; use spaces'],
  ['a: "\\q"', '1:5 not YAML: invalid escape sequence \\q'],
  ['b:\n  <<: 1', '2:7 expected a mapping or a list of mappings after <<'],
  ['<<: {a: 1}\n<<: {b: 2}', '2:1 the key "<<" is here for the second time'],
  ['b: *nope', '1:4 no anchor &nope before this alias *nope'],
  ['x: &x [*x]', '1:8 no anchor &x before this alias *x'],
  ['x: !*Include foo.yaml', '1:14 !*Include is not supported: a file cannot include others'],
  ['b: [!*Unpack [1]]', '1:13 expected a list of lists after !*Unpack'],
  ['x: !!int 5', '1:4 the tag !!int has no meaning here'],
  ['[a]: b', '1:1 expected a key of plain text'],
  ['a: [x]: y', '1:7 expected a key of plain text'],
  ['a:\n    b: 1\n  c: 2', '3:1 not YAML: this line is indented less than its neighbours, or more'],
  ['a: 1\n b: 2', '2:3 not YAML: unexpected indentation, or a key without a colon on its line'],
  ['a: {x: y', '1:9 not YAML: a "{" is not closed by a "}"'],
  ['a: [1', '1:6 not YAML: a "[" is not closed by a "]"'],
  ['a: "x', '1:6 not YAML: missing closing "quote'],
  ['a: \u0001', '1:4 expected text, found the unprintable character U+0001'],
  ['a: 1\r\nb: 2\r\nb: 3\r\n', '3:1 the key "b" is here for the second time'],
  ['é: 1\nö: [ü, *x]', '2:8 no anchor &x before this alias *x'],
  ['"😀": *x', '1:6 no anchor &x before this alias *x'],
]

for (const [text, message] of bad) {
  test(`refuses ${escape(text)}`, () => assert.is(shape(text), message))
}

test('one mistake of the dialect is amended, another next to it is reported in place', () => {
  assert.is(shape('a: - 5\nb: - 6\nc: *x'), '3:4 no anchor &x before this alias *x')
  assert.is(shape('a: - *x'), '1:6 no anchor &x before this alias *x')
  assert.is(shape('"a":*x'), '1:5 no anchor &x before this alias *x')
})

test('offsets find back through every insertion', () => {
  const amendments = [
    { at: 2, inserted: '\n  ' },
    { at: 7, inserted: ' ' },
  ]
  assert.is(amendments.reduce(insert, 'abcdef'), 'ab\n  cd ef')
  assert.equal(
    Array.from({ length: 11 }, (_, offset) => originalOffset(amendments, offset)),
    [0, 1, 2, 2, 2, 2, 3, 4, 4, 5, 6],
  )
})

test.run()
