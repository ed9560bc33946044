/**
 * The control groups of a supervisor without root: below the group that it was started in, in each
 * hierarchy where somebody has given that group to its user, as systemd does for `Delegate=yes`.
 * What is not to be had is left out, and said; a host without delegation is no reason not to start.
 */
import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'
import {
  below,
  directoryOf,
  findLayout,
  nameInV1,
  namesInV2,
  noCgroups,
  parseGroups,
  parseMounts,
  readOrNull,
} from './cgroup.ts'
import type { Group, Layout, Mount, Read, Wanted, Withheld } from './cgroup.ts'
import { ownUserNamespace } from './userNamespace.ts'

/** As root of the host finds them, or as an ordinary user does. */
export const findOwnLayout = (wanted: Wanted): Layout =>
  ownUserNamespace() === null ? findLayout(wanted) : findDelegated(wanted)

type MayWrite = (path: string) => boolean

export const findDelegated = (
  { cgroupName: name, controllers, further = [], supervisor }: Wanted,
  read: Read = readOrNull,
  mayWrite: MayWrite = isWritable,
): Layout => {
  if (name === null) return noCgroups
  const mounts = parseMounts(read('/proc/self/mountinfo') ?? '')
  const groups = parseGroups(read(`/proc/${supervisor ?? 'self'}/cgroup`) ?? '').map(
    ({ names, path }) => ({ names, path: startOf(path, name) }),
  )
  const given = (dir: string | null, list: string): string | null =>
    dir !== null && mayWrite(dir) && mayWrite(join(dir, list)) ? dir : null
  const unified = given(unifiedOf(groups, mounts), 'cgroup.procs')
  const offered = (read(join(unified ?? '/', 'cgroup.controllers')) ?? '').trim().split(/\s+/)
  const old = new Map<string, string[]>()
  const inV2: string[] = []
  const missing: string[] = []
  for (const controller of new Set([...controllers, ...further])) {
    const group = groups.find(({ names }) => names.includes(nameInV1(controller)))
    const dir = group === undefined ? null : given(directoryOf(group, mounts), 'tasks')
    const v2Name = namesInV2[controller] ?? controller
    if (dir !== null) old.set(dir, [...(old.get(dir) ?? []), controller])
    else if (group === undefined && unified !== null && (v2Name === '' || offered.includes(v2Name)))
      inV2.push(v2Name)
    else missing.push(controller)
  }
  const withheld = withheldOf(missing)
  return {
    v1: [...old].map(([dir, own]) => ({ controllers: own, slice: join(dir, name) })),
    v2:
      unified === null || inV2.length === 0
        ? null
        : {
            mount: unified,
            slice: join(unified, name),
            controllers: inV2.filter(Boolean),
            isDelegated: true,
          },
    problems: [],
    ...(withheld !== null && { withheld }),
  }
}

/** Who is executed anew in place is where the former image has put itself. */
const startOf = (path: string, name: string): string => {
  const ours = [`/${name}/tree`, `/${name}`].find(end => path.endsWith(end))
  return ours === undefined ? path : path.slice(0, -ours.length) || '/'
}

const unifiedOf = (groups: readonly Group[], mounts: readonly Mount[]): string | null => {
  const group = groups.find(({ names }) => names.length === 0)
  const mount = mounts.find(({ type }) => type === 'cgroup2')
  return group === undefined || mount === undefined ? null : below(mount, group.path)
}

/** The others limit nothing. */
const limiting = ['cpu', 'memory', 'blkio', 'pids']

const withheldOf = (missing: readonly string[]): Withheld | null => {
  const missed = limiting.filter(controller => missing.includes(controller))
  return missed.length === 0
    ? null
    : {
        controllers: missing,
        why: `this user has no control group of his own for ${missed.join(', ')}`,
      }
}

const isWritable: MayWrite = path => {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}
