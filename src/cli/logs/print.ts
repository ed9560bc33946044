/** Logs to the standard output, byte for byte. */
import { once } from 'node:events'
import { followLog } from '../../look/followLog.ts'
import type { Followed } from '../../look/followLog.ts'
import { bytesOf, cutTo, lastLines, piecesOf, withoutBlankStart } from '../../look/logPieces.ts'
import type { Output } from '../../look/outputs.ts'

/** Waits for a slow reader, so that a long log does not pile up in memory. */
export const write = async (bytes: Uint8Array | string): Promise<void> => {
  if (bytes.length > 0 && !process.stdout.write(bytes)) await once(process.stdout, 'drain')
}

export interface Shown {
  readonly output: Output
  /** Where the reading ended; null: nothing is open. */
  readonly end: { readonly fd: number; readonly position: number } | null
}

/** The last lines of a log, out of what was rotated, too. Throws what the file system throws. */
export const printLast = async (output: Output, count: number): Promise<Shown> => {
  const fd = output.open()
  if (fd === null) return { output, end: null }
  const [, ...older] = output.isOurs ? piecesOf(output.path) : []
  if (count === Infinity)
    for (const piece of older.reverse())
      for await (const bytes of bytesOf(piece)) await write(bytes)
  const { bytes, lines, end } = lastLines(fd, count)
  if (count !== Infinity) await printOlder(older, count - lines)
  await write(older.length > 0 ? withoutBlankStart(bytes) : bytes)
  return { output, end: { fd, position: end } }
}

const printOlder = async (older: ReturnType<typeof piecesOf>, count: number): Promise<void> => {
  const parts: Buffer[] = []
  let missing = count
  for (const piece of older) {
    if (missing <= 0) break
    let last: Buffer = Buffer.alloc(0)
    let lines = 0
    for await (const bytes of bytesOf(piece)) {
      const cut = cutTo(Buffer.concat([last, bytes]), missing)
      last = Buffer.from(cut.bytes)
      lines = cut.lines
    }
    parts.unshift(withoutBlankStart(last))
    missing -= lines
  }
  for (const bytes of parts) await write(bytes)
}

const lookMs = 200

/** For ever: until we are interrupted, or nobody reads us any more. */
export const printNews = async (all: readonly Shown[]): Promise<never> => {
  const followed = all.map(({ output, end }) => ({
    output,
    log: followLog({ open: output.open, path: output.path, start: end }),
  }))
  let last = all.at(-1)?.output ?? null
  for (;;) {
    for (const { output, log } of followed)
      for await (const bytes of newsOf(log)) {
        if (followed.length > 1 && last !== output) await write(heading(output))
        last = output
        await write(bytes)
      }
    await new Promise(resolve => setTimeout(resolve, lookMs))
  }
}

const newsOf = (log: Followed): AsyncGenerator<Buffer> => log.news()

/** As tail(1) tells several files apart. */
export const heading = ({ path }: Output, isFirst = false): string =>
  `${isFirst ? '' : '\n'}==> ${path} <==\n`
