/** Where the journals of a supervisor are, by its master configuration. */
import { accessSync, constants, existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Settings } from '../../evaluate/settings.ts'
import { journalsOf } from '../../history.ts'
import type { Journals } from '../../history.ts'
import { sayCode } from '../../wait.ts'
import { lastSettingsOf, sayStart } from '../common.ts'

/** Null: the configuration or a journal cannot be read, or there is none; that has been said. */
export const findJournals = (command: string, config: string | null): Journals | null => {
  const settings = lastSettingsOf(command, config)
  const journals = settings === null ? null : readableJournals(command, settings)
  if (settings === null || journals === null) return null
  // Of what has never been, nobody should think that it is whole, or that nothing happened.
  if (existsSync(journals.hotDirectory) || existsSync(journals.archiveDirectory)) return journals
  process.stderr.write(`${command}: ${sayNoJournal(settings)}\n`)
  return null
}

export const sayNoJournal = (settings: Settings): string => {
  const { hotDirectory } = journalsOf(settings.places)
  return `no supervisor runs, and none has left a journal in ${hotDirectory}; ${sayStart(settings)}`
}

/** The same for who has the settings already. */
export const readableJournals = (command: string, settings: Settings): Journals | null => {
  const journals = journalsOf(settings.places)
  const problems = [hotFileOf(journals), journals.archiveDirectory].flatMap(
    path => unreadable(path)?.text ?? [],
  )
  if (problems.length === 0) return journals
  for (const problem of problems) process.stderr.write(`${command}: ${problem}\n`)
  return null
}

export const hotFileOf = ({ hotDirectory }: Journals): string => join(hotDirectory, 'hot.log')

/** The lock of the supervisor whose journals these are. */
export const pidFileOf = ({ hotDirectory }: Journals): string =>
  join(dirname(hotDirectory), 'master.pid')

export interface Unreadable {
  readonly code: string
  readonly text: string
}

/** What is not there has nothing to tell; what may not be read must not look like that. */
export const unreadable = (path: string): Unreadable | null => {
  try {
    accessSync(path, constants.R_OK)
    return null
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return null
    const hint = code === 'EACCES' ? '; the journal is for root' : ''
    return { code, text: `${path}: cannot be read: ${sayCode(code)}${hint}` }
  }
}
