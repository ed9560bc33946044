/**
 * Reads the whole history for the post-mortem: the archive, then the hot journal, as one
 * story without duplicates. Reading changes nothing and stops at nothing: what is damaged is
 * told in its place, and the chain is found again behind it. Files may be appended to,
 * compressed and dropped meanwhile.
 *
 * In memory: one line, and the numbers of the last turns, to know a duplicate from another
 * turn with the same number.
 */
import * as path from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { followChain } from './chain.ts'
import { codeOf } from './disk.ts'
import { bytesOf, linesIn, listSegments, openHotFiles, segmentBytes } from './readFiles.ts'
import type { Bytes, HotFile } from './readFiles.ts'
import type { Checkpoint, Damage, Entry, Tail, Turn } from './record.ts'

/** `line` counts from 1. */
interface Place {
  readonly file: string
  readonly line: number
}

/** `after`: the turn itself, or the turn whose state this is, and its place in the chain. */
export type Said =
  | (Place & { readonly kind: 'turn'; readonly turn: Turn; readonly after: Tail })
  | (Place & { readonly kind: 'checkpoint'; readonly checkpoint: Checkpoint; readonly after: Tail })

export type Item =
  | Said
  /** `unreadable`: the file itself; `what` tells why. */
  | (Place & {
      readonly kind: 'damage'
      readonly damage: Damage | 'unreadable'
      readonly what: string
    })
  /** Turns `from` to `to` are in no file. Where `to` is before `from`, numbers begin again. */
  | (Place & { readonly kind: 'gap'; readonly from: number; readonly to: number })

export interface Where {
  readonly hotDirectory: string
  readonly archiveDirectory: string
  /** Segments that were last written before this are not opened; milliseconds since 1970. */
  readonly sinceMs?: number
}

export async function* readAll(where: Where): AsyncGenerator<Item> {
  const hot = await openHotFiles(where.hotDirectory)
  const archive = ahead(archiveItems(where))
  const recent = ahead(hotItems(hot))
  try {
    const tell = tellOnce()
    const first = await recent.peek()
    let isMerging = await goesOnFrom(first, archive)
    for (;;) {
      const old: Item | null = await archive.peek()
      const young: Item | null = isMerging || old === null ? await recent.peek() : null
      if (old === null && young === null) return
      const isYoung = old === null || (young !== null && isEarlier(young, old))
      const item: Item | null = await (isYoung ? recent : archive).take()
      if (item === null) return
      isMerging ||= isSameTurn(item, first)
      yield* tell(item)
    }
  } finally {
    await Promise.all([archive.leave(), recent.leave()])
    await Promise.all(hot.map(({ handle }) => handle.close()))
  }
}

/**
 * The hot journal is merged from where it goes on from what the archive tells: another one,
 * whose numbers happen to be lower, is told behind the archive.
 */
const goesOnFrom = async (first: Item | null, archive: Ahead): Promise<boolean> => {
  const oldest = await archive.peek()
  if (first === null || oldest === null) return first !== null
  return isSaid(first) && isSaid(oldest) && first.after.seq < oldest.after.seq
}

const isSameTurn = (item: Item, first: Item | null): boolean =>
  first !== null && isSaid(item) && isSaid(first) && isSameTail(item.after, first.after)

export const isSaid = (item: Item): item is Said =>
  item.kind === 'turn' || item.kind === 'checkpoint'

/**
 * Of two with the same number the archive's comes first, but a turn before the checkpoint that
 * follows it. Damage is told when it is met.
 */
const isEarlier = (one: Item, other: Item): boolean => {
  if (!isSaid(other) || !isSaid(one)) return isSaid(other)
  const between = one.after.seq - other.after.seq
  return between < 0 || (between === 0 && one.kind === 'turn' && other.kind === 'checkpoint')
}

async function* archiveItems(where: Where): AsyncGenerator<Item> {
  for (const segment of await listSegments(where.archiveDirectory, where.sinceMs)) {
    const file = path.join(where.archiveDirectory, segment.name)
    yield* itemsIn(file, segmentBytes(where.archiveDirectory, segment))
  }
}

async function* hotItems(files: ReadonlyArray<HotFile>): AsyncGenerator<Item> {
  for (const { file, handle } of files) yield* itemsIn(file, bytesOf(handle))
}

export async function* itemsIn(file: string, bytes: Bytes): AsyncGenerator<Item> {
  const chain = followChain(null)
  let line = 0
  try {
    for await (const text of linesIn(bytes)) {
      line += 1
      const read = chain.take(text)
      yield E.isRight(read) ? itemOf(file, line, read.right) : damageOf(file, line, read.left)
    }
  } catch (error) {
    yield { kind: 'damage', file, line: line + 1, damage: 'unreadable', what: codeOf(error) }
  }
}

export const itemOf = (file: string, line: number, entry: Entry): Said =>
  entry.kind === 'turn'
    ? { kind: 'turn', file, line, turn: entry.turn, after: entry.after }
    : { kind: 'checkpoint', file, line, checkpoint: entry.checkpoint, after: entry.after }

export const damageOf = (file: string, line: number, damage: Damage): Item => ({
  kind: 'damage',
  file,
  line,
  damage,
  what: damage === 'torn' ? 'ends in the middle of the line' : 'is not what was written',
})

interface Ahead {
  readonly peek: () => Promise<Item | null>
  readonly take: () => Promise<Item | null>
  /** Closes what is open. */
  readonly leave: () => Promise<void>
}

const ahead = (items: AsyncGenerator<Item>): Ahead => {
  let next: Item | null = null
  const peek = async (): Promise<Item | null> => {
    if (next === null) {
      const result = await items.next()
      next = result.done === true ? null : result.value
    }
    return next
  }
  return {
    peek,
    take: async (): Promise<Item | null> => {
      const item = await peek()
      next = null
      return item
    },
    leave: async () => void (await items.return(undefined)),
  }
}

// ---------------------------------------------------------------------------
// One story
// ---------------------------------------------------------------------------

/** What has been told is not told again; what is missing in between is told as a gap. */
export const tellOnce = () => {
  const hasTold = rememberTurns()
  let lastTold: Tail | null = null
  let wasCheckpoint = false
  /** Where the story is read: it runs through what was told already, to what was not. */
  let position: Tail | null = null
  /** Told before; told again where it turns out to begin another story. */
  let passed: Said | null = null

  /** The first checkpoint after a turn that was just told says something new of it. */
  const isKnown = ({ kind, after }: Said): boolean => {
    const isOfLastTurn = lastTold !== null && !wasCheckpoint && isSameTail(lastTold, after)
    return hasTold.has(after) && !(kind === 'checkpoint' && isOfLastTurn)
  }

  return function* tell(item: Item): Generator<Item> {
    if (!isSaid(item)) return yield item
    const { kind, after, file, line } = item
    const here = position
    position = after
    if (isKnown(item)) {
      if (kind === 'checkpoint') passed = item
      return
    }
    const hasMoved = here !== null && lastTold !== null && !isSameTail(here, lastTold)
    const isBack = hasMoved && after.seq <= (lastTold?.seq ?? 0)
    const from = ((isBack ? lastTold : here)?.seq ?? 0) + 1
    const to = kind === 'turn' ? after.seq - 1 : after.seq
    const follows =
      here === null || (kind === 'turn' ? from === after.seq : isSameTail(here, after))
    if (!follows) yield { kind: 'gap', file, line, from, to }
    if (isBack && passed !== null && here !== null && isSameTail(passed.after, here)) yield passed
    passed = null
    lastTold = after
    wasCheckpoint = kind === 'checkpoint'
    hasTold.add(after)
    yield item
  }
}

/** Hot files of usual size hold fewer turns than this. */
const rememberedTurns = 1 << 18

const rememberTurns = () => {
  const seqs = new Float64Array(rememberedTurns).fill(-1)
  const sums = new Uint32Array(rememberedTurns)
  return {
    add: ({ seq, sum }: Tail): void => {
      seqs[seq % rememberedTurns] = seq
      sums[seq % rememberedTurns] = sum
    },
    has: ({ seq, sum }: Tail): boolean =>
      seqs[seq % rememberedTurns] === seq && sums[seq % rememberedTurns] === sum,
  }
}

const isSameTail = (one: Tail, other: Tail): boolean =>
  one.seq === other.seq && one.sum === other.sum
