/**
 * This process again, in a user namespace of the user who has started it, where he is root. If
 * something of the same master configuration lives already, in the namespace where that lives:
 * nobody else may signal it, enter it or take its sockets. See native/rootless.c.
 */
import { statSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import { execNow, keepDescriptors, prepareImage } from '../../native/exec.ts'
import { rootlessPath } from '../../native/where.ts'
import type { IdRange } from '../../native/plan.ts'
import type { Settings } from '../evaluate/settings.ts'
import { Fatal } from '../ground.ts'
import { namespaceOfLiving, namespaceOfTree } from './living.ts'
import { missingMappers, subordinates } from './subordinates.ts'

/** In that of the living, or else in a new one. Returns only by throwing Fatal. */
export const becomeRoot = (settings: Settings, warn: (text: string) => void): never => {
  const living = namespaceOfLiving(settings)
  if (living !== null) throw new Fatal(enter(settings, living), 127)
  const { users, groups } = subordinates()
  const missing = users.length > 0 && groups.length > 0 ? missingMappers() : []
  if (missing.length > 0)
    warn(
      `the further users that /etc/subuid gives you are left out, for there is no ` +
        `${missing.join(' and no ')}: install the package uidmap`,
    )
  const further = missing.length > 0 ? { users: [], groups: [] } : { users, groups }
  throw new Fatal(become(settings, 'new', further), 127)
}

/** Whose own master file this is, he is the administrator of what it says, and needs no other. */
export const isOwn = ({ file }: Settings): boolean =>
  process.geteuid?.() !== 0 &&
  statSync(file, { throwIfNoEntry: false })?.uid === process.geteuid?.()

/**
 * For commands that look into containers, or judge as the supervisor does: they go on in its
 * namespace. Returns to root, and where no supervisor of this user runs in one.
 */
export const joinSupervisor = (settings: Settings): void => {
  const living = process.geteuid?.() === 0 ? null : namespaceOfTree(settings)
  if (living !== null) enter(settings, living)
}

const enter = (settings: Settings, namespace: number): string =>
  become(settings, String(namespace), { users: [], groups: [] }, [namespace])

/** Returns only if it failed: why. */
const become = (
  { places }: Settings,
  namespace: string,
  further: { readonly users: readonly IdRange[]; readonly groups: readonly IdRange[] },
  fds: readonly number[] = [],
): string => {
  const self = [process.execPath, ...process.execArgv, ...process.argv.slice(1)]
  const words = [namespace, places.devfsDir, wordsOf(further.users), wordsOf(further.groups)]
  const prepared = prepareImage({
    path: rootlessPath,
    argv: ['lithos_rootless', ...words, process.execPath, ...self],
    env: process.env,
  })
  if (E.isLeft(prepared)) return `preparing ${rootlessPath}: ${prepared.left.code}`
  keepDescriptors([...fds, ...fromManager()])
  const failed = execNow(rootlessPath)
  return `executing ${rootlessPath}: ${E.isLeft(failed) ? failed.left.code : 'EIO'}`
}

const wordsOf = (ranges: readonly IdRange[]): string =>
  ranges.flatMap(({ inside, outside, count }) => [inside, outside, count]).join(' ')

/** What systemd has kept for us, from 3 on. */
const fromManager = (): readonly number[] =>
  Number(process.env['LISTEN_PID']) === process.pid
    ? Array.from({ length: Number(process.env['LISTEN_FDS']) || 0 }, (_, index) => 3 + index)
    : []
