/**
 * What must stand before the first turn: directories, the lock, the master log, our control
 * groups. Whatever fails here is a sentence for whoever starts the supervisor.
 */
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { statsOf } from '../native/files.ts'
import { enterSlice } from '../actors/cgroups.ts'
import { openLogFile } from '../actors/logFile.ts'
import { takePidFile } from '../actors/pidFile.ts'
import type { PidFile } from '../actors/pidFile.ts'
import { noCgroups } from '../native/cgroup.ts'
import type { Layout } from '../native/cgroup.ts'
import { findOwnLayout } from '../native/delegated.ts'
import { ownUserNamespace } from '../native/userNamespace.ts'
import { knotPath } from '../native/where.ts'
import { madeDirectories, sharedDirectory } from './config/places.ts'
import { controllersOf, furtherControllersOf } from './evaluate/controllers.ts'
import type { Settings } from './evaluate/settings.ts'
import { openLogging } from './logging.ts'
import type { Logging, LoggingOptions } from './logging.ts'

/** A start that cannot be. */
export class Fatal extends Error {
  readonly code: number

  constructor(message: string, code = 1) {
    super(message)
    this.code = code
  }
}

export interface Ground extends Logging {
  readonly pidFile: PidFile
  readonly layout: Layout
}

export type GroundOptions = LoggingOptions

/** Why there would be no ground for these settings, or null. What it makes is made anyway. */
export const whyNoGround = (settings: Settings): string | null => {
  try {
    preparePlaces(settings)
    orFatal(() => openLogFile(settings.places.logFile, { now: () => 0 })).close()
    return null
  } catch (error) {
    if (error instanceof Fatal) return error.message
    throw error
  }
}

/** Throws Fatal. Directories are made, and what is not ours to make is missed. */
export const preparePlaces = ({ places, master }: Settings, command = 'lithos_tree'): Layout => {
  if (process.getuid?.() !== 0)
    throw new Fatal(
      `${command} makes containers and must be run as root` +
        (command === 'lithos_tree'
          ? ', or with --rootless'
          : ', or beside a lithos_tree --rootless of the same user'),
    )
  if (!isDirectory(places.devfsDir))
    throw new Fatal(
      `Devfs dir (${JSON.stringify(places.devfsDir)}) must exist and contain device nodes: ` +
        `make it with lithos_mkdev ${places.devfsDir}`,
    )
  const shared = sharedDirectory(places)
  if (shared !== null) throw new Fatal(`${shared.text}: give each one of its own`)
  for (const { what, path } of madeDirectories(places)) makeDir(what, path)
  const layout = findOwnLayout({
    cgroupName: master.cgroupName,
    controllers: controllersOf(master),
    further: furtherControllersOf(master),
  })
  refuseGroups(layout.problems)
  return layout
}

export const refuseGroups = (problems: readonly string[]): void => {
  if (problems.length > 0)
    throw new Fatal(
      `${problems.join('; ')}. Mount what is missing, leave it out of cgroup-controllers, or set ` +
        'cgroup-name to null to run without control groups and limits',
    )
}

export const prepareGround = (settings: Settings, options: GroundOptions): Ground => {
  const { places } = settings
  if (!existsSync(knotPath)) throw new Fatal("Can't find lithos_knot binary", 127)
  const found = preparePlaces(settings)
  const pidFile = E.getOrElse<string, PidFile>(reason => {
    throw new Fatal(reason)
  })(takePidFile(places.pidFile))
  const logging = orFatal(() => openLogging(settings, options))
  const layout = usable(found, enterSlice)
  if (layout.withheld !== undefined)
    logging.log(
      'warn',
      `limits of memory, processors or processes are left out: ${layout.withheld.why}`,
    )
  return { ...logging, pidFile, layout }
}

/** `make`: what is wrong, in sentences. Without root, a group that cannot be used is none. */
export const usable = (layout: Layout, make: (layout: Layout) => readonly string[]): Layout => {
  const failed = make(layout)
  if (failed.length === 0) return layout
  if (ownUserNamespace() === null) refuseGroups(failed)
  const controllers = [...layout.v1, ...(layout.v2 === null ? [] : [layout.v2])].flatMap(
    hierarchy => hierarchy.controllers,
  )
  return { ...noCgroups, withheld: { controllers, why: failed.join('; ') } }
}

const isDirectory = (path: string): boolean => statsOf(path)?.isDirectory() === true

/** One level: that the parent is missing is more likely a mistake than a wish. */
const makeDir = (name: string, path: string): void => {
  if (isDirectory(path)) return
  try {
    mkdirSync(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const reason =
      code === 'EEXIST'
        ? 'path already exists but is not a directory'
        : code === 'ENOENT'
          ? `its parent ${join(path, '..')} does not exist`
          : code === 'ENOTDIR'
            ? `its parent ${join(path, '..')} is not a directory`
            : code === 'EACCES' && ownUserNamespace() !== null
              ? 'EACCES; without root, the master configuration has to name directories of your own'
              : String(code)
    throw new Fatal(`Cant create ${name}: Can't create dir ${JSON.stringify(path)}: ${reason}`)
  }
}

const orFatal = <A>(open: () => A): A => {
  try {
    return open()
  } catch (error) {
    throw new Fatal(`Can't initialize logging: ${(error as Error).message}`)
  }
}
