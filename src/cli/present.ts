/**
 * The present as a command finds it: with a supervisor or without, from the hot journal, else from
 * the archive. Needs no right but that to read the files.
 */
import { lockHolder } from '../../native/files.ts'
import { journalsOf, readArchived, readPresent } from '../history.ts'
import type { Journals, Present } from '../history.ts'
import type { Settings } from '../evaluate/settings.ts'
import { sayTime } from '../time.ts'
import { lastSettingsOf } from './common.ts'
import { hotFileOf, pidFileOf, sayNoJournal, unreadable } from './journal/where.ts'

export interface Viewed {
  readonly settings: Settings
  readonly journals: Journals
  readonly present: Present
  /** Null: no supervisor runs. */
  readonly supervisor: number | null
}

/** Null: nothing is known, and why has been said. What is not of now is said to be so. */
export const viewPresent = async (
  command: string,
  config: string | null,
): Promise<Viewed | null> => {
  const settings = lastSettingsOf(command, config)
  if (settings === null) return null
  const journals = journalsOf(settings.places)
  const say = (text: string): null => {
    process.stderr.write(`${command}: ${text}\n`)
    return null
  }
  const problem = unreadable(hotFileOf(journals))
  if (problem !== null) return say(problem.text)
  const supervisor = lockHolder(pidFileOf(journals))
  const hot = await readPresent(journals.hotDirectory)
  if (hot !== null) {
    if (supervisor === null) say('the supervisor does not run; this is what its journal says')
    return { settings, journals, present: hot, supervisor }
  }
  const other = unreadable(journals.archiveDirectory)
  if (other !== null) return say(other.text)
  const archived = await readArchived(journals.archiveDirectory)
  if (archived === null) return say(sayNoJournal(settings))
  const at = archived.at === null ? '' : `, which ends ${sayTime(archived.at)}`
  say(`the supervisor does not run; this is what the archive of its journal says${at}`)
  return { settings, journals, present: archived.present, supervisor }
}
