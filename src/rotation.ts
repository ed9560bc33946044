/**
 * Which logs are rotated, and when: by `log-rotate-size` and `log-rotate-days` of the master
 * configuration. Looked at beside the turns; nothing here is remembered anywhere but in the files.
 */
import { stat } from 'node:fs/promises'
import type { Stats } from 'node:fs'
import { compressOld, rotate } from '../actors/rotator.ts'
import type { Stamp } from '../actors/clock.ts'
import type { State } from './decide.ts'
import type { Settings } from './evaluate/settings.ts'
import { outputOf } from './spec.ts'
import type { Spec } from './spec.ts'
import { sayCode } from './wait.ts'

export interface RotationOptions {
  readonly settings: Settings
  readonly state: () => State
  readonly stamp: () => Stamp
  readonly warn: (text: string) => void
  readonly reopenLogs: () => Promise<unknown>
}

export interface Rotation {
  /** The paths of those that were due and could be rotated. Never rejects. */
  readonly rotateLogs: () => Promise<readonly string[]>
}

/** A log that grows by a gigabyte in that time is that much larger than it should be. */
const lookMs = 30_000
const dayMs = 86_400_000

export interface Rule {
  readonly size: number | null
  readonly days: number | null
}

/** `since`: of the last rotation, or when the file was made. Milliseconds since 1970. */
export const isDue = ({ size, days }: Rule, bytes: number, since: number, now: number): boolean =>
  (size !== null && bytes >= size) || (days !== null && bytes > 0 && now - since >= days * dayMs)

/** Of all that was started and is remembered: what is not started any more does not grow. */
export const logsOf = ({ specs, instances }: State): readonly string[] => {
  const found = new Set<string>()
  for (const [name, { context }] of instances)
    for (const hash of [context.want?.spec, context.life?.spec]) {
      const spec = hash == null ? undefined : (specs.get(hash) as Spec | undefined)
      if (spec !== undefined) found.add(spec.places.log).add(outputOf(spec, name))
    }
  return [...found].sort()
}

export const createRotation = (options: RotationOptions): Rotation => {
  const { settings, state, stamp, warn, reopenLogs } = options
  const { logRotateSize: size, logRotateDays: days } = settings.master
  const { logRotateCount: count, logRotateCompress: isCompressed } = settings.master
  const said = new Map<string, string>()
  let last: Promise<readonly string[]> = Promise.resolve([])

  /** A full disk is full for a long time, and is said once. */
  const complain = (path: string, error: unknown): void => {
    const { code = String(error) } = error as NodeJS.ErrnoException
    if (said.get(path) !== code)
      warn(`${path} cannot be rotated: ${sayCode(code)}. It is tried again; nothing is lost`)
    said.set(path, code)
  }

  const look = async (path: string): Promise<boolean> => {
    try {
      const found = await stat(path).catch(unlessAbsent)
      const isOld =
        found !== null && isDue({ size, days }, found.size, await since(path, found), stamp().at)
      const what = isOld ? await rotate(path, { count, isCompressed }) : 'unchanged'
      if (what === 'renamed') await reopenLogs()
      if (isCompressed) await compressOld(path, { count, isCompressed })
      said.delete(path)
      return what !== 'unchanged'
    } catch (error) {
      complain(path, error)
      return false
    }
  }

  const rotateAll = async (): Promise<readonly string[]> => {
    const rotated: string[] = []
    for (const path of [settings.places.logFile, ...logsOf(state())])
      if (await look(path)) rotated.push(path)
    return rotated
  }

  const isOn = size !== null || days !== null
  const rotateLogs = (): Promise<readonly string[]> =>
    isOn ? (last = last.then(rotateAll)) : Promise.resolve([])
  if (isOn) setInterval(() => void rotateLogs(), lookMs).unref()
  return { rotateLogs }
}

const since = async (path: string, { birthtimeMs }: Stats): Promise<number> => {
  const former = await Promise.all(['.1', '.1.gz'].map(end => stat(path + end).catch(unlessAbsent)))
  return Math.max(birthtimeMs, ...former.map(found => found?.mtimeMs ?? 0))
}

const unlessAbsent = (error: NodeJS.ErrnoException): null => {
  if (error.code !== 'ENOENT') throw error
  return null
}
