/** What the host has to have before any container can start. */
import { lstatSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { devices, directories } from '../devices.ts'
import { mistake, warning } from '../evaluate/finding.ts'
import type { Finding } from '../evaluate/finding.ts'
import type { Examined } from '../evaluate/sandbox.ts'
import { nameOf } from '../evaluate/subject.ts'

/** `masterFile` is what names the directory. */
export const checkDevices = (masterFile: string, directory: string): readonly Finding[] => {
  const say = (severity: typeof mistake, text: string): Finding =>
    severity(
      masterFile,
      ['devfs-dir'],
      `Devfs dir ("${directory}") must exist and contain device nodes: ${text}; ` +
        `run: lithos_mkdev ${directory}`,
    )
  if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory())
    return [say(mistake, 'there is no such directory')]

  const missing = [
    ...directories.filter(name => !isDirectory(join(directory, name))),
    ...devices.filter(({ name }) => !isDevice(join(directory, name))).map(({ name }) => name),
  ]
  if (missing.length === 0) return []
  // Something is mounted over `pts` at every start; the rest may not be needed.
  const severity = missing.includes('pts') ? mistake : warning
  return [say(severity, `it lacks ${missing.join(', ')}`)]
}

const isDirectory = (path: string): boolean =>
  lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false

const isDevice = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isCharacterDevice() ?? false

/** Above this the kernel lets nobody go, not even root. */
export const checkFileLimits = (
  all: readonly Examined[],
  maxFile = '/proc/sys/fs/nr_open',
): readonly Finding[] => {
  const max = BigInt(readFileSync(maxFile, 'utf8').trim())
  return all.flatMap(({ subject }) => {
    const { file, value } = subject.container
    return value.filenoLimit <= max
      ? []
      : [
          mistake(
            file,
            ['fileno-limit'],
            `fileno-limit of ${nameOf(subject)}: ${value.filenoLimit} is more than the ` +
              `${max} that this host allows (sysctl fs.nr_open)`,
          ),
        ]
  })
}
