/** Where the journals of a supervisor are, by its master configuration. */
import { journalsOf } from '../../history.ts'
import type { Journals } from '../../history.ts'
import { settingsOf } from '../common.ts'

/** Null: the configuration cannot be read, and why has been said. */
export const findJournals = (config: string | null): Journals | null => {
  const settings = settingsOf('lithos journal', config)
  return settings === null ? null : journalsOf(settings.places)
}
