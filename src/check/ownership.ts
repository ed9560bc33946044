/**
 * Who may change the administrator's files. Whoever can write one of them can have anything run
 * as any user; so they and their directories belong to root, and to nobody else. An ordinary user
 * who asks about a master file of his own is the administrator of it: see README, Without root.
 */
import { dirname } from 'node:path'
import { geteuid } from 'node:process'
import { statsOf } from '../../native/files.ts'
import type { Problem } from '../config/shapes.ts'

const writableByOthers = 0o022

/** A directory in which everyone may write, but nobody may replace what is another's. */
const sticky = 0o1000

/** The master file first. */
export const checkOwnership = (files: readonly string[]): readonly Problem[] => {
  const directories = new Set(files.map(file => dirname(file)))
  const asker = geteuid?.() ?? 0
  const owner = files.slice(0, 1).some(file => ownerOf(file) === asker) ? asker : 0
  return [
    ...[...new Set(files)].flatMap(file => complain(file, false, owner)),
    ...[...directories].flatMap(directory => complain(directory, true, owner)),
  ]
}

const ownerOf = (file: string): number | undefined => statsOf(file)?.uid

const complain = (path: string, isDirectory: boolean, owner: number): readonly Problem[] => {
  const stats = statsOf(path)
  if (stats === null) return []
  const { uid, mode } = stats
  const isShared = (mode & writableByOthers) !== 0 && !(isDirectory && (mode & sticky) !== 0)
  if ((uid === 0 || uid === owner) && !isShared) return []
  const shown = (mode & 0o7777).toString(8).padStart(4, '0')
  const is =
    uid === 0 || uid === owner
      ? `may be written by others than root (mode ${shown})`
      : `belongs to user ${uid}`
  return [
    {
      file: path,
      line: null,
      column: null,
      severity: 'warning',
      message:
        `this ${isDirectory ? 'directory' : 'file'} ${is}; whoever can write it can run anything ` +
        'as root: chown root:root and chmod go-w',
    },
  ]
}
