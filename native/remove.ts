/**
 * Removes a directory whose content belongs to somebody hostile: no link is followed, no mount
 * entered, and no depth or number of files stops the event loop; see remove.c.
 */
import { errnoName } from './attempt.ts'
import * as libc from './libc.ts'

export interface RemoveFailed {
  readonly code: string
  /** The name of the first obstacle. */
  readonly about: string
}

/**
 * Removes a state directory with nothing in it but what we have written there ourselves: a few
 * calls, which cost less than to ask a thread. False: there is more, and it is still there.
 */
export const discard = (path: string): boolean => libc.lithosDiscard(path) === 0

const aboutBytes = 256
/** Each takes a thread of the pool, which others want to use too. */
const runningMax = 2

const queue: (() => void)[] = []
let running = 0

/** `name` in `parent`, whatever it is. Null is success, also if it was not there. */
export const removeTree = (parent: string, name: string): Promise<RemoveFailed | null> =>
  new Promise((resolve, reject) => {
    queue.push(() => {
      const about = Buffer.alloc(aboutBytes)
      const finished = (error: unknown, result: number): void => {
        running -= 1
        next()
        if (error !== null && error !== undefined) reject(error)
        else if (result === 0) resolve(null)
        else resolve({ code: errnoName(-result), about: untilNul(about) })
      }
      libc.lithosRemove(parent, name, about, aboutBytes, finished)
    })
    next()
  })

const next = (): void => {
  if (running >= runningMax) return
  const start = queue.shift()
  if (start === undefined) return
  running += 1
  start()
}

const untilNul = (buffer: Buffer): string => buffer.toString('utf8', 0, buffer.indexOf(0))
