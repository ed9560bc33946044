/** A hot journal whose lines say something else, with checksums that are right again. */
import { readFileSync, writeFileSync } from 'node:fs'
import { encodeCheckpoint, encodeTurn } from '../../journal/record.ts'
import type { Tail, Turn } from '../../journal/record.ts'

interface Checkpoint {
  readonly seq: number
  readonly sum: string
  readonly version: number
  readonly state: unknown
}

export const rewrite = (file: string, change: (json: string) => string): void => {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean)
  const [first, ...turns] = lines.map(
    line => JSON.parse(change(line.slice(line.indexOf('{')))) as unknown,
  )
  const { seq, sum, version, state } = (first as { readonly checkpoint: Checkpoint }).checkpoint
  let tail: Tail = { seq, sum: Number.parseInt(sum, 16) }
  const bytes = [encodeCheckpoint(tail, version, state).bytes]
  for (const turn of turns) {
    const line = encodeTurn(tail, turn as Turn)
    bytes.push(line.bytes)
    tail = line.after
  }
  writeFileSync(file, Buffer.concat(bytes))
}
