/** Files of the host that knots append to: each must have a directory, and be none itself. */
import { dirname } from 'node:path'
import { statsOf } from '../../native/files.ts'
import { sandboxLogFile } from '../config/places.ts'
import { mistake } from '../evaluate/finding.ts'
import type { Finding } from '../evaluate/finding.ts'
import type { Examined } from '../evaluate/sandbox.ts'
import type { Settings } from '../evaluate/settings.ts'

/** Said once for a sandbox. Directories of the master file are made at the start. */
export const checkLogFile = (
  { places }: Settings,
  [first]: readonly Examined[],
): readonly Finding[] => {
  const sandbox = first?.subject.sandbox
  if (sandbox === undefined) return []
  const file = sandboxLogFile(places, sandbox.name, sandbox.value)
  const directory = dirname(file)
  const isMade = directory === places.defaultLogDir
  const problem = statsOf(file)?.isDirectory()
    ? 'is a directory'
    : isMade || statsOf(directory)?.isDirectory()
      ? null
      : `cannot be made: there is no directory ${directory}`
  return problem === null
    ? []
    : [mistake(sandbox.file, ['log-file'], `The log file ${file} of ${sandbox.name} ${problem}`)]
}
