/**
 * The further ids that the administrator has given to an ordinary user: lines `NAME:FIRST:COUNT`
 * of /etc/subuid and /etc/subgid. In a namespace of his they follow on 0, who is he himself.
 */
import { accessSync, constants, readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { delimiter, join } from 'node:path'
import type { IdRange } from '../../native/plan.ts'

export interface Subordinates {
  readonly users: readonly IdRange[]
  readonly groups: readonly IdRange[]
}

export const subordinates = (directory = '/etc'): Subordinates => {
  const names = [String(process.geteuid?.()), ...nameOfUser()]
  const read = (file: string): readonly IdRange[] => {
    try {
      return parseSubordinates(readFileSync(join(directory, file), 'utf8'), names)
    } catch {
      return []
    }
  }
  return { users: read('subuid'), groups: read('subgid') }
}

/** `names`: of one user, his number among them. */
export const parseSubordinates = (text: string, names: readonly string[]): readonly IdRange[] => {
  const ranges: IdRange[] = []
  let inside = 1
  for (const line of text.split('\n')) {
    const [, name = '', outside, count] = /^([^:#]+):(\d+):(\d+)\s*$/.exec(line) ?? []
    if (!names.includes(name) || Number(count) === 0) continue
    ranges.push({ inside, outside: Number(outside), count: Number(count) })
    inside += Number(count)
  }
  return ranges
}

/** Nobody has to be in /etc/passwd. */
const nameOfUser = (): readonly string[] => {
  try {
    return [userInfo().username]
  } catch {
    return []
  }
}

/** The set-user-id programs that may write a map of more than oneself. */
const mappers = ['newuidmap', 'newgidmap']

/** Those that are not in PATH. */
export const missingMappers = (path = process.env['PATH'] ?? ''): readonly string[] =>
  mappers.filter(name => !path.split(delimiter).some(place => isProgram(join(place, name))))

const isProgram = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
