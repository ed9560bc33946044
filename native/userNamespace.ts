/**
 * The user namespace that we are in. That of the host has all ids; in another one we may be root,
 * and only some ids exist, only some file systems can be mounted, and no device can be made.
 */
import { readFileSync } from 'node:fs'
import type { IdRange } from './plan.ts'

export interface UserNamespace {
  readonly users: readonly IdRange[]
  readonly groups: readonly IdRange[]
  /** Not so where one user alone was mapped: then nobody can leave a group. */
  readonly mayChangeGroups: boolean
}

let known: UserNamespace | null | undefined

/** Null: the host's own. */
export const ownUserNamespace = (): UserNamespace | null =>
  known === undefined ? (known = readUserNamespace()) : known

export const readUserNamespace = (process: number | 'self' = 'self'): UserNamespace | null => {
  const read = (name: string): string => {
    try {
      return readFileSync(`/proc/${process}/${name}`, 'latin1')
    } catch {
      // A kernel without user namespaces.
      return ''
    }
  }
  const users = parseIds(read('uid_map'))
  if (users.length === 0 || isEverybody(users)) return null
  return {
    users,
    groups: parseIds(read('gid_map')),
    mayChangeGroups: read('setgroups').trim() !== 'deny',
  }
}

export const parseIds = (text: string): readonly IdRange[] =>
  text
    .split('\n')
    .map(line => line.trim().split(/\s+/).map(Number))
    .filter(numbers => numbers.length === 3)
    .map(([inside = 0, outside = 0, count = 0]) => ({ inside, outside, count }))

const highest = 2 ** 32 - 1

const isEverybody = (users: readonly IdRange[]): boolean =>
  users.some(({ inside, outside, count }) => inside === 0 && outside === 0 && count === highest)
