/**
 * Where the knots of a supervisor write, as the kernel knows it: each holds its status file open.
 * For a supervisor that cannot read any more where its own runtime directory is.
 */
import { statSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { readdirSync } from 'node:fs'
import { fromHere } from './here.ts'
import * as proc from './proc.ts'
import { parseFileName } from './statusFile.ts'
import { knotPath } from './where.ts'

/**
 * Only of knots that nobody can have made who is not root on the host: anybody may call a process
 * like one of ours, and what is found here is going to be believed.
 */
export const runtimeDirsInUse = (masterFile: string): readonly string[] => [
  ...new Set(
    proc
      .allPids()
      .filter(pid => isKnotOf(pid, masterFile))
      .flatMap(directoriesOf),
  ),
]

const isKnotOf = (pid: number, masterFile: string): boolean => {
  const words = proc.commandLine(pid)
  return (
    words?.[1] === '--name' &&
    words[3] === '--master' &&
    fromHere(words[4] ?? '') === fromHere(masterFile) &&
    proc.isInit(pid) &&
    proc.isOurUser(pid) &&
    isOurProgram(pid)
  )
}

const isOurProgram = (pid: number): boolean => {
  try {
    const [theirs, ours] = [statSync(`/proc/${pid}/exe`), statSync(knotPath)]
    return theirs.ino === ours.ino && theirs.dev === ours.dev
  } catch {
    return false
  }
}

const directoriesOf = (pid: number): readonly string[] => {
  try {
    return readdirSync(`/proc/${pid}/fd`)
      .map(fd => proc.descriptorTarget(pid, Number(fd)) ?? '')
      .filter(path => basename(dirname(path)) === 'knots' && parseFileName(basename(path)) !== null)
      .map(path => dirname(dirname(path)))
  } catch {
    // It has ended.
    return []
  }
}
