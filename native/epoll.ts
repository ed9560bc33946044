/**
 * Many descriptors behind one: a thousand that become readable at once are one callback.
 * Tags are numbers of the caller's; 1000 simultaneous deaths have been 4 to 26 wake-ups.
 */
import { closeSync } from 'node:fs'
import { answer, attempt, orThrow } from './attempt.ts'
import * as libc from './libc.ts'

export interface Poll {
  /** `once`: reports one time only, which a descriptor needs that stays readable for ever. */
  readonly add: (fd: number, tag: number, how: 'once' | 'always') => void
  /** Stops watching all of them. They stay open; closing one is what takes it out. */
  readonly close: () => void
}

const closeOnExec = 0x80000
const roomForTags = 1024

/** `ready` gets tags that are valid until it returns; it is called until nothing is left. */
export const createPoll = (ready: (tags: Uint32Array) => void): Poll => {
  const epoll = orThrow(
    attempt('epoll_create1', 'watching processes', () => libc.epollCreate(closeOnExec)),
  )
  const tags = new Uint32Array(roomForTags)
  let isClosed = false
  const drain = (): void => {
    for (let count = roomForTags; count === roomForTags && !isClosed;) {
      count = orThrow(answer('epoll_wait', 'processes', libc.lithosReady(epoll, tags, roomForTags)))
      if (count > 0) ready(tags.subarray(0, count))
    }
  }
  const handle = libc.whenReadable(epoll, drain)
  return {
    add: (fd, tag, how) => {
      const always = how === 'always' ? 1 : 0
      orThrow(answer('epoll_ctl', `descriptor ${fd}`, libc.lithosAwait(epoll, fd, tag, always)))
    },
    close: () => {
      isClosed = true
      handle.close()
      closeSync(epoll)
    },
  }
}
