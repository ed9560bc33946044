/** Who listens for TCP in the network that we are in. */
import { closeSync, openSync, readSync } from 'node:fs'
import { writeGroups } from './addresses.ts'

export interface Listener {
  readonly host: string
  readonly port: number
  /** What the kernel calls the socket, as in `socket:[INODE]`. */
  readonly inode: string
}

export const listeners = (): readonly Listener[] =>
  ['/proc/net/tcp', '/proc/net/tcp6'].flatMap(path => parseListeners(beginningOf(path)))

const LISTENS = '0A'
const chunkBytes = 1 << 16

const fieldsOf = (line: string): readonly string[] => line.trim().split(/\s+/)

/** Those who listen stand first. There may be a hundred thousand connections behind them. */
const beginningOf = (path: string): string => {
  let text = ''
  try {
    const fd = openSync(path, 'r')
    const chunk = Buffer.allocUnsafe(chunkBytes)
    try {
      for (let count = 1; count > 0 && !hasOthers(text);) {
        count = readSync(fd, chunk)
        text += chunk.toString('latin1', 0, count)
      }
    } finally {
      closeSync(fd)
    }
  } catch {
    // A kernel without IPv6, or without this file.
  }
  return text
}

const hasOthers = (text: string): boolean => {
  const [last = ''] = text.split('\n').slice(-2)
  return text !== '' && last.includes(':') && fieldsOf(last)[3] !== LISTENS
}

export const parseListeners = (text: string): readonly Listener[] =>
  text.split('\n').flatMap(line => {
    const [, local = '', , state, , , , , , inode = ''] = fieldsOf(line)
    const [host = '', port = ''] = local.split(':')
    return state === LISTENS ? [{ host: hostOf(host), port: Number.parseInt(port, 16), inode }] : []
  })

/** Words of 32 bits as a little-endian machine keeps them. */
const hostOf = (hex: string): string => {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap(word => [...Buffer.from(word, 'hex')].reverse())
  if (bytes.length === 4) return bytes.join('.')
  const groups = Array.from({ length: 8 }, (_, index) => {
    const [high = 0, low = 0] = bytes.slice(2 * index)
    return high * 256 + low
  })
  return writeGroups(groups).replace(/^::ffff:(?=[\d.]+$)/, '')
}
