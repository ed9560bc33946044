/**
 * Bytes that are secret. They lie outside of V8's heap, which moves small arrays about and leaves
 * what was in them behind; and they are overwritten once nobody needs them.
 */
export const secretBytes = (length: number): Uint8Array<ArrayBuffer> =>
  new Uint8Array(new ArrayBuffer(length))

export const copySecret = (bytes: Uint8Array): Uint8Array => {
  const copy = secretBytes(bytes.length)
  copy.set(bytes)
  return copy
}

export const wipe = (...all: readonly (Uint8Array | null)[]): void => {
  for (const bytes of all) bytes?.fill(0)
}
