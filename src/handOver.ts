/**
 * What an image has made of the master configuration, for the next one, which then need not load
 * what reads it before it hears who has ended. Only between images of the same build: what they
 * make of a text is the same. The file is read all the same, and counts if it says something else.
 */
import { readFileText } from './config/fileText.ts'
import { sayProblem } from './config/report.ts'
import type { Decoded } from './config/report.ts'
import type { Settings } from './evaluate/settings.ts'
import { Fatal, prepareGround } from './ground.ts'
import type { Standing, StandingOptions } from './standing.ts'

const variable = 'LITHOS_SETTINGS'

/** The kernel takes no longer ones. */
const charactersMax = 100_000

type Handed = Decoded<Settings> & { readonly value: Settings }

/** For the environment of the next image. */
export const handOver = (settings: Decoded<Settings>): Readonly<Record<string, string>> => {
  const json = JSON.stringify(settings)
  const isFit = settings.value !== null && Buffer.byteLength(json) <= charactersMax
  return isFit ? { [variable]: json } : {}
}

/** Null: there is nothing that was made of the same file, or no standing on it. */
export const standAsBefore = (options: StandingOptions): Standing | null => {
  const handed = takeOver(options.masterFile)
  if (handed === null) return null
  try {
    const ground = prepareGround(handed.value, options)
    for (const problem of handed.problems) ground.log('warn', sayProblem(problem))
    return { settings: handed.value, ground, instead: null }
  } catch (error) {
    // It is found again, and judged with what else there is to stand on.
    if (error instanceof Fatal) return null
    throw error
  }
}

/** Null: there is nothing, or it is not what is in the file now. */
export const takeOver = (masterFile: string, env = process.env): Handed | null => {
  const json = env[variable]
  delete env[variable]
  if (json === undefined) return null
  try {
    const handed = JSON.parse(json) as Handed
    const isSame =
      handed.value.file === masterFile && handed.value.text === readFileText(masterFile).value
    return isSame ? handed : null
  } catch {
    return null
  }
}
