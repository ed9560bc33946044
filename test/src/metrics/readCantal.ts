/**
 * A reader of the files of cantal, written from the description of the protocol and from nothing
 * else: `TYPE SIZE[ SUBTYPE]: JSON` lines, `pad SIZE` lines, values one after another in the byte
 * order of the machine. It is strict: whatever is not as described is thrown.
 */
import * as assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { endianness } from 'node:os'

export const readCantal = (base: string): ReadonlyMap<string, bigint> => {
  const text = readFileSync(`${base}.meta`, 'utf8')
  const bytes = readFileSync(`${base}.values`)
  assert.equal(bytes.length % 4096, 0)
  assert.ok(text.endsWith('\n') && !text.includes('\n\n'))
  const values = new Map<string, bigint>()
  let offset = 0
  for (const line of text.slice(0, -1).split('\n')) {
    const pad = /^pad ([1-9]\d*)$/.exec(line)
    if (pad !== null) {
      offset += Number(pad[1])
      continue
    }
    const [, type, size, subtype, json = ''] =
      /^(counter|level|state) ([1-9]\d*)(?: (signed|float))?: (\{.*\})$/.exec(line) ?? []
    assert.ok(type !== undefined, `no line of a meta file: ${line}`)
    assert.equal(size, '8')
    assert.equal(subtype, type === 'level' ? 'signed' : undefined)
    const about = JSON.parse(json) as Record<string, string>
    // Compact, keys sorted, flat, texts only.
    const sorted = Object.fromEntries(Object.entries(about).sort(([a], [b]) => (a < b ? -1 : 1)))
    assert.equal(JSON.stringify(sorted), json)
    for (const value of Object.values(about)) assert.equal(typeof value, 'string')
    const name = `${about['group']} ${about['metric']}`
    assert.ok(!values.has(name), `${name} is there twice`)
    values.set(name, valueAt(bytes, offset, type === 'counter'))
    offset += 8
  }
  assert.ok(offset <= bytes.length)
  assert.ok(bytes.subarray(offset).every(byte => byte === 0))
  return values
}

const valueAt = (bytes: Buffer, offset: number, isUnsigned: boolean): bigint =>
  endianness() === 'LE'
    ? isUnsigned
      ? bytes.readBigUInt64LE(offset)
      : bytes.readBigInt64LE(offset)
    : isUnsigned
      ? bytes.readBigUInt64BE(offset)
      : bytes.readBigInt64BE(offset)
