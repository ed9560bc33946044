/** Overwrites bytes that were secret. The whole buffer that they are a part of is ours as well. */
export const wipe = (...all: readonly (Uint8Array | null)[]): void => {
  for (const bytes of all) bytes?.fill(0)
}
