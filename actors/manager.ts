/**
 * The service manager that has started us, if it wants to be told: sd_notify. Nothing depends on
 * its being told; what cannot be said is said to the log once.
 */
import * as E from 'fp-ts/lib/Either.js'
import { notify } from '../native/sockets.ts'

export interface Manager {
  /** Lines of `NAME=value`; a descriptor may go along. */
  readonly tell: (lines: readonly string[], fd?: number) => void
}

/** `path`: what NOTIFY_SOCKET says. */
export const createManager = (path: string | undefined, warn: (text: string) => void): Manager => {
  let hasComplained = false
  return {
    tell: (lines, fd) => {
      if (path === undefined || path === '') return
      const told = notify(path, lines.join('\n'), fd)
      if (E.isRight(told) || hasComplained) return
      hasComplained = true
      warn(`The service manager at ${path} cannot be told ${lines[0] ?? ''}: ${told.left.code}`)
    },
  }
}
