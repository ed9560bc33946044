/**
 * Standard base64, read strictly: Node's own decoder skips what it does not know. Bytes to bytes,
 * because a private key that once was a string could not be wiped any more. Padding may be left
 * out. The messages are those of the original, which scripts look for; none of them shows more
 * than one byte of the text.
 */
import * as E from 'fp-ts/lib/Either.js'

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const PAD = 0x3d
const NONE = 255

const values = new Uint8Array(256).fill(NONE)
for (let value = 0; value < LETTERS.length; value++) values[LETTERS.charCodeAt(value)] = value

export const decodeBase64 = (text: Uint8Array): E.Either<string, Uint8Array> => {
  if (text.length % 4 === 1) return E.left('Encoded text cannot have a 6-bit remainder.')
  const letters = text.length - paddingOf(text)
  const bytes = new Uint8Array(Math.floor((letters * 3) / 4))
  let waiting = 0
  let used = 0
  for (let at = 0; at < letters; at++) {
    const value = values[text[at]!]!
    if (value === NONE) {
      bytes.fill(0)
      return E.left(`Invalid byte ${text[at]}, offset ${at}.`)
    }
    waiting = ((waiting << 6) | value) & 0xffff
    if (at % 4 > 0) bytes[used++] = waiting >> (6 - 2 * (at % 4))
  }
  return E.right(bytes)
}

/** In the place of the third and fourth of four, and only at the end. */
const paddingOf = (text: Uint8Array): number => {
  if (text.at(-1) !== PAD) return 0
  if (text.length % 4 === 0) return text.at(-2) === PAD ? 2 : 1
  return text.length % 4 === 3 ? 1 : 0
}

export const encodeBase64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')
