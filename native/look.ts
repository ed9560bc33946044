/**
 * Many small files in one call; see look.c. For /proc and for our own status files, where a
 * thousand calls from JavaScript would be most of a restart in place.
 */
import { errnoName } from './attempt.ts'
import * as libc from './libc.ts'
import { packWords } from './spawn.ts'

let room = Buffer.alloc(0)
const roomMin = 1 << 18

/** What is in each; null where there is no such file, or no such process any more. */
export const readTexts = (paths: readonly string[]): readonly (string | null)[] => {
  if (room.length === 0) room = Buffer.allocUnsafeSlow(roomMin)
  const texts: (string | null)[] = []
  while (texts.length < paths.length) {
    const rest = paths.slice(texts.length)
    const lengths = new Int32Array(rest.length)
    const count = libc.lithosLook(packWords(rest), rest.length, room, room.length, lengths)
    // Not even one: it is longer than all the room there is.
    if (count === 0) room = Buffer.allocUnsafeSlow(room.length * 4)
    let start = 0
    for (let index = 0; index < count; index++) {
      const length = lengths[index] as number
      texts.push(length < 0 ? absent(length, rest[index] as string) : textAt(start, length))
      start += Math.max(0, length)
    }
  }
  return texts
}

const textAt = (start: number, length: number): string =>
  room.toString('utf8', start, start + length)

/** A shortage of descriptors must not look like a death. */
const absent = (result: number, path: string): null => {
  const code = errnoName(-result)
  if (code === 'ENOENT' || code === 'ESRCH') return null
  throw Object.assign(new Error(`${code}: cannot read ${path}`), { code })
}
