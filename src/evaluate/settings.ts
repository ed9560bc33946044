/** The master configuration as everyone uses it: read, and with every place made absolute. */
import { noSuchFile, readFileText } from '../config/fileText.ts'
import { placesOf } from '../config/places.ts'
import type { Places } from '../config/places.ts'
import { readMaster } from '../config/read.ts'
import type { Decoded } from '../config/report.ts'
import type { Master, Problem } from '../config/shapes.ts'
import { here } from '../../native/here.ts'

export interface Settings {
  /** As it was given; knots are started with it in their argv. */
  readonly file: string
  readonly master: Master
  readonly places: Places
  /** What was read. */
  readonly text: string
}

export const readSettings = (file: string): Decoded<Settings> => {
  const text = readFileText(file)
  if (text.value === null) return { value: null, problems: text.problems.map(withHint) }
  return settingsFrom(file, text.value)
}

/** Whoever sees this may be about to begin. */
const withHint = (problem: Problem): Problem =>
  problem.message.endsWith(noSuchFile)
    ? { ...problem, message: `${problem.message}; \`lithos init\` makes a first one` }
    : problem

export const settingsFrom = (file: string, text: string): Decoded<Settings> => {
  const { value: master, problems } = readMaster(file, text)
  return {
    value: master === null ? null : { file, master, places: placesOf(master, file, here()), text },
    problems,
  }
}
