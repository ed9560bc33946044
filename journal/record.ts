/**
 * The journal is text, one turn a line:
 *
 *     3f2a91c0 00004a {"seq":41,"inputs":[…],"effects":[…]}
 *     checksum length turn
 *
 * A turn is what the supervisor heard and what it decided to do about it. The checksum is
 * a CRC-32 of the JSON in eight hex digits, seeded with the checksum of the turn before, so
 * that a line that was lost, moved or edited breaks the line after it. The length counts the
 * bytes of the JSON in six or more hex digits; it tells a torn last line from two lines whose
 * newline was lost. Both are compared as text: there is one way to write a number.
 *
 * A checkpoint is a line of the same form. It holds the state after a turn:
 *
 *     90b1c55e 0123ab {"checkpoint":{"seq":41,"sum":"3f2a91c0","version":1,"state":…}}
 *
 * It is the first line of every file and stands nowhere else.
 * `sum` is the checksum of turn 41 and seeds the checksum of the checkpoint itself. The chain
 * of turns goes on from `sum`, past the checkpoint, therefore the very bytes of a turn are
 * the same in every file that holds it. `state` is null where nothing is known yet.
 *
 * Numbers of turns only grow. They may leap (a start finds that higher ones have been given
 * away); they are never given twice.
 *
 * This directory knows nothing of containers: inputs, effects and states are opaque.
 */
import { strict as assert } from 'node:assert'
import { crc32 } from './crc.ts'
import * as E from 'fp-ts/lib/Either.js'

/** `effects` are kept for the reader and for the replay check, never to be performed again. */
export interface Turn {
  readonly seq: number
  readonly inputs: ReadonlyArray<unknown>
  readonly effects: ReadonlyArray<unknown>
}

/** `version` is the caller's: of the shape of its state. */
export interface Checkpoint {
  readonly seq: number
  readonly version: number
  readonly state: unknown
}

/** What must be known to write the next line: the last turn and its checksum. */
export interface Tail {
  readonly seq: number
  readonly sum: number
}

export const emptyTail: Tail = { seq: 0, sum: 0 }

/** A line as bytes, newline included, and its place in the chain. */
export interface Line {
  readonly kind: 'turn' | 'checkpoint'
  readonly bytes: Uint8Array
  readonly before: Tail
  readonly after: Tail
}

export type Entry =
  | (Line & { readonly kind: 'turn'; readonly turn: Turn })
  | (Line & { readonly kind: 'checkpoint'; readonly checkpoint: Checkpoint })

/** Torn: the beginning of a line and nothing else. Changed: anything else that is not good. */
export type Damage = 'torn' | 'changed'

/** No turn is written in fewer bytes than this one. */
export const turnBytesMin = '00000000 000000 {"seq":1,"inputs":[],"effects":[]}\n'.length

const sumText = (sum: number): string => sum.toString(16).padStart(8, '0')

// ---------------------------------------------------------------------------
// Writing
// ---------------------------------------------------------------------------

export const encodeTurn = (before: Tail, turn: Turn): Line => {
  assert(turn.seq > before.seq, `turn ${turn.seq} cannot follow turn ${before.seq}`)
  const [bytes, sum] = encode(JSON.stringify(turn), before.sum)
  return { kind: 'turn', bytes, before, after: { seq: turn.seq, sum } }
}

export const encodeCheckpoint = (at: Tail, version: number, state: unknown): Line => {
  const checkpoint = { seq: at.seq, sum: sumText(at.sum), version, state: state ?? null }
  const [bytes] = encode(JSON.stringify({ checkpoint }), at.sum)
  return { kind: 'checkpoint', bytes, before: at, after: at }
}

const encode = (json: string, seed: number): readonly [Uint8Array, number] => {
  const length = Buffer.byteLength(json)
  const lengthDigits = lengthText(length)
  const start = sumDigits + 1 + lengthDigits.length + 1
  const bytes = Buffer.allocUnsafe(start + length + 1)
  bytes.write(json, start, 'utf8')
  const sum = crc32(bytes.subarray(start, start + length), seed)
  bytes.write(`${sumText(sum)} ${lengthDigits} `, 0, 'latin1')
  bytes[start + length] = newline
  return [bytes, sum]
}

// ---------------------------------------------------------------------------
// Reading
// ---------------------------------------------------------------------------

/**
 * Reads one line, newline included where the file has one. Without a tail only a checkpoint
 * can be believed: it brings its own.
 */
export const decode = (tail: Tail | null, bytes: Uint8Array): E.Either<Damage, Entry> => {
  const line = view(bytes)
  const frame = frameOf(line)
  if (typeof frame === 'string') return E.left(frame)
  const json = line.subarray(frame.start, frame.end)
  return json.subarray(0, checkpointMark.length).equals(checkpointMark)
    ? decodeCheckpoint(line, frame, json)
    : decodeTurn(tail, line, frame, json)
}

/** The checksum a line claims to have, whether it holds or not. */
export const claimedSum = (bytes: Uint8Array): number | null => {
  const text = view(bytes).toString('latin1', 0, sumDigits)
  return /^[0-9a-f]{8}$/.test(text) ? Number.parseInt(text, 16) : null
}

/** The checksum a line would have after `seed`: that of the line when only its head changed. */
export const computedSum = (bytes: Uint8Array, seed: number): number | null => {
  const line = view(bytes)
  const start = line.indexOf(openBrace)
  const end = line.lastIndexOf(closeBrace) + 1
  return start < 0 || end <= start ? null : crc32(line.subarray(start, end), seed)
}

interface Frame {
  readonly sum: string
  readonly start: number
  readonly end: number
}

const frameOf = (line: Buffer): Frame | Damage => {
  const isEnded = line.length > 0 && line[line.length - 1] === newline
  const start = line.indexOf(space, sumDigits + 1) + 1
  const lengthDigits = line.toString('latin1', sumDigits + 1, Math.max(start - 1, 0))
  if (!isEnded) return isBeginning(line, start, lengthDigits) ? 'torn' : 'changed'
  const end = line.length - 1
  const isFramed =
    start > 0 && line[sumDigits] === space && lengthDigits === lengthText(end - start)
  return isFramed ? { sum: line.toString('latin1', 0, sumDigits), start, end } : 'changed'
}

/** A write that stopped leaves the beginning of a line, shorter than the line says it is. */
const isBeginning = (line: Buffer, start: number, lengthDigits: string): boolean => {
  if (start === 0) return isHeadBeginning.test(line.toString('latin1', 0, headBytesMax + 1))
  if (!/^[0-9a-f]{8} [0-9a-f]{6,} $/.test(line.toString('latin1', 0, start))) return false
  return line.length <= start + Number.parseInt(lengthDigits, 16)
}

const decodeTurn = (
  tail: Tail | null,
  line: Buffer,
  frame: Frame,
  json: Buffer,
): E.Either<Damage, Entry> => {
  if (tail === null) return E.left('changed')
  const sum = crc32(json, tail.sum)
  if (sumText(sum) !== frame.sum) return E.left('changed')
  const turn = parsed(json)
  if (!isTurn(turn) || turn.seq <= tail.seq) return E.left('changed')
  return E.right({ kind: 'turn', turn, bytes: line, before: tail, after: { seq: turn.seq, sum } })
}

const decodeCheckpoint = (line: Buffer, frame: Frame, json: Buffer): E.Either<Damage, Entry> => {
  const body = parsed(json) as { readonly checkpoint?: unknown } | undefined
  const checkpoint = body?.checkpoint
  if (!isCheckpoint(checkpoint)) return E.left('changed')
  const seed = Number.parseInt(checkpoint.sum, 16)
  if (sumText(crc32(json, seed)) !== frame.sum) return E.left('changed')
  const { seq, version, state } = checkpoint
  const at = { seq, sum: seed }
  return E.right({
    kind: 'checkpoint',
    checkpoint: { seq, version, state },
    bytes: line,
    before: at,
    after: at,
  })
}

/** A checkpoint is parsed before its checksum is known to hold, so anything may stand there. */
const parsed = (json: Buffer): unknown => {
  try {
    return JSON.parse(json.toString('utf8'))
  } catch {
    return undefined
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

const isTurn = (value: unknown): value is Turn =>
  isRecord(value) &&
  Number.isSafeInteger(value['seq']) &&
  Array.isArray(value['inputs']) &&
  Array.isArray(value['effects'])

const isCheckpoint = (value: unknown): value is Checkpoint & { readonly sum: string } =>
  isRecord(value) &&
  Number.isSafeInteger(value['seq']) &&
  Number.isSafeInteger(value['version']) &&
  typeof value['sum'] === 'string' &&
  /^[0-9a-f]{8}$/.test(value['sum']) &&
  'state' in value

const view = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const lengthText = (length: number): string => length.toString(16).padStart(6, '0')

const sumDigits = 8
const headBytesMax = 22
const isHeadBeginning = /^(?:[0-9a-f]{0,8}|[0-9a-f]{8} [0-9a-f]{0,13})$/
const newline = 0x0a
const space = 0x20
const openBrace = 0x7b
const closeBrace = 0x7d
const checkpointMark = Buffer.from('{"checkpoint":')
