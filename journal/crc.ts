/**
 * CRC-32 (that of zlib). Lines are summed here, also the checkpoint of a few hundred containers:
 * loading node:zlib draws in Node's streams, which costs a start as much as summing a megabyte.
 */
import { crc32 as longSum } from 'node:zlib'

const shortBytes = 1 << 20

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

/** In the first milliseconds of a start nothing is compiled, and each call within would count. */
const shortSum = (bytes: Uint8Array, seed: number): number => {
  const [one, two, three, four] = tables
  const whole = bytes.length & ~3
  let sum = ~seed
  let index = 0
  for (; index < whole; index += 4) {
    sum ^=
      (bytes[index] as number) |
      ((bytes[index + 1] as number) << 8) |
      ((bytes[index + 2] as number) << 16) |
      ((bytes[index + 3] as number) << 24)
    sum =
      (four[sum & 255] as number) ^
      (three[(sum >>> 8) & 255] as number) ^
      (two[(sum >>> 16) & 255] as number) ^
      (one[sum >>> 24] as number)
  }
  for (; index < bytes.length; index++)
    sum = (sum >>> 8) ^ (one[(sum ^ (bytes[index] as number)) & 255] as number)
  return ~sum >>> 0
}
