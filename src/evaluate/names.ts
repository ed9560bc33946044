/**
 * Names that become paths, control groups and words of a command line: of sandboxes, processes,
 * images and configurations.
 */
import { isName } from '../config/names.ts'
import type { Process } from '../config/shapes.ts'
import { mistake } from './finding.ts'
import type { Finding } from './finding.ts'
import { componentsOf } from './inside.ts'

/** More would be a typing error, and would be started before anyone noticed. */
const instancesMax = 10_000

/** A file name has 255 bytes at most, and those of instances end with two numbers and more. */
const namesMax = 200

export const checkSandboxName = (file: string, sandbox: string): readonly Finding[] =>
  isName(sandbox)
    ? []
    : [
        mistake(
          file,
          [],
          `"${sandbox}" is not a name for a sandbox: rename the file, so that its name before ` +
            '`.yaml` has only letters, digits, `-` and `_`',
        ),
      ]

export const checkProcess = (
  file: string,
  processName: string,
  process: Process,
  sandboxName: string,
  levels: number,
): readonly Finding[] => [
  ...(isName(processName)
    ? []
    : [
        mistake(
          file,
          [processName],
          `"${processName}" is not a name for a process: only letters, digits, \`-\` and \`_\``,
        ),
      ]),
  ...(sandboxName.length + processName.length <= namesMax
    ? []
    : [
        mistake(
          file,
          [processName],
          `The names ${sandboxName} and ${processName} have more than ${namesMax} characters ` +
            'together, and files are called after both',
        ),
      ]),
  ...checkImage(file, processName, process, sandboxName, levels),
  ...checkConfigPath(file, processName, process),
  ...(process.instances > instancesMax
    ? [
        mistake(
          file,
          [processName, 'instances'],
          `${process.instances} instances of ${processName} are more than the ${instancesMax} ` +
            'that one process may have',
        ),
      ]
    : []),
]

/** A relative path of so many names, and no way out. */
export const hasLevels = (image: string, levels: number): boolean => {
  const parts = componentsOf(image)
  const isNormal = !image.startsWith('/') && parts[0] !== '.' && !parts.includes('..')
  // A dot that is not the first name says nothing.
  return isNormal && parts.filter(part => part !== '.').length === levels
}

const checkImage = (
  file: string,
  processName: string,
  { image }: Process,
  sandboxName: string,
  levels: number,
): readonly Finding[] => {
  return hasLevels(image, levels)
    ? []
    : [
        mistake(
          file,
          [processName, 'image'],
          `Image ${image} in sandbox ${sandboxName}, process ${processName} is invalid: ` +
            `\`image-dir-levels\` asks for a relative path of ${levels} ` +
            `${levels === 1 ? 'name' : 'names'} without \`..\``,
        ),
      ]
}

const checkConfigPath = (
  file: string,
  processName: string,
  { config }: Process,
): readonly Finding[] => {
  const path = [processName, 'config']
  if (!config.startsWith('/'))
    return [mistake(file, path, `Config path must be absolute: ${config} of ${processName} is not`)]
  return componentsOf(config).includes('..')
    ? [mistake(file, path, `Config path of ${processName} must be without \`..\`, not ${config}`)]
    : []
}
