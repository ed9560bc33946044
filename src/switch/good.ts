/**
 * The last good process configurations of a sandbox, beside the state of the supervisor: what was
 * put in place last, and what was there before that. A help for the way back, never a condition:
 * whatever goes wrong here is no reason to fail.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export type Which = 'now' | 'before'

export const goodFile = (runtimeDir: string, sandbox: string, which: Which): string =>
  join(runtimeDir, 'good', `${sandbox}.${which}.yaml`)

export const keepGood = (runtimeDir: string, sandbox: string, which: Which, text: string): void => {
  const file = goodFile(runtimeDir, sandbox, which)
  try {
    mkdirSync(join(runtimeDir, 'good'), { mode: 0o700, recursive: true })
    writeFileSync(`${file}.new`, text, { mode: 0o600 })
    renameSync(`${file}.new`, file)
  } catch {
    // No supervisor has ever run here, or there is no room: then there is no way back.
  }
}

export const textOf = (file: string): string | null => {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}

/** What was switched to last, if something else is there now; else what was there before it. */
export const wayBack = (runtimeDir: string, sandbox: string, target: string): string | null => {
  const [now, before] = (['now', 'before'] as const).map(which =>
    goodFile(runtimeDir, sandbox, which),
  ) as [string, string]
  const there = textOf(target)
  return [now, before].find(file => (textOf(file) ?? there) !== there) ?? null
}
