/**
 * Follows the hot journal while it is written: each turn once, through checkpoints that
 * replace the file. Sleeps in the kernel between turns; ends with the signal.
 */
import * as fs from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import { followChain } from './chain.ts'
import { damageOf, isSaid, itemOf, itemsIn, tellOnce } from './read.ts'
import type { Item } from './read.ts'
import { bytesOf } from './readFiles.ts'
import { placesIn } from './recoverHot.ts'
import { linesOf } from './scan.ts'

export interface FollowOptions {
  readonly hotDirectory: string
  /** Turns up to this one are not told. Without it the story begins with what comes next. */
  readonly afterSeq?: number
  readonly signal: AbortSignal
}

/** Rejects where the directory is not there: nobody writes a journal there. */
export async function* follow(options: FollowOptions): AsyncGenerator<Item> {
  const { hotDirectory, afterSeq, signal } = options
  const bell = ringOnChange(hotDirectory, signal)
  const file = readOn(hotDirectory)
  const tell = tellOnce()
  let isTelling = afterSeq !== undefined
  try {
    while (!signal.aborted) {
      for await (const found of file.news()) {
        for (const item of tell(found)) {
          const isOld = isSaid(item) && item.after.seq <= (afterSeq ?? 0)
          if (isTelling && !isOld) yield item
          if (signal.aborted) return
        }
      }
      isTelling = true
      await bell.rung()
    }
  } finally {
    bell.close()
    await file.close()
  }
}

// ---------------------------------------------------------------------------
// The file, as far as it has been read
// ---------------------------------------------------------------------------

interface Reading {
  readonly handle: fs.promises.FileHandle
  readonly inode: number
  readonly chain: ReturnType<typeof followChain>
  position: number
  line: number
}

const readOn = (directory: string) => {
  const places = placesIn(directory)
  let reading: Reading | null = null

  const close = async (): Promise<void> => {
    await reading?.handle.close()
    reading = null
  }

  async function* news(): AsyncGenerator<Item> {
    reading ??= await openReading(places.log)
    while (reading !== null) {
      const isLast = !(await wasReplaced(reading, places.log))
      yield* wholeLines(reading, places.log)
      if (isLast) return
      await close()
      reading = await openReading(places.log)
      yield* previousItems(places.previous)
    }
  }

  return { news, close }
}

const openReading = async (file: string): Promise<Reading | null> => {
  const handle = await openIfThere(file)
  if (handle === null) return null
  const { ino } = await handle.stat()
  return { handle, inode: ino, chain: followChain(null), position: 0, line: 0 }
}

const wasReplaced = async ({ inode }: Reading, file: string): Promise<boolean> => {
  const now = await fs.promises.stat(file).catch(() => null)
  return now !== null && now.ino !== inode
}

/** Looked at after the replacement was seen, so that our own file is then complete. */
async function* wholeLines(reading: Reading, file: string): AsyncGenerator<Item> {
  for (;;) {
    const bytes = await readFrom(reading.handle, reading.position)
    const whole = bytes.subarray(0, bytes.lastIndexOf(0x0a) + 1)
    if (whole.length === 0) return
    reading.position += whole.length
    for (const line of linesOf(whole)) {
      reading.line += 1
      const read = reading.chain.take(line)
      yield E.isRight(read)
        ? itemOf(file, reading.line, read.right)
        : damageOf(file, reading.line, read.left)
    }
  }
}

/**
 * Two checkpoints may have passed while we were reading. Looked at after the newest file was
 * opened: one more may then replace that, and takes nothing from us.
 */
async function* previousItems(file: string): AsyncGenerator<Item> {
  const handle = await openIfThere(file)
  if (handle === null) return
  try {
    yield* itemsIn(file, bytesOf(handle))
  } finally {
    await handle.close()
  }
}

/** The hot journal is bounded, so what is new of it fits into memory. */
const readFrom = async (handle: fs.promises.FileHandle, position: number): Promise<Buffer> => {
  const { size } = await handle.stat()
  const buffer = Buffer.allocUnsafe(Math.max(0, size - position))
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, position)
  return buffer.subarray(0, bytesRead)
}

const openIfThere = (file: string): Promise<fs.promises.FileHandle | null> =>
  fs.promises.open(file).catch(() => null)

// ---------------------------------------------------------------------------
// Being woken
// ---------------------------------------------------------------------------

/** What happens between two waits rings for the second one, so nothing is slept through. */
const ringOnChange = (directory: string, signal: AbortSignal) => {
  let hasRung = false
  let wake = (): void => undefined
  const ring = (): void => {
    hasRung = true
    wake()
  }
  const watcher = fs.watch(directory, { signal }, ring)
  watcher.on('error', ring)
  signal.addEventListener('abort', ring, { once: true })

  return {
    rung: async (): Promise<void> => {
      if (!hasRung) await new Promise<void>(resolve => void (wake = resolve))
      hasRung = false
    },
    close: (): void => {
      signal.removeEventListener('abort', ring)
      watcher.close()
    },
  }
}
