/**
 * Whole numbers as the original wrote them: a base (`0x`, `0o`, `0b`), underscores, a unit; and
 * nothing else, so that `100m`, `1.5G` and `12KB` are mistakes. A leading zero means nothing:
 * `0777` is seven hundred and seventy-seven.
 *
 *     blanks  sign? (digits | base sign? digits)  blanks  unit?  blanks
 *
 * A sign goes before plain digits or after a base, never before one.
 */

export type Unread = 'empty' | 'invalid' | 'too large'

const UNITS: ReadonlyMap<string, bigint> = new Map([
  ['', 1n],
  ['k', 1000n],
  ['M', 1000n ** 2n],
  ['G', 1000n ** 3n],
  ['ki', 1024n],
  ['Mi', 1024n ** 2n],
  ['Gi', 1024n ** 3n],
])

const PLAIN = /\d[\d_]*/
const BASED = /0x[+-]?[\da-fA-F][\da-fA-F_]*|0o[+-]?[0-7][0-7_]*|0b[+-]?[01][01_]*/
const UNIT = /k|M|G|ki|Mi|Gi|/
const NUMERIC = new RegExp(`^([+-]?)(?:(${PLAIN.source})|(${BASED.source}))\\s*(${UNIT.source})$`)

export const readNumeric = (source: string): bigint | Unread => {
  const text = source.trim()
  if (text === '') return 'empty'
  const match = NUMERIC.exec(text)
  if (match === null) return 'invalid'
  const [, sign = '', plain, based, unit = ''] = match
  if (based !== undefined && sign !== '') return 'invalid'
  const value = plain === undefined ? readBased(based ?? '') : readDigits('', plain)
  if (value === null) return 'too large'
  const signed = (sign === '-' ? -value : value) * (UNITS.get(unit) ?? 1n)
  return BigInt.asIntN(64, signed) === signed ? signed : 'too large'
}

const readBased = (text: string): bigint | null => {
  const value = readDigits(text.slice(0, 2), text.slice(2).replace(/^[+-]/, ''))
  return value !== null && text[2] === '-' ? -value : value
}

/** Null beyond 64 binary digits: making a bigint of a megabyte of digits takes seconds. */
const readDigits = (base: string, text: string): bigint | null => {
  const digits = text.replaceAll('_', '').replace(/^0+(?=.)/, '')
  return digits.length > 64 ? null : BigInt(base + digits)
}

/** The fields that take decimal digits only: ports, ranges, default users. */
export const readPlain = (text: string, max: number): number | Unread => {
  if (text === '') return 'empty'
  if (!/^\+?\d+$/.test(text)) return 'invalid'
  const value = Number(text)
  return value <= max ? value : 'too large'
}

export const U16_MAX = 0xffff
export const U32_MAX = 0xffffffff
