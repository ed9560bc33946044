/**
 * Goal: variables are put in, and their values judged, as documented.
 * Method: tables; a whole container with one instance's variables put in; and random texts of
 * brackets, in which what is not a reference must stay as it was.
 */
import * as E from 'fp-ts/lib/Either.js'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { instantiate } from '../../../src/config/instantiate.ts'
import { readContainer } from '../../../src/config/read.ts'
import type { VariableType } from '../../../src/config/shapes.ts'
import { checkVariable, readPort, referencesIn, substitute } from '../../../src/config/variables.ts'
import { chance, seedOf, valueOf } from './reading.ts'

const bracketed = (text: string): unknown => {
  const outcome = substitute(text, name => `<${name}>`)
  return E.isRight(outcome) ? outcome.right : outcome.left
}

test('references', () => {
  const table: Readonly<Record<string, string>> = {
    'a@{x}b': 'a<x>b',
    '@{ x }': '<x>',
    '@{x': '@{x',
    'a @{x} @{y': 'a <x> @{y',
    '@{}': '<>',
    '@{x}}': '<x>}',
    '@{a@{b}}': '<a@{b>}',
    '@@{x}': '@<x>',
    '@ {x}': '@ {x}',
    '${x}': '${x}',
    '@{a b}': '<a b>',
    '}@{x}': '}<x>',
    '': '',
  }
  for (const [text, result] of Object.entries(table)) assert.is(bracketed(text), result, text)
})

test('what is put in is not looked at again, and every unknown name is told', () => {
  const values = new Map([['a', '@{b}$&$1']])
  const lookup = (name: string): string | null => values.get(name) ?? null
  assert.equal(substitute('x@{a}', lookup), E.right('x@{b}$&$1'))
  assert.equal(substitute('@{b}@{a}@{c}', lookup), E.left(['b', 'c']))
})

test('random texts: without references nothing changes, with them only they do', () => {
  const next = chance(seedOf())
  const alphabet = '@{} ab'
  for (let round = 0; round < 5000; round++) {
    const length = Math.floor(next() * 12)
    const text = Array.from({ length }, () => alphabet[Math.floor(next() * 6)]).join('')
    const same = substitute(text, () => '\u0000')
    assert.ok(E.isRight(same))
    const expected = text.replace(/@\{[^}]*\}/g, '\u0000')
    assert.is(E.isRight(same) ? same.right : '', expected, JSON.stringify(text))
  }
})

// ---------------------------------------------------------------------------
// Types
// ---------------------------------------------------------------------------

const RANGES = [
  { from: 80, to: 80 },
  { from: 8000, to: 9000 },
]
const check = (type: VariableType, value: string, isBridged = false): string | null =>
  checkVariable(type, value, RANGES, isBridged)

test('TcpPort', () => {
  const port: VariableType = { type: 'TcpPort', activation: null }
  for (const value of ['80', '8000', '9000', '+80', '080']) assert.is(check(port, value), null)
  for (const value of ['81', '9001', '0', '65535']) {
    assert.is(check(port, value), `TcpPort ${value} is not in allowed range`)
    assert.is(check(port, value, true), null)
  }
  assert.is(check(port, '65536'), 'invalid TcpPort "65536": number too large to fit in target type')
  for (const value of ['-1', 'abc', ' 80']) {
    assert.is(check(port, value), `invalid TcpPort "${value}": invalid digit found in string`)
  }
  assert.is(check(port, '', true), 'invalid TcpPort "": cannot parse integer from empty string')
})

test('Name', () => {
  for (const value of ['a', 'A-b_9', '-', '']) assert.is(check({ type: 'Name' }, value), null)
  for (const value of ['a.b', 'a b', 'é']) {
    assert.is(
      check({ type: 'Name' }, value),
      `Value "${value}" contains characters that are invalid for names ` +
        '(alphanumeric, `-` and `_`)',
    )
  }
})

test('DottedName', () => {
  const judge = (value: string): string | null => check({ type: 'DottedName' }, value)
  for (const value of ['a', 'a.b', 'a-b', 'a_b', 'A9.x_y', 'a--b', '_']) {
    assert.is(judge(value), null, value)
  }
  for (const value of ['', '.', 'a.', '.a', 'a..b', '-a', 'a-', 'a.-b', 'a.b-', '-']) {
    assert.match(judge(value) ?? '', /^Component ".*" from name ".*" is invalid for dotted name$/)
  }
  assert.is(judge('x.-a'), 'Component "-a" from name "x.-a" is invalid for dotted name')
  assert.match(judge('é.b') ?? '', /^Value "é\.b" contains characters that are invalid for dns/)
})

test('Choice', () => {
  const choice: VariableType = { type: 'Choice', of: ['a', 'b c'] }
  assert.is(check(choice, 'a'), null)
  assert.is(check(choice, 'b c'), null)
  assert.is(check(choice, 'c'), 'variable value "c" is not one of ["a", "b c"]')
  assert.is(check(choice, ''), 'variable value "" is not one of ["a", "b c"]')
})

test('ports say why not', () => {
  assert.equal(readPort('65535'), E.right(65535))
  assert.equal(readPort('http'), E.left('invalid digit found in string'))
})

// ---------------------------------------------------------------------------
// Instances
// ---------------------------------------------------------------------------

const NAMES = { instance: 'sb/pr.0', configFile: '/config/x.yaml' }

const instance = (text: string, variables: Readonly<Record<string, string>>): unknown => {
  const container = valueOf(readContainer, `executable: /x\n${text}`)
  const outcome = instantiate(container, new Map(Object.entries(variables)), NAMES)
  return E.isRight(outcome) ? outcome.right : outcome.left
}

const SAMPLE = `
arguments: ["--x=@{p}", "@{p}@{p}"]
environ:
  A: "@{p}"
  B: "@{lithos:pid}"
  C: "@{lithos:name} @{lithos:config_filename}"
tcp-ports:
  "@{p}": { fd: 5 }
`

test('an instance is final', () => {
  const port = { host: '0.0.0.0', reuseAddr: true, reusePort: false, setNonBlock: false }
  assert.equal(instance(SAMPLE, { p: '80' }), {
    arguments: ['--x=80', '8080'],
    environ: new Map([
      ['A', '80'],
      ['C', 'sb/pr.0 /config/x.yaml'],
    ]),
    pidVariables: ['B'],
    tcpPorts: new Map([[80, { ...port, fd: 5, listenBacklog: 128, external: false }]]),
  })
})

test('every mistake of an instance, once', () => {
  assert.equal(instance(SAMPLE, {}), [
    'unknown variable "p"',
    'Bad port "@{p}": invalid digit found in string',
  ])
  assert.equal(instance('environ: {X: "pid @{lithos:pid}"}', {}), [
    'lithos:pid variable can only be used in environment as a sole value',
  ])
  assert.equal(instance('tcp-ports: {"@{p}": {fd: 3}}', { p: '70000' }), [
    'Bad port "@{p}": number too large to fit in target type',
  ])
})

test('a variable of the process is preferred to a built-in', () => {
  const made = instance('arguments: ["@{lithos:name}"]', { 'lithos:name': 'mine' })
  assert.equal((made as { arguments: unknown }).arguments, ['mine'])
})

const ACTIVATED = `
variables:
  b: !TcpPort { activation: systemd }
  a: !TcpPort { activation: systemd }
environ: { LISTEN_PID: x, LISTEN_FDS: y }
`

test('activated ports, in the order of their names', () => {
  const made = instance(ACTIVATED, { a: '80', b: '81' }) as {
    environ: unknown
    pidVariables: unknown
    tcpPorts: ReadonlyMap<number, { fd: number }>
  }
  assert.equal(
    [...made.tcpPorts].map(([port, { fd }]) => [port, fd]),
    [
      [80, 3],
      [81, 4],
    ],
  )
  assert.equal(
    made.environ,
    new Map([
      ['LISTEN_FDS', '2'],
      ['LISTEN_FDNAMES', 'a:b'],
    ]),
  )
  assert.equal(made.pidVariables, ['LISTEN_PID'])
})

test('activation that cannot be', () => {
  assert.equal(instance(ACTIVATED, { a: '80' }), [`can't find var "b"`])
  assert.equal(instance(ACTIVATED, { a: '80', b: 'zz' }), [
    `can't parse port "b": value "zz": invalid digit found in string`,
  ])
  assert.equal(instance(ACTIVATED, { a: '80', b: '80' }), [
    'port 80 is activated twice, the second time by b',
  ])
})

test('what is no reference to the end is none', () => {
  assert.equal(referencesIn('@{ a } @{b'), ['a'])
})

test.run()
