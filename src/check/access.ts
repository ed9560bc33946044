/**
 * May the user of a container enter a directory, or execute a file? The application looks for
 * both as that user, from the root of its image on, with no other groups.
 */
import type { Stats } from 'node:fs'
import { statSync } from 'node:fs'
import { statsOf } from '../../native/files.ts'
import { isOutside, toOutside } from '../config/idMaps.ts'
import type { Found } from '../evaluate/inside.ts'
import type { Spec } from '../spec.ts'

type Ids = Pick<Spec, 'user' | 'group' | 'ids'>
type Owned = Pick<Stats, 'mode' | 'uid' | 'gid'>

export const userOf = ({ user, group }: Ids): string => `user ${user} and group ${group}`

export const mayExecute = (owned: Owned, ids: Ids): boolean => {
  const { mode, uid, gid } = owned
  if (isRootOf(owned, ids)) return (mode & 0o111) !== 0
  if (outside(ids, 'users', ids.user) === uid) return (mode & 0o100) !== 0
  return (mode & (outside(ids, 'groups', ids.group) === gid ? 0o010 : 0o001)) !== 0
}

/** Of a program that root on the host runs. */
export const mayExecuteAsRoot = (path: string): boolean => {
  const stats = statsOf(path)
  return stats?.isFile() === true && mayExecute(stats, { user: 0, group: 0 })
}

/** Root keeps the capability to enter any. */
const mayEnter = (owned: Owned, ids: Ids): boolean => isRootOf(owned, ids) || mayExecute(owned, ids)

/** In a user namespace root has power over what belongs to users and groups of it. */
const isRootOf = ({ uid, gid }: Owned, { user, ids }: Ids): boolean =>
  user === 0 && (ids === undefined || (isOutside(ids.users, uid) && isOutside(ids.groups, gid)))

const outside = ({ ids }: Ids, kind: 'users' | 'groups', id: number): number | null =>
  toOutside(ids?.[kind] ?? [], id)

/** Null where nothing is in the way. */
export const closedOnTheWay = (
  { searched }: Extract<Found, { kind: 'found' }>,
  ids: Ids,
): string | null => {
  const closed = searched.find(directory => !mayEnter(statSync(directory), ids))
  return closed === undefined ? null : `needs ${closed}, which ${userOf(ids)} may not enter`
}

/** Of a volume that is only made at the start, its owner is known already. */
export const closedVolume = (
  spec: Spec,
  { mount, below }: Extract<Found, { kind: 'unknown' }>,
): string | null => {
  const volume = spec.volumes.findLast(({ target }) => target === mount)
  if (below.length > 0 || volume === undefined) return null
  const owned =
    volume.kind === 'tmpfs'
      ? { mode: volume.mode, uid: volume.owner?.user ?? 0, gid: volume.owner?.group ?? 0 }
      : volume.kind !== 'readonly' && volume.make !== null
        ? { mode: volume.make.mode, uid: volume.make.user, gid: volume.make.group }
        : null
  return owned === null || mayEnter(owned, spec)
    ? null
    : `is the volume ${mount}, which ${userOf(spec)} may not enter`
}
