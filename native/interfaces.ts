/** Network interfaces of the host. */
import * as E from 'fp-ts/lib/Either.js'
import { answer } from './attempt.ts'
import type { CallFailed } from './attempt.ts'
import * as libc from './libc.ts'

/** Null: there is no interface of this name. */
export const isBridge = (name: string): boolean | null => {
  const found = libc.lithosBridge(name)
  return found < 0 ? null : found === 1
}

/** The host's end of the cable of a container. */
export interface CableEnd {
  /** Which no other interface gets until the next boot. */
  readonly index: number
  readonly name: string
  /** The name of the instance or command; empty where a knot of before has not written it. */
  readonly owner: string
}

const roomOf = 1 << 16

export const cableEnds = (): E.Either<CallFailed, readonly CableEnd[]> => {
  for (let room = roomOf; ;) {
    const bytes = Buffer.alloc(room)
    const asked = answer('listing network interfaces', 'li_*', libc.lithosCables(bytes, room))
    if (E.isLeft(asked)) return asked
    if (asked.right <= room) return E.right(parseEnds(bytes.toString('utf8', 0, asked.right)))
    // Others are made while we ask.
    room = 2 * asked.right
  }
}

const parseEnds = (text: string): readonly CableEnd[] => {
  const words = text.split('\0').slice(0, -1)
  return words.flatMap((word, at) =>
    at % 3 === 0
      ? [{ index: Number(word), name: words[at + 1] ?? '', owner: words[at + 2] ?? '' }]
      : [],
  )
}

/** And the other end of it. Waits for the kernel, for some milliseconds. */
export const removeCable = ({ index, name }: CableEnd): E.Either<CallFailed, number> =>
  answer('removing the network interface', name, libc.lithosUnplug(index))
