/**
 * Files that are read again and again and hardly ever change. What a file was decoded to is kept
 * for as long as the file looks the same; so a second look at everything costs a stat for each.
 */
import { statSync } from 'node:fs'
import { FILE_BYTES_MAX, readFileText } from '../config/fileText.ts'
import type { Decoded } from '../config/report.ts'

export interface Files {
  /** `place`: see `readFileText`. */
  readonly read: <T>(file: string, decode: Decode<T>, place?: string) => Decoded<T>
}

type Decode<T> = (file: string, text: string) => Decoded<T>

interface Kept {
  readonly signature: string
  readonly decode: unknown
  readonly decoded: Decoded<unknown>
}

export interface FileCache {
  /** What one evaluation of a sandbox reads. What it does not read again is forgotten. */
  readonly open: (sandbox: string) => Files
  /** Of sandboxes that are no more. */
  readonly forgetOthers: (sandboxes: readonly string[]) => void
}

/**
 * The clock of a file system stands still for some milliseconds at a time. A file that was changed
 * so shortly before it was read may be changed again and look the same: it is not kept.
 */
const freshMs = 100

/** `now`: milliseconds since 1970. */
export const createFileCache = (now: () => number): FileCache => {
  const sandboxes = new Map<string, Map<string, Kept>>()
  return {
    open: sandbox => {
      const before = sandboxes.get(sandbox) ?? new Map<string, Kept>()
      const kept = new Map<string, Kept>()
      sandboxes.set(sandbox, kept)
      return openFiles(before, kept, now)
    },
    forgetOthers: names => {
      for (const name of sandboxes.keys()) if (!names.includes(name)) sandboxes.delete(name)
    },
  }
}

const openFiles = (
  before: ReadonlyMap<string, Kept>,
  kept: Map<string, Kept>,
  now: () => number,
): Files => {
  return {
    read: <T>(file: string, decode: Decode<T>, place?: string): Decoded<T> => {
      const known = kept.get(file) ?? before.get(file)
      const seen = look(file)
      if (known !== undefined && known.decode === decode && known.signature === seen?.signature) {
        kept.set(file, known)
        return known.decoded as Decoded<T>
      }
      const text = readFileText(file, FILE_BYTES_MAX, place)
      if (text.value === null) return { value: null, problems: text.problems }
      const decoded = decode(file, text.value)
      if (seen !== null && now() - seen.changedMs > freshMs)
        kept.set(file, { signature: seen.signature, decode, decoded })
      return decoded
    },
  }
}

/** Taken before the file is read: a change in between shows at the next look. */
export const look = (
  file: string,
): { readonly signature: string; readonly changedMs: number } | null => {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(file, { bigint: true })
    return {
      signature: [dev, ino, size, mtimeNs, ctimeNs].join(' '),
      changedMs: Number(ctimeNs / 1_000_000n),
    }
  } catch {
    // Whatever it is, reading the file will say it better.
    return null
  }
}
