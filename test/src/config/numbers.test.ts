/**
 * Goal: whole numbers mean what they meant to the original, and nothing else is a number.
 * Method: the original's own table; and random texts judged a second time, character by
 * character, by a slow reader that shares nothing with the regular expression.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { readNumeric, readPlain, U16_MAX } from '../../../src/config/numbers.ts'
import { chance, seedOf } from './reading.ts'

const numbers: Readonly<Record<string, bigint>> = {
  '0': 0n,
  '+5': 5n,
  '-1': -1n,
  '007': 7n,
  '010': 10n,
  '0777': 777n,
  '1_000': 1000n,
  '1__0': 10n,
  '1_': 1n,
  '0x1F': 31n,
  '0x1f': 31n,
  '0xFF_FF': 65535n,
  '0o777': 511n,
  '0o1777': 1023n,
  '0o644': 420n,
  '0b101': 5n,
  '12_500k': 12_500_000n,
  '  0xA  ki   ': 10_240n,
  '12k': 12_000n,
  '12ki': 12_288n,
  '12M': 12_000_000n,
  '12Mi': 12_582_912n,
  '12G': 12_000_000_000n,
  '12Gi': 12_884_901_888n,
  '10G': 10_000_000_000n,
  '12 k': 12_000n,
  '12  Mi ': 12_582_912n,
  '5_k': 5000n,
  '0x1k': 1000n,
  '0x1Gi': 1_073_741_824n,
  '-5k': -5000n,
  ' 5 ': 5n,
  '\u00a05': 5n,
  '0x-1': -1n,
  '9223372036854775807': 2n ** 63n - 1n,
  '-9223372036854775808': -(2n ** 63n),
  '2237Gi': 2237n * 2n ** 30n,
}

for (const [text, value] of Object.entries(numbers)) {
  test(`${JSON.stringify(text)} is ${value}`, () => assert.is(readNumeric(text), value))
}

const invalid =
  '_1 -_1 0X1f 0b102 0o8 0x 0b 0o 0x_1 0o_7 12K 12Ki 12KB 12m 100m 12MB 12T 12Ti k M 1.5 1.5M ' +
  '1e3 1,000 -0x10 +0x10 -0o7 true ٣ 1-2'

test('S25: what is no number', () => {
  for (const text of [...invalid.split(' '), '+ 5', '1 2']) {
    assert.is(readNumeric(text), 'invalid', text)
  }
  for (const text of ['', ' ', '\t\n']) assert.is(readNumeric(text), 'empty')
  for (const text of ['9223372036854775808', '9223372036854775807k', '9'.repeat(100_000)]) {
    assert.is(readNumeric(text), 'too large')
  }
  assert.is(readNumeric(`${'0'.repeat(300)}7`), 7n)
})

test('S25: plain numbers take digits only', () => {
  assert.is(readPlain('80', U16_MAX), 80)
  assert.is(readPlain('+80', U16_MAX), 80)
  assert.is(readPlain('080', U16_MAX), 80)
  assert.is(readPlain('65536', U16_MAX), 'too large')
  assert.is(readPlain('', U16_MAX), 'empty')
  for (const text of ['-1', ' 80', '0x10', '1k', '1_0', '+']) {
    assert.is(readPlain(text, U16_MAX), 'invalid', text)
  }
})

// ---------------------------------------------------------------------------
// The slow reader
// ---------------------------------------------------------------------------

const BASES: Readonly<Record<string, number>> = { x: 16, o: 8, b: 2 }
const UNITS: readonly (readonly [string, bigint])[] = [
  ['ki', 1024n],
  ['Mi', 1_048_576n],
  ['Gi', 1_073_741_824n],
  ['k', 1000n],
  ['M', 1_000_000n],
  ['G', 1_000_000_000n],
]

const slowly = (source: string): bigint | string => {
  let text = source.trim()
  if (text === '') return 'empty'
  const [unit = '', factor = 1n] = UNITS.find(([name]) => text.endsWith(name)) ?? []
  text = text.slice(0, text.length - unit.length).trimEnd()
  let base = 10
  if (text[0] === '0' && text[1] !== undefined && BASES[text[1]] !== undefined) {
    base = BASES[text[1]] ?? 10
    text = text.slice(2)
  }
  let sign = 1n
  if (text[0] === '-' || text[0] === '+') {
    sign = text[0] === '-' ? -1n : 1n
    text = text.slice(1)
  }
  if (text === '' || text[0] === '_') return 'invalid'
  let value = 0n
  for (const character of text) {
    if (character === '_') continue
    const digit = '0123456789abcdef'.indexOf(character.toLowerCase())
    if (digit === -1 || digit >= base) return 'invalid'
    value = value * BigInt(base) + BigInt(digit)
  }
  value *= sign * factor
  return value > 2n ** 63n - 1n || value < -(2n ** 63n) ? 'too large' : value
}

test('random texts read the same, fast and slowly', () => {
  const next = chance(seedOf())
  const alphabet = '00117_9afF+- xobkMGi.'
  const isRead = { yes: 0, no: 0 }
  for (let round = 0; round < 30_000; round++) {
    const length = 1 + Math.floor(next() * 7)
    const text = Array.from({ length }, () => alphabet[Math.floor(next() * alphabet.length)]).join(
      '',
    )
    const fast = readNumeric(text)
    assert.is(fast, slowly(text), JSON.stringify(text))
    isRead[typeof fast === 'bigint' ? 'yes' : 'no'] += 1
  }
  assert.ok(isRead.yes > 500 && isRead.no > 500, 'the texts are numbers and others in turn')
})

test.run()
