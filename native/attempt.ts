/** Turns the return value of a C function into an Either, before anything else can run. */
import { constants } from 'node:os'
import * as E from 'fp-ts/lib/Either.js'
import { errno } from './libc.ts'

export interface CallFailed {
  readonly _tag: 'CallFailed'
  readonly call: string
  /** As in the man pages: `ENOENT`. */
  readonly code: string
  readonly about: string
}

const names: ReadonlyMap<number, string> = new Map(
  // EWOULDBLOCK and EOPNOTSUPP share their number with names that are better known.
  Object.entries(constants.errno)
    .reverse()
    .map(([name, value]) => [value, name]),
)

/** From here on it is the wait status of a program that a step of the knot has run. */
const firstStatus = 65_536

/** `ENOENT`; or `status 256`, as src/wait.ts reads it. */
export const errnoName = (number: number): string =>
  number >= firstStatus
    ? `status ${number - firstStatus}`
    : (names.get(number) ?? `errno ${number}`)

/** For libc, where -1 means "look at errno". `about` finishes "pidfd_open failed for …". */
export const attempt = (
  call: string,
  about: string,
  result: () => number,
): E.Either<CallFailed, number> => {
  const value = result()
  return value === -1 ? failed(call, about, errno()) : E.right(value)
}

/** For our library, where a negative result is the error itself. */
export const answer = (call: string, about: string, value: number): E.Either<CallFailed, number> =>
  value < 0 ? failed(call, about, -value) : E.right(value)

const failed = (call: string, about: string, number: number): E.Either<CallFailed, never> =>
  E.left({ _tag: 'CallFailed', call, code: errnoName(number), about })

/** For what no circumstance but a broken machine can refuse: a descriptor, a thread. */
export const orThrow = <A>(outcome: E.Either<CallFailed, A>): A => {
  if (E.isRight(outcome)) return outcome.right
  const { call, about, code } = outcome.left
  throw new Error(`${call} failed for ${about}: ${code}`)
}
