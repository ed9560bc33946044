/**
 * Can the kernel execute this file as the user of the container? What it looks at is looked at
 * here: the file and the way to it, what it begins with, and the program that it names to be run
 * by, which is looked at in the same way.
 */
import { closeSync, openSync, readSync } from 'node:fs'
import { arch } from 'node:process'
import type { Spec } from '../spec.ts'
import { closedOnTheWay, mayExecute, userOf } from './access.ts'
import type { View } from './view.ts'

/** What finishes the sentence that begins with the program; null where nothing is in the way. */
export const obstacleTo = (view: View, spec: Spec, path: string, depth = 0): string | null => {
  if (depth > scriptsMax) return 'is run by a script that is run by a script, and so on'
  const found = view.look(path.startsWith('/') ? path : `${spec.workdir}/${path}`)
  if (found.kind === 'unknown')
    return canExecuteFrom(view, spec, found.mount) ? null : notFrom(found.mount)
  if (found.kind === 'missing') return `is not there: ${found.at} ${found.reason}`
  if (!found.stats.isFile()) return 'is no regular file'
  if (/\/\.?$/.test(path)) return 'is no directory, and its path ends as if it were one'
  if (found.mount !== null && !canExecuteFrom(view, spec, found.mount)) return notFrom(found.mount)
  const closed = closedOnTheWay(found, spec)
  if (closed !== null) return closed
  if (!mayExecute(found.stats, spec)) return `is not executable for ${userOf(spec)}`

  const format = formatOf(found.host)
  if (typeof format === 'string') return format
  if (format.runBy === null) return null
  const obstacle = obstacleTo(view, spec, format.runBy, depth + 1)
  return obstacle === null ? null : `is run by ${format.runBy}, which ${obstacle}`
}

const notFrom = (mount: string): string => `is in ${mount}, from where nothing can be executed`

const canExecuteFrom = (view: View, { confinement }: Spec, mount: string): boolean =>
  view.kindOf(mount) !== 'system' && confinement?.executableVolumes !== false

/** The kernel follows no more of them. */
const scriptsMax = 5

/** The kernel looks for the end of a first line no further. */
const lineMax = 256

/** Why the kernel refuses a file of this format; or what it runs it with. */
type Format = string | { readonly runBy: string | null }

const formatOf = (file: string): Format => {
  const fd = openSync(file, 'r')
  try {
    const head = read(fd, 0, lineMax)
    if (head.toString('latin1', 0, 2) === '#!') return scriptOf(head)
    if (head.toString('latin1', 0, 4) === '\x7fELF') return elfOf(fd, head)
    return 'is in no format that the kernel executes: neither a program nor begins with #!'
  } finally {
    closeSync(fd)
  }
}

const read = (fd: number, position: number, length: number): Buffer => {
  const bytes = Buffer.alloc(length)
  return bytes.subarray(0, readSync(fd, bytes, 0, length, position))
}

const scriptOf = (head: Buffer): Format => {
  const text = head.toString('utf8', 2)
  const [line = ''] = text.split('\n', 1)
  const [name = ''] = line.replace(/^[ \t]+/, '').split(/[ \t\0]/, 1)
  if (name === '') return 'begins with #! and no program'
  if (name.endsWith('\r')) return 'has a first line that ends with a carriage return (CR LF)'
  return { runBy: name }
}

const elf = { machine: 18, tableAt: 32, entrySize: 54, entries: 56, header: 64 } as const
const segment = { offset: 8, length: 32, entry: 56, interpreter: 3 } as const
const machines: Readonly<Record<string, number>> = { x64: 62, arm64: 183 }
const pathMax = 4096

/** Of a file that is cut off nothing is known but that it is no good. */
const elfOf = (fd: number, head: Buffer): Format => {
  const [wide, order] = [head[4] === 2, head[5] === 1]
  if (head.length < elf.header || !wide || !order || head.readUInt16LE(elf.machine) !== ours)
    return `is a program for another machine than this one (${arch}), or a damaged one`
  const size = head.readUInt16LE(elf.entrySize)
  const count = head.readUInt16LE(elf.entries)
  const table = read(fd, Number(head.readBigUInt64LE(elf.tableAt)), size * count)
  for (let at = 0; at + segment.entry <= table.length; at += Math.max(size, segment.entry)) {
    if (table.readUInt32LE(at) !== segment.interpreter) continue
    const length = Math.min(Number(table.readBigUInt64LE(at + segment.length)), pathMax)
    const path = read(fd, Number(table.readBigUInt64LE(at + segment.offset)), length)
    return { runBy: path.toString('utf8').replace(/\0.*$/s, '') }
  }
  return { runBy: null }
}

const ours = machines[arch]
