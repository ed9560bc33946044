/**
 * What a start makes of the hot journal that it finds. Nothing here ever stops a start.
 *
 *     hot.log                     condition  decision
 *     absent                      new        begin an empty one
 *     every line good             whole      take the state and the turns since
 *     last line torn              cut        the same; the torn line is cut off: we died while
 *                                            writing it, and nobody has acted on it
 *     any other line not good,    setAside   keep the file as hot.damaged-N and begin an empty
 *     the checkpoint torn,                   one; what runs is asked of the kernel; what was
 *     or the file not readable               good before the damage is told, not believed
 *
 * A `hot.next` is a checkpoint that was not finished; the file it was to replace is still
 * there and nothing was appended since, so it is removed in every row.
 */
import * as path from 'node:path'
import { codeOf } from './disk.ts'
import type { Disk } from './disk.ts'
import { scan } from './scan.ts'
import type { Scan } from './scan.ts'
import { emptyTail } from './record.ts'
import type { Tail, Turn } from './record.ts'

export interface Condition {
  readonly kind: 'new' | 'whole' | 'cut' | 'setAside'
  readonly detail: string
}

export interface Recovered {
  /** The state of the checkpoint, and the turns since; null where nothing is known. */
  readonly state: unknown
  readonly version: number | null
  readonly turns: ReadonlyArray<Turn>
  /** The last number given away: the next turn is `seq + 1`. */
  readonly seq: number
  readonly condition: Condition
  /** Of a file that was set aside: what stood before the damage, for a report only. */
  readonly prefix: { readonly state: unknown; readonly turns: ReadonlyArray<Turn> } | null
}

/** What the writer goes on from. */
export interface Ground {
  readonly recovered: Recovered
  readonly tail: Tail
  /** Bytes of good lines in `hot.log`, the first of them a checkpoint; null: begin a new file. */
  readonly good: { readonly bytes: number; readonly checkpointBytes: number } | null
  /** The file that this start has set aside. */
  readonly evidence: string | null
}

export interface Places {
  readonly log: string
  readonly previous: string
  readonly next: string
  readonly damaged: (number: number) => string
}

export const placesIn = (directory: string): Places => ({
  log: path.join(directory, 'hot.log'),
  previous: path.join(directory, 'hot.previous'),
  next: path.join(directory, 'hot.next'),
  damaged: number => path.join(directory, `hot.damaged-${number}`),
})

/** `after`: the last turn known elsewhere (the archive); its number is not given again. */
export const recoverHot = (directory: string, disk: Disk, after: Tail = emptyTail): Ground => {
  const places = placesIn(directory)
  removeIfThere(disk, places.next)
  const file = readIfThere(disk, places.log)
  if (file === null) return begin(`${places.log} is not there: nothing is remembered`, after)
  if (typeof file === 'string') {
    return setAside(disk, places, directory, after, null, `${places.log} cannot be read (${file})`)
  }
  const found = scan(file)
  if (found.damage === null) return take(found, file, after, 'whole', wholeDetail(found))
  const { kind, line } = found.damage
  if (kind === 'torn' && found.tail !== null) {
    const tornBytes = file.length - found.goodBytes
    const what = `the last line of ${places.log} (line ${line}, ${tornBytes} bytes)`
    const detail = `${what} was torn and is cut off`
    return take(found, file, after, 'cut', detail)
  }
  const what = kind === 'torn' ? 'is torn' : 'is not what was written'
  return setAside(disk, places, directory, after, found, `line ${line} of ${places.log} ${what}`)
}

const wholeDetail = ({ tail, turns }: Scan): string =>
  `${turns.length} turns since the checkpoint, the last one is turn ${tail?.seq ?? 0}`

const begin = (detail: string, after: Tail): Ground => ({
  recovered: {
    ...nothing,
    seq: after.seq,
    condition: { kind: 'new', detail },
    prefix: null,
  },
  tail: after,
  good: null,
  evidence: null,
})

const take = (
  found: Scan,
  file: Uint8Array,
  after: Tail,
  kind: 'whole' | 'cut',
  detail: string,
): Ground => {
  const sum = found.tail?.sum ?? 0
  const seq = Math.max(found.tail?.seq ?? 0, after.seq)
  return {
    recovered: {
      state: found.checkpoint?.state ?? null,
      version: found.checkpoint?.version ?? null,
      turns: found.turns,
      seq,
      condition: { kind, detail },
      prefix: null,
    },
    tail: { seq, sum },
    good: { bytes: found.goodBytes, checkpointBytes: file.indexOf(0x0a) + 1 },
    evidence: null,
  }
}

const setAside = (
  disk: Disk,
  places: Places,
  directory: string,
  after: Tail,
  found: Scan | null,
  what: string,
): Ground => {
  const kept = keepEvidence(disk, places, directory)
  const seqMax = found?.seqMax ?? 0
  const tail = seqMax > after.seq ? { seq: seqMax, sum: 0 } : after
  return {
    recovered: {
      ...nothing,
      seq: tail.seq,
      condition: { kind: 'setAside', detail: `${what}; ${kept.detail}` },
      prefix: { state: found?.checkpoint?.state ?? null, turns: found?.turns ?? [] },
    },
    tail,
    good: null,
    evidence: kept.path,
  }
}

const nothing = { state: null, version: null, turns: [] } as const

// ---------------------------------------------------------------------------
// Files
// ---------------------------------------------------------------------------

const evidenceMax = 5

/** Renamed whole. Were it not kept we would still start, and say so. */
const keepEvidence = (
  disk: Disk,
  places: Places,
  directory: string,
): { readonly path: string | null; readonly detail: string } => {
  try {
    const numbers = evidenceIn(disk, directory)
    const target = places.damaged((numbers.at(-1) ?? 0) + 1)
    disk.rename(places.log, target)
    numbers
      .slice(0, Math.max(0, numbers.length + 1 - evidenceMax))
      .forEach(number => removeIfThere(disk, places.damaged(number)))
    return { path: target, detail: `the file is kept as ${target}` }
  } catch (error) {
    return { path: null, detail: `the file could not be kept as evidence (${codeOf(error)})` }
  }
}

const evidenceIn = (disk: Disk, directory: string): number[] =>
  disk
    .list(directory)
    .map(name => /^hot\.damaged-(\d+)$/.exec(name)?.[1])
    .filter(number => number !== undefined)
    .map(Number)
    .sort((a, b) => a - b)

/** The bytes, null where there is no file, or the error's code. */
const readIfThere = (disk: Disk, file: string): Uint8Array | string | null => {
  try {
    return disk.read(file)
  } catch (error) {
    const code = codeOf(error)
    return code === 'ENOENT' || code === 'ENOTDIR' ? null : code
  }
}

/** What cannot be removed is in nobody's way: it is overwritten or reported when it is. */
export const removeIfThere = (disk: Disk, file: string): void => {
  try {
    disk.remove(file)
  } catch {
    return
  }
}
