/** What /proc shows of our environment to whoever looks from outside. */
import { readFileSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import { answer } from './attempt.ts'
import type { CallFailed } from './attempt.ts'
import * as libc from './libc.ts'

/** Nothing is done where it is shown already: an exec in place has taken it along. */
export const showVariable = (name: string, value: string): E.Either<CallFailed, number> => {
  const text = `${name}=${value}`
  const shown = readFileSync('/proc/self/environ', 'utf8').split('\0')
  return shown.includes(text) ? E.right(0) : answer('prctl', name, libc.lithosShow(text))
}
