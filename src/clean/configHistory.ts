/**
 * What the configuration log of a sandbox says was once configured (src/configLog.ts writes it).
 * Read from the newest line back, over all rotated files, as far as somebody asked to look.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Limits {
  /** Milliseconds since 1970: what was logged later counts as used. Null: everything does. */
  readonly since: number | null
  /** So many configurations count even if they are older. */
  readonly atLeast: number
  /** No more than so many count. */
  readonly atMost: number
}

export interface History {
  readonly images: ReadonlySet<string>
  /** Files in which nothing counts. */
  readonly unneeded: readonly string[]
  /** Why the history cannot be relied upon. */
  readonly problems: readonly string[]
}

interface Line {
  /** Milliseconds since 1970. Null where the line could not be read. */
  readonly at: number | null
  readonly json: string
  readonly images: readonly string[]
  readonly place: string
}

export const readHistory = (directory: string, sandbox: string, limits: Limits): History => {
  const problems: string[] = []
  const images = new Set<string>()
  const files = filesOf(directory, sandbox, problems)
  let [kept, last] = [0, '']
  let needed = 0

  /** False: from here on nothing counts any more. */
  const take = (line: Line): boolean => {
    const isAgain = line.json === last
    if (!isAgain && kept >= limits.atMost) return false
    const isOld = limits.since !== null && line.at !== null && line.at <= limits.since
    // The same once more, but from before: what it needs is kept already.
    if (isOld && !isAgain && kept >= limits.atLeast) return false
    if (line.at === null) problems.push(`Broken line ${line.place}`)
    if (!isAgain) kept += 1
    last = line.json
    for (const image of line.images) images.add(image)
    return true
  }

  for (const file of files) {
    const lines = linesOf(join(directory, file), problems)
    const counts = lines.map(take)
    // A line that does not count says nothing of the lines before it: a clock may have been wrong.
    if (lines.length > 0 && !counts.includes(true)) break
    needed += 1
  }
  const unneeded = files.slice(Math.max(needed, 1)).map(file => join(directory, file))
  return { images, unneeded, problems }
}

/** `NAME.log`, `NAME.log.1`, …: from the newest to the oldest. */
const filesOf = (directory: string, sandbox: string, problems: string[]): readonly string[] => {
  const prefix = `${sandbox}.log`
  const numberOf = (name: string): number =>
    name === prefix ? 0 : Number(/^\.([1-9]\d*)$/.exec(name.slice(prefix.length))?.[1] ?? NaN)
  try {
    return readdirSync(directory)
      .filter(name => name.startsWith(prefix) && !Number.isNaN(numberOf(name)))
      .sort((a, b) => numberOf(a) - numberOf(b))
  } catch (error) {
    problems.push(`Can't read config log ${directory}: ${(error as Error).message}`)
    return []
  }
}

/** From the last to the first. */
const linesOf = (file: string, problems: string[]): readonly Line[] => {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .map((text, index) => ({ text, place: `${file}: ${index}` }))
      .filter(({ text }) => text.trim() !== '')
      .map(({ text, place }) => parseLine(text, place))
      .reverse()
  } catch (error) {
    problems.push(`Can't read config log ${file}: ${(error as Error).message}`)
    return []
  }
}

const parseLine = (text: string, place: string): Line => {
  const blank = text.indexOf(' ')
  const [time, json] = [text.slice(0, blank), text.slice(blank + 1)]
  const at = /^\d{4}-\d\d-\d\dT/.test(time) ? Date.parse(time) : NaN
  const images = imagesIn(json)
  const isBroken = Number.isNaN(at) || images === null
  return { at: isBroken ? null : at, json, images: images ?? [], place }
}

/** Null: not a mapping of processes that each have an image. */
const imagesIn = (json: string): readonly string[] | null => {
  try {
    const value: unknown = JSON.parse(json)
    if (!isMap(value)) return null
    const images = Object.values(value).map(process => (isMap(process) ? process['image'] : null))
    return images.every((image): image is string => typeof image === 'string') ? images : null
  } catch {
    return null
  }
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
