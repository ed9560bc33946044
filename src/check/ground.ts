/** What a start would need before its first turn, asked without making any of it. */
import { dirname } from 'node:path'
import { slicesOf } from '../../native/cgroup.ts'
import { findOwnLayout } from '../../native/delegated.ts'
import { ownStatsOf, statsOf } from '../../native/files.ts'
import { madeDirectories, sharedDirectory } from '../config/places.ts'
import { controllersOf, furtherControllersOf } from '../evaluate/controllers.ts'
import { mistake } from '../evaluate/finding.ts'
import type { Finding } from '../evaluate/finding.ts'
import type { Settings } from '../evaluate/settings.ts'
import { fromHere } from '../../native/here.ts'

export const checkGround = (settings: Settings): readonly Finding[] => [
  ...checkDirectories(settings),
  ...checkMasterLog(settings),
  ...checkGroups(settings),
]

const isDirectory = (path: string): boolean => statsOf(path)?.isDirectory() === true

/** One level each: the one before may be that of the next. */
const checkDirectories = ({ file, places }: Settings): readonly Finding[] => {
  const made = new Set<string>()
  const shared = sharedDirectory(places)
  if (shared !== null) return [mistake(file, [shared.key], shared.text)]
  return madeDirectories(places).flatMap(({ key, path }) => {
    const parent = dirname(fromHere(path))
    made.add(fromHere(path))
    const problem = isDirectory(path)
      ? null
      : ownStatsOf(path) !== null
        ? 'is there and no directory'
        : isDirectory(parent) || made.has(parent)
          ? null
          : `cannot be made: there is no directory ${parent}`
    return problem === null ? [] : [mistake(file, [key], `The ${key} ${path} ${problem}`)]
  })
}

const checkMasterLog = ({ file, places }: Settings): readonly Finding[] => {
  const { logFile, defaultLogDir } = places
  const parent = dirname(fromHere(logFile))
  const problem = isDirectory(logFile)
    ? 'is a directory'
    : isDirectory(parent) || parent === fromHere(defaultLogDir)
      ? null
      : `cannot be made: there is no directory ${parent}`
  return problem === null
    ? []
    : [mistake(file, ['log-file'], `The log file ${logFile} of the supervisor ${problem}`)]
}

const checkGroups = ({ file, master }: Settings): readonly Finding[] => {
  const layout = findOwnLayout({
    cgroupName: master.cgroupName,
    controllers: controllersOf(master),
    further: furtherControllersOf(master),
  })
  const { v1, v2 } = slicesOf(layout)
  const slices = [...v1.map(({ dir }) => dir), ...(v2 === null ? [] : [v2])]
  const homeless = slices.map(slice => dirname(slice)).find(parent => !isDirectory(parent))
  return [
    ...layout.problems.map(problem => mistake(file, ['cgroup-controllers'], problem)),
    ...(homeless === undefined || layout.problems.length > 0
      ? []
      : [
          mistake(
            file,
            ['cgroup-name'],
            `The control group ${master.cgroupName} cannot be made: there is no ${homeless}`,
          ),
        ]),
  ]
}
