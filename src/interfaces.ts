/**
 * The names of the two ends of a container's cable. They follow from bridge and address alone, in
 * the way of the original: administrators know them, and what an earlier life has left is found by
 * its name.
 */
import blake from 'blakejs'

export interface Cable {
  /** On the host: `li_ca02f9_0001`. */
  readonly outer: string
  /** In the container: `li-ca02f9-0001`. */
  readonly inner: string
  /**
   * Of the inner end, 48 bits. The same in every life, so that neighbours who have learnt it reach
   * the next one at once.
   */
  readonly hardwareAddress: number
}

/** `lastBytes`: the last two of the address, as a number. */
export const cableOf = (bridge: string, ip: string, lastBytes: number): Cable => {
  const text = `{"bridge":${JSON.stringify(bridge)},"ip":${JSON.stringify(ip)}}`
  const hash = blake.blake2bHex(Buffer.from(text), undefined, 64)
  const outer = `li_${hash.slice(0, 6)}_${lastBytes.toString(16).padStart(4, '0')}`
  return {
    outer,
    inner: outer.replaceAll('_', '-'),
    hardwareAddress: Number(`0x${locallyAdministered}${hash.slice(6, 16)}`),
  }
}

/** The first byte of an address that no manufacturer gives to anybody. */
const locallyAdministered = '02'
