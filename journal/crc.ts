/**
 * CRC-32 (that of zlib). Short lines are summed here: node:zlib draws in Node's streams, which
 * costs a start as much as a whole container, and is quicker only from a few thousand bytes on.
 */
import { crc32 as longSum } from 'node:zlib'

const shortBytes = 4_096

/** Four tables: one step takes four bytes. */
const tables = ((): readonly [Uint32Array, Uint32Array, Uint32Array, Uint32Array] => {
  const [one, two, three, four] = [0, 1, 2, 3].map(() => new Uint32Array(256)) as [
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
  ]
  for (let byte = 0; byte < 256; byte++) {
    let sum = byte
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1
    one[byte] = sum
  }
  const next = (sum: number): number => (sum >>> 8) ^ (one[sum & 255] as number)
  for (let byte = 0; byte < 256; byte++) {
    two[byte] = next(one[byte] as number)
    three[byte] = next(two[byte] as number)
    four[byte] = next(three[byte] as number)
  }
  return [one, two, three, four]
})()

export const crc32 = (bytes: Uint8Array, seed: number): number =>
  bytes.length > shortBytes ? longSum(bytes, seed) : shortSum(bytes, seed)

const shortSum = (bytes: Uint8Array, seed: number): number => {
  const [one, two, three, four] = tables
  const at = (index: number): number => bytes[index] as number
  let sum = ~seed
  let index = 0
  for (; index + 3 < bytes.length; index += 4) {
    sum ^= at(index) | (at(index + 1) << 8) | (at(index + 2) << 16) | (at(index + 3) << 24)
    sum =
      (four[sum & 255] as number) ^
      (three[(sum >>> 8) & 255] as number) ^
      (two[(sum >>> 16) & 255] as number) ^
      (one[sum >>> 24] as number)
  }
  for (; index < bytes.length; index++) sum = (sum >>> 8) ^ (one[(sum ^ at(index)) & 255] as number)
  return ~sum >>> 0
}
