/**
 * Goal: no file makes the reader crash, hang, or believe what is not there.
 * Method: a corpus of bombs, each with the line it earns; then random and mutated files, of which
 * only is asked what holds for every file.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  readContainer,
  readMaster,
  readProcesses,
  readSandbox,
  readSecretEnviron,
} from '../../../src/config/read.ts'
import type { Read } from '../../../src/config/read.ts'
import { chance, linesOf, seedOf, valueOf } from './reading.ts'

const MIB = 1024 * 1024
const fill = (text: string): string => text.repeat(Math.floor((MIB - 100) / text.length))

const DEEP = /levels of nesting, found more$/
const MANY = /expected at most 120000 words, marks and blanks, found more$/
const laughs = ['a0: &a0 [x, x, x, x, x, x, x, x, x]']
for (let i = 1; i < 40; i++)
  laughs.push(
    `a${i}: &a${i} [${Array(9)
      .fill(`*a${i - 1}`)
      .join(', ')}]`,
  )
const towers = ['a0: &a0 {x: 1}']
for (let i = 1; i < 200; i++) towers.push(`a${i}: &a${i} {b: *a${i - 1}}`)
const merges = [`a: &a {${Array.from({ length: 1000 }, (_, i) => `k${i}: 1`).join(', ')}}`]
for (let i = 0; i < 3000; i++) merges.push(`b${i}: {<<: *a, c: 1}`)

const bombs: Readonly<Record<string, readonly [string, RegExp]>> = {
  'brackets side by side': ['['.repeat(1000), DEEP],
  'a megabyte of brackets': [fill('['), MANY],
  'a megabyte of braces': [fill('{'), MANY],
  'a tower of mappings in braces': ['{a: '.repeat(5000), DEEP],
  'a tower of dashes': ['- '.repeat(5000), DEEP],
  'a tower of keys': ['a: '.repeat(5000), DEEP],
  'a tower of question marks': ['? '.repeat(5000), DEEP],
  'a staircase': [Array.from({ length: 500 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'), DEEP],
  'a hundred thousand keys': [
    Array.from({ length: 100_000 }, (_, i) => `k${i}: 1`)
      .join('\n')
      .slice(0, MIB),
    MANY,
  ],
  'a megabyte of items': [fill('- a\n'), MANY],
  'a megabyte of empty lines': [fill('\n'), MANY],
  'a megabyte of comments': [fill('# c\n'), MANY],
  'a megabyte of commas': [`[${fill(',')}`, MANY],
  'a megabyte of directives': [fill('%a\n'), MANY],
  'a megabyte of aliases': [`a: &a 1\nb: [${'*a, '.repeat(200_000)}]`, MANY],
  'a billion laughs': [laughs.join('\n'), /expected at most 50000 values, aliases written out/],
  'a tower of aliases': [towers.join('\n'), /expected at most 64 levels of nesting, aliases/],
  'a thousand keys merged thousands of times': [
    merges.join('\n'),
    /expected at most 50000 values, aliases written out/,
  ],
  'an anchor in itself': ['a: &a [*a]', /no anchor &a before this alias \*a/],
  'a number of a megabyte': [`user-id: ${'9'.repeat(MIB - 100)}`, /it does not fit into 64 bits$/],
  'a key of a megabyte': [fill('k'), /expected the mapping of a container configuration/],
  'quotes without an end': [`a: "${fill('\\')}`, /missing closing "quote$/],
  'line ends without an end': [`a: "${fill('\n')}`, /missing closing "quote$/],
  'fifty megabytes': ['a'.repeat(50 * MIB), /^f: expected at most 1048576 bytes, found/],
  'control characters': ['a: \u0000', /the unprintable character U\+0000$/],
  'markers of the lexer': ['a: \u001f\u0002\u0018', /the unprintable character U\+001F$/],
  'a second document': ['executable: /x\n---\nexecutable: /y', /the beginning of a second one$/],
  'list after list on one line': ['a: - 5\n'.repeat(5000), /unexpected block-seq-ind/],
}

for (const [name, [text, expected]] of Object.entries(bombs)) {
  test(`S38: refuses ${name}`, () => {
    const lines = linesOf(readContainer, text.length > MIB ? Buffer.from(text) : text)
    assert.ok(
      lines.some(line => expected.test(line)),
      lines.slice(0, 3).join('\n'),
    )
    assert.ok(lines.length <= 201)
  })
}

test('a string is limited like a file', () =>
  assert.match(linesOf(readMaster, 'a'.repeat(MIB + 1))[0] ?? '', /^f: expected at most/))

test('many mistakes are counted, not listed', () => {
  const many = Array.from({ length: 3000 }, (_, i) => `k${i}: [a]`).join(', ')
  const lines = linesOf(readContainer, `executable: /x\nenviron: {${many}}`)
  assert.is(lines.length, 201)
  assert.is(lines[200], 'f: 2800 further problems are not shown')
})

test('S38: names of object internals are names like others', () => {
  const words = ['__proto__', 'constructor', 'toString', 'hasOwnProperty']
  const { environ } = valueOf(
    readContainer,
    `executable: /x\nenviron: {${words.map(word => `${word}: x`).join(', ')}}`,
  )
  assert.equal([...environ.keys()].toSorted(), words.toSorted())
  for (const word of words.slice(1)) {
    assert.match(linesOf(readMaster, `${word}: 1`)[0] ?? '', new RegExp(`unknown key "${word}"`))
    assert.match(
      linesOf(readContainer, `executable: /x\nvolumes: {/a: !${word} }`)[0] ?? '',
      new RegExp(`found !${word}$`),
    )
  }
  // A key that begins with an underscore is nobody's, whatever it is called.
  assert.equal(linesOf(readMaster, '__proto__: {logFile: x}'), [])
  assert.is(valueOf(readMaster, '__proto__: {log-file: x}').logFile, 'master.log')
})

test('bytes that are no text', () =>
  assert.equal(linesOf(readMaster, Buffer.from([0x61, 0x0a, 0x62, 0xff, 0x0a])), [
    'f:2: expected UTF-8 text, found bytes that are not',
  ]))

// ---------------------------------------------------------------------------
// Random files
// ---------------------------------------------------------------------------

const READERS: readonly Read<unknown>[] = [
  readMaster,
  readSandbox,
  readProcesses,
  readContainer,
  readSecretEnviron,
]

/** What holds for every file. */
const judge = (text: string, readers = READERS): boolean => {
  const lineCount = text.split(/\r\n|\r|\n/).length
  let isGood = false
  for (const read of readers) {
    const { value, problems } = read('f', text)
    const hasError = problems.some(({ severity }) => severity === 'error')
    assert.is(value === null, hasError, JSON.stringify(text))
    isGood ||= value !== null
    let last = 0
    for (const { line, column, message } of problems) {
      assert.not(/[\n\r]/.test(message), message)
      if (line === null || column === null) continue
      assert.ok(line >= last && line <= lineCount && column >= 1, JSON.stringify(text))
      last = line
    }
  }
  return isGood
}

const PIECES = [
  'a',
  'b',
  ':',
  ': ',
  '- ',
  '-',
  '\n',
  '\n  ',
  '\n    ',
  ' ',
  '[',
  ']',
  '{',
  '}',
  ',',
  '"',
  "'",
  '&x ',
  '*x',
  '<<: ',
  '!Tmpfs ',
  '!*Unpack ',
  '|',
  '>',
  '#',
  ' # c',
  '? ',
  '---',
  '...',
  '%',
  '\t',
  '\r\n',
  'null',
  '~',
  '1',
  'executable: /x',
  'volumes:',
  'image: i',
  'config: c',
  '@',
  '\\',
  'é',
  '😀',
  '_',
  '\ufeff',
]

test('random files', () => {
  const next = chance(seedOf())
  const outcome = { good: 0, bad: 0 }
  for (let round = 0; round < 500; round++) {
    const length = Math.floor(next() * 20)
    const text = Array.from({ length }, () => PIECES[Math.floor(next() * PIECES.length)]).join('')
    outcome[judge(text) ? 'good' : 'bad'] += 1
  }
  assert.ok(outcome.good > 5 && outcome.bad > 100, JSON.stringify(outcome))
})

const SAMPLE = `kind: Daemon
variables:
  port: !TcpPort { activation: systemd }
  mode: !Choice [a, "b c"]
volumes:
  /tmp: !Tmpfs { size: 100Mi, mode: 0o1777 }
  /db: !Persistent { path: /db, mkdir: true }
user-id: 1
environ: &e
  A: "x @{port}"
  B: 'y'
secret-environ:
  <<: *e
  C: [v2:a, v2:b]
executable: /usr/bin/python3
arguments:
- -m
- http.server
`

test('a good file with some characters changed, dropped or doubled', () => {
  assert.ok(judge(SAMPLE))
  const next = chance(seedOf())
  const outcome = { good: 0, bad: 0 }
  for (let round = 0; round < 400; round++) {
    let text = SAMPLE
    for (let change = 0; change <= next() * 3; change++) {
      const at = Math.floor(next() * text.length)
      const piece = PIECES[Math.floor(next() * PIECES.length)] ?? ''
      text = text.slice(0, at) + piece + text.slice(at + Math.floor(next() * 3))
    }
    outcome[judge(text, [readContainer]) ? 'good' : 'bad'] += 1
  }
  assert.ok(outcome.good > 10 && outcome.bad > 50, JSON.stringify(outcome))
})

test('unknown keys are never accepted, wherever they are put', () => {
  const next = chance(seedOf())
  const lines = SAMPLE.split('\n').filter(line => /^\S+:/.test(line))
  for (let round = 0; round < 200; round++) {
    const before = lines[Math.floor(next() * lines.length)] ?? ''
    const key = `zz${Math.floor(next() * 1e6).toString(36)}`
    const text = SAMPLE.replace(`\n${before}`, `\n${key}: 1\n${before}`)
    const expected = text === SAMPLE ? [] : [`unknown key "${key}"`]
    const found = readContainer('f', text).problems.map(({ message }) => message.split(' (')[0])
    assert.equal(found, expected, text)
  }
})

test('every line end reads the same', () => {
  const windows = SAMPLE.replaceAll('\n', '\r\n')
  assert.equal(valueOf(readContainer, windows), valueOf(readContainer, SAMPLE))
  assert.equal(
    linesOf(readContainer, `${windows}bogus: 1\r\n`),
    linesOf(readContainer, `${SAMPLE}bogus: 1\n`),
  )
})

test.run()
