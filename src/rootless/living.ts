/**
 * The user namespace in which containers of a supervisor live. It has no name: it is that of the
 * supervisor, or, where that has died, of a knot or a keeper that it has left. Whoever it is read
 * from is held before and still there after that, so its number cannot have gone to another.
 */
import { closeSync, openSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { lockHolder } from '../../native/files.ts'
import * as pidfd from '../../native/pidfd.ts'
import type { Pidfd } from '../../native/pidfd.ts'
import { isOurUser } from '../../native/proc.ts'
import { survey } from '../../native/survey.ts'
import type { Settings } from '../evaluate/settings.ts'

/** A descriptor; null: nobody of ours lives, or in no other namespace than we. */
export const namespaceOfLiving = (settings: Settings): number | null =>
  namespaceOfTree(settings) ?? namespaceOfOrphans(settings)

/** Of the supervisor only. */
export const namespaceOfTree = ({ places }: Settings): number | null => {
  const pid = lockHolder(places.pidFile)
  const held = pid === null ? E.left(null) : pidfd.open(pid)
  if (pid === null || E.isLeft(held)) return null
  // Who still has the lock has had that number all the time.
  const found = lockHolder(places.pidFile) === pid ? namespaceOf(pid, held.right) : null
  pidfd.close(held.right)
  return found
}

const namespaceOfOrphans = ({ places, file }: Settings): number | null => {
  const { knots, keepers } = survey(join(places.runtimeDir, 'knots'), file)
  const living = [...keepers, ...knots.filter(({ state }) => state === 'alive')]
  let found: number | null = null
  for (const { pid, pidfd: held } of living)
    if (found === null && held !== null) found = namespaceOf(pid, held)
  for (const { pidfd: held } of [...keepers, ...knots]) if (held !== null) pidfd.close(held)
  return found
}

/** Only of a process of this very user: who enters it obeys whoever is root in there. */
const namespaceOf = (pid: number, held: Pidfd): number | null => {
  const fd = isOurUser(pid) ? openOther(pid) : null
  if (fd === null || pidfd.isThere(held)) return fd
  closeSync(fd)
  return null
}

const openOther = (pid: number): number | null => {
  try {
    const fd = openSync(`/proc/${pid}/ns/user`, 'r')
    if (readlinkSync(`/proc/self/fd/${fd}`) !== readlinkSync('/proc/self/ns/user')) return fd
    closeSync(fd)
    return null
  } catch {
    // It has ended.
    return null
  }
}
