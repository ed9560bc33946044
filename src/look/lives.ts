/**
 * What an application printed in one of its lives, out of a log that it may share: between the
 * markers that knots write at each start and end.
 */
import { bytesOf, piecesOf } from './logPieces.ts'
import type { Piece } from './logPieces.ts'

/** `back`: 0 for the life that was started last, 1 for the one before. */
export async function* linesOfLife(
  path: string,
  instance: string,
  back: number,
): AsyncGenerator<string> {
  const starting = `: ----- Starting "${instance}": `
  const isStart = (line: string): boolean => line.indexOf(starting) === markerAt
  const isEnd = (line: string): boolean =>
    line.indexOf(`: ----- Process "${instance}" `) === markerAt && !line.includes('Killing..')
  const chosen: { readonly piece: Piece; readonly starts: number }[] = []
  let total = 0
  for (const piece of piecesOf(path)) {
    let starts = 0
    for await (const line of linesIn(piece)) if (isStart(line)) starts += 1
    chosen.unshift({ piece, starts })
    total += starts
    if (total > back) break
  }
  if (total <= back) return
  const wanted = total - back
  let seen = 0
  for (const { piece } of chosen)
    for await (const line of linesIn(piece)) {
      if (isStart(line)) seen += 1
      if (seen > wanted) return
      if (seen < wanted) continue
      yield line
      if (isEnd(line)) return
    }
}

/** Behind `2018-08-10T12:05:48Z`. */
const markerAt = 20

async function* linesIn(piece: Piece): AsyncGenerator<string> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const bytes of bytesOf(piece)) {
    const all = rest.length === 0 ? bytes : Buffer.concat([rest, bytes])
    let start = 0
    for (let at = all.indexOf(0x0a); at !== -1; at = all.indexOf(0x0a, start)) {
      yield all.toString('latin1', start, at + 1)
      start = at + 1
    }
    rest = all.subarray(start)
  }
  if (rest.length > 0) yield rest.toString('latin1')
}
