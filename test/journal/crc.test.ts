/**
 * Goal: our CRC is zlib's, for every length and every seed.
 * Method: all short lengths, both sides of the border, random bytes from a printed seed.
 */
import * as zlib from 'node:zlib'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { crc32 } from '../../journal/crc.ts'
import { prng } from '../prng.ts'

const seed = Number(process.env['SEED'] ?? Date.now() % 100_000)

test(`the same as zlib (SEED=${seed})`, () => {
  const random = prng(seed)
  const lengths = [...Array.from({ length: 300 }, (_, n) => n), 4_095, 4_096, 4_097, 70_000]
  for (const length of lengths) {
    const bytes = Uint8Array.from({ length }, () => Math.floor(random() * 256))
    for (const start of [0, 0xffffffff, Math.floor(random() * 2 ** 32)])
      assert.is(crc32(bytes, start), zlib.crc32(bytes, start), `${length} bytes after ${start}`)
  }
})

test.run()
