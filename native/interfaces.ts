/** Network interfaces of the host. */
import type { Either } from 'fp-ts/lib/Either.js'
import { answer } from './attempt.ts'
import type { CallFailed } from './attempt.ts'
import * as libc from './libc.ts'

/** Null: there is no interface of this name. */
export const isBridge = (name: string): boolean | null => {
  const found = libc.lithosBridge(name)
  return found < 0 ? null : found === 1
}

/** And the other end of its cable. Waits for the kernel, for some milliseconds. */
export const removeInterface = (name: string): Either<CallFailed, number> =>
  answer('removing the network interface', name, libc.lithosUnplug(name))
