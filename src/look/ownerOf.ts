/**
 * Whose process it is. Whatever an application forks stays below its knot, which is the first
 * process of a pid namespace and inherits its orphans; who has come in from outside (a shell of
 * `nsenter`) is told by its pid namespace.
 */
import { readFileSync, readlinkSync } from 'node:fs'
import { basename } from 'node:path'
import { allPids, commandLine, innerPid, isInit } from '../../native/proc.ts'
import { parseProcess } from '../../native/processes.ts'

export interface Owner {
  /** Null: it is in no container of ours. */
  readonly instance: string | null
  /** Its number in the innermost pid namespace it is in. */
  readonly innerPid: number | null
  readonly program: string
}

/** Null: there is no such process. */
export const findKnotOf = (pid: number): Owner | null => {
  const process = processOf(pid)
  if (process === null) return null
  const instance = above(pid) ?? beside(pid)
  return {
    instance,
    innerPid: instance === null ? null : innerPid(pid),
    program: process.name,
  }
}

const processOf = (pid: number) => {
  try {
    return parseProcess(pid, readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return null
  }
}

const above = (pid: number): string | null => {
  for (let at = pid; at > 1; at = processOf(at)?.parent ?? 0) {
    const name = knotName(at)
    if (name !== null) return name
  }
  return null
}

/** Only where it is in another pid namespace than we are: then a knot is in the same one. */
const beside = (pid: number): string | null => {
  const own = namespaceOf('self')
  const its = namespaceOf(pid)
  if (its === null || its === own) return null
  return (
    allPids()
      .filter(other => namespaceOf(other) === its)
      .map(knotName)
      .find(name => name !== null) ?? null
  )
}

const namespaceOf = (pid: number | 'self'): string | null => {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`)
  } catch {
    return null
  }
}

const knotName = (pid: number): string | null => {
  const words = commandLine(pid) ?? []
  if (basename(words[0] ?? '') !== 'lithos_knot' || words[1] !== '--name') return null
  return isInit(pid) ? (words[2] ?? null) : null
}
