/**
 * IP addresses in the one spelling the original wrote them in: it is part of the knot's argv,
 * and of the names of network interfaces.
 */
import { isIPv6 } from 'node:net'
import { writeGroups } from '../../native/addresses.ts'

export interface Address {
  readonly address: string
  readonly family: 4 | 6
}

export const readAddress = (text: string): Address | null => {
  if (text.includes(':')) {
    const groups = readGroups(text)
    return groups === null ? null : { address: writeGroups(groups), family: 6 }
  }
  const octets = readOctets(text)
  return octets?.length === 4 ? { address: octets.join('.'), family: 4 } : null
}

export interface Network extends Address {
  readonly prefix: number
}

/** `a.b.c.d/N`, `v6/N`, an address alone; and `10/8`, where the missing octets are zeros. */
export const readNetwork = (text: string): Network | null => {
  const [host = '', bits, ...more] = text.split('/')
  if (more.length > 0) return null
  const address = readAddress(bits === undefined ? host : lengthen(host))
  if (address === null) return null
  const prefixMax = address.family === 4 ? 32 : 128
  if (bits === undefined) return { ...address, prefix: prefixMax }
  if (!/^\d{1,3}$/.test(bits) || Number(bits) > prefixMax) return null
  return { ...address, prefix: Number(bits) }
}

export const isInNetwork = (address: string, network: Network): boolean => {
  const read = readAddress(address)
  if (read === null || read.family !== network.family) return false
  const width = BigInt(read.family === 4 ? 32 : 128)
  const shift = width - BigInt(network.prefix)
  return toBits(read) >> shift === toBits(network) >> shift
}

/** Of a text that has been read before. */
export const addressBits = (text: string): { readonly family: 4 | 6; readonly bits: bigint } => {
  const read = readAddress(text)
  if (read === null) throw new Error(`${text} is no IP address`)
  return { family: read.family, bits: toBits(read) }
}

const lengthen = (host: string): string => {
  if (host.includes(':')) return host
  const octets = host.split('.')
  return [...octets, ...Array<string>(Math.max(0, 4 - octets.length)).fill('0')].join('.')
}

/** Decimal whatever the zeros in front: `010` is ten, as the original read it. */
const readOctets = (text: string): number[] | null => {
  const parts = text.split('.')
  if (!parts.every(part => /^\d{1,3}$/.test(part) && Number(part) <= 255)) return null
  return parts.map(Number)
}

const readGroups = (text: string): number[] | null => {
  if (!isIPv6(text) || text.includes('%')) return null
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text)
  const octets = dotted === null ? [] : (readOctets(dotted[2] ?? '') ?? [])
  const [a = 0, b = 0, c = 0, d = 0] = octets
  const plain =
    dotted === null
      ? text
      : `${dotted[1]}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`
  const [head = '', tail] = plain.split('::')
  const before = splitGroups(head)
  if (tail === undefined) return before
  const after = splitGroups(tail)
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after]
}

const splitGroups = (text: string): number[] =>
  text === '' ? [] : text.split(':').map(group => parseInt(group, 16))

const toBits = ({ address, family }: Address): bigint => {
  const [parts, width] =
    family === 4 ? [readOctets(address) ?? [], 8n] : [readGroups(address) ?? [], 16n]
  return parts.reduce((bits, part) => (bits << width) | BigInt(part), 0n)
}
