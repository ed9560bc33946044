/** Options that several commands have, and settings as all of them find them. */
import { sayProblem } from '../config/report.ts'
import { findLastMaster } from '../lastMaster.ts'
import { readSettings } from '../evaluate/settings.ts'
import type { Settings } from '../evaluate/settings.ts'
import { defaultMaster } from './options.ts'

export { configOption, defaultMaster, jsonOption } from './options.ts'

/** Null: the master configuration cannot be read, and why has been said. */
export const settingsOf = (command: string, config: string | null): Settings | null => {
  const { value, problems } = readSettings(config ?? defaultMaster)
  for (const problem of value === null ? problems : [])
    process.stderr.write(`${command}: ${sayProblem(problem)}\n`)
  return value
}

/** For who only looks: instead of what cannot be read, what the supervisor goes on with. */
export const lastSettingsOf = (command: string, config: string | null): Settings | null => {
  const settings = settingsOf(command, config)
  const last = settings === null ? findLastMaster(config ?? defaultMaster) : null
  if (last === null) return settings
  process.stderr.write(`${command}: this is from the last good one, ${last.path}\n`)
  return last.settings
}

/** For who needs a supervisor, and there is none. */
export const sayStart = ({ file }: Settings): string => `start one: lithos_tree --config ${file}`

/** Null: neither it nor a last good one can be used. Nothing is said. */
export const quietSettings = (config: string): Settings | null =>
  readSettings(config).value ?? findLastMaster(config)?.settings ?? null
