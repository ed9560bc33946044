/** The strings of OpenSSH: a length of four bytes, the greatest first, and as many bytes. */

export interface Reader {
  /** Null: there are fewer bytes than its length says. */
  readonly string: () => Uint8Array | null
  readonly number: () => number | null
  readonly isAtEnd: () => boolean
}

/** What is read is a part of `bytes`, and wiped with them. */
export const readerOf = (bytes: Uint8Array): Reader => {
  let at = 0
  const number = (): number | null => {
    if (bytes.length - at < 4) return null
    const view = new DataView(bytes.buffer, bytes.byteOffset + at, 4)
    at += 4
    return view.getUint32(0)
  }
  return {
    number,
    string: () => {
      const length = number()
      if (length === null || length > bytes.length - at) return null
      at += length
      return bytes.subarray(at - length, at)
    },
    isAtEnd: () => at === bytes.length,
  }
}

export const textOf = (bytes: Uint8Array | null): string | null =>
  bytes === null ? null : Buffer.from(bytes).toString('latin1')
