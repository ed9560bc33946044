/** Device nodes, which Node cannot make. Takes CAP_MKNOD. */
import { constants } from 'node:fs'
import type * as E from 'fp-ts/lib/Either.js'
import { attempt } from './attempt.ts'
import type { CallFailed } from './attempt.ts'
import * as libc from './libc.ts'

/** `mode`: permission bits, of which the umask takes its part. */
export const makeCharacterDevice = (
  path: string,
  mode: number,
  major: number,
  minor: number,
): E.Either<CallFailed, number> =>
  attempt('mknod', path, () =>
    libc.mknod(path, constants.S_IFCHR | mode, deviceNumber(major, minor)),
  )

/** As the kernel packs a small one for user space, in `st_rdev` too. */
export const deviceNumber = (major: number, minor: number): number => (major << 8) | minor
