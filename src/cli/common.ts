/** Options that several commands have, and settings as all of them find them. */
import { sayProblem } from '../config/report.ts'
import { readSettings } from '../evaluate/settings.ts'
import type { Settings } from '../evaluate/settings.ts'

export const defaultMaster = '/etc/lithos/master.yaml'

export const configOption = {
  kind: 'value',
  names: ['-C', '--config'],
  metavar: 'FILE',
  help: `master configuration; default: ${defaultMaster}`,
} as const

export const jsonOption = {
  kind: 'flag',
  names: ['--json'],
  help: 'one JSON document instead of text',
} as const

/** Null: the master configuration cannot be read, and why has been said. */
export const settingsOf = (command: string, config: string | null): Settings | null => {
  const { value, problems } = readSettings(config ?? defaultMaster)
  if (value !== null) return value
  for (const problem of problems) process.stderr.write(`${command}: ${sayProblem(problem)}\n`)
  return null
}
