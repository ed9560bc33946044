/**
 * Which directories are in use, whatever the files of now say: the root of every process, and what
 * the supervisor holds wanted or running. By identity, so that no other path to the same directory
 * is overlooked.
 */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { allPids } from '../../native/proc.ts'
import { readPresent } from '../history.ts'
import type { Spec } from '../spec.ts'

/** Device and inode. Null where there is none. */
export const identityOf = (path: string): string | null => {
  try {
    const { dev, ino } = statSync(path, { bigint: true })
    return `${dev}:${ino}`
  } catch {
    return null
  }
}

/** The roots of all processes: a container's is its image. */
export const rootsInUse = (): ReadonlySet<string> =>
  new Set(allPids().flatMap(pid => identityOf(join('/proc', String(pid), 'root', '.')) ?? []))

/** Of what the journal says is wanted: the last good configuration, not the one on disk. */
export const imagesInJournal = async (hotDirectory: string): Promise<readonly string[]> => {
  const present = await readPresent(hotDirectory)
  const specs = [...(present?.state.specs.values() ?? [])] as readonly Partial<Spec>[]
  return specs.flatMap(({ image }) => image ?? [])
}
