/**
 * What is left of commands whose every party was killed: by its name, which ends with the pid of
 * who waited for it. A supervisor does the same when it starts; without one, the next command does.
 */
import { readdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Layout } from '../../native/cgroup.ts'
import { isAlive } from '../../native/proc.ts'
import { removeTree } from '../../native/remove.ts'
import { endsOr, isOfCommand, removeIfDead } from '../cableEnds.ts'

export const sweepDeadCommands = async (stateDir: string, layout: Layout): Promise<void> => {
  for (const sandbox of namesIn(stateDir))
    for (const name of namesIn(join(stateDir, sandbox)))
      if (isOfDead(/^cmd\.[^.]+\.(\d+)$/, name)) await removeTree(join(stateDir, sandbox), name)
  for (const { slice } of [...layout.v1, ...(layout.v2 === null ? [] : [layout.v2])])
    for (const name of namesIn(slice))
      if (isOfDead(/^[^:]+:cmd\.[^.]+\.(\d+)\.scope$/, name)) removeGroup(join(slice, name))
  for (const end of endsOr(quiet)) if (isOfCommand(end)) removeIfDead(end, quiet)
}

/** It is not what somebody has called for. */
const quiet = (): void => undefined

const isOfDead = (pattern: RegExp, name: string): boolean => {
  const pid = pattern.exec(name)?.[1]
  return pid !== undefined && !isAlive(Number(pid))
}

/** One that is not empty yet is for the next. */
const removeGroup = (path: string): void => {
  try {
    rmdirSync(path)
  } catch {
    // Somebody is still dying in there, or somebody else was quicker.
  }
}

const namesIn = (directory: string): readonly string[] => {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter(entry => entry.isDirectory())
      .map(({ name }) => name)
  } catch {
    return []
  }
}
