/** What the host has to have before any container can start. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { geteuid, getuid } from 'node:process'
import { ownStatsOf, statsOf } from '../../native/files.ts'
import { ownUserNamespace } from '../../native/userNamespace.ts'
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
  if (!statsOf(directory)?.isDirectory()) return [say(mistake, 'there is no such directory')]

  const missing = [
    ...directories.filter(name => !isDirectory(join(directory, name))),
    ...devices.filter(({ name }) => !isDevice(join(directory, name))).map(({ name }) => name),
  ]
  if (missing.length === 0) return []
  // Something is mounted over `pts` at every start; the rest may not be needed.
  const severity = missing.includes('pts') ? mistake : warning
  return [say(severity, `it lacks ${missing.join(', ')}`)]
}

const isDirectory = (path: string): boolean => ownStatsOf(path)?.isDirectory() ?? false

/** Or an empty file, on which that of the host is mounted for an ordinary user. */
const isDevice = (path: string): boolean => {
  const there = statsOf(path)
  if (there === null) return false
  return there.isCharacterDevice() || (there.isFile() && there.size === 0 && geteuid?.() !== 0)
}

/** Above the first the kernel lets nobody go, above the second only who may raise limits. */
export const checkFileLimits = (all: readonly Examined[]): readonly Finding[] => {
  const max = BigInt(readFileSync('/proc/sys/fs/nr_open', 'utf8').trim())
  const own = ownLimit()
  return all.flatMap(({ subject, spec }) => {
    const { file, value } = subject.container
    const problem = (text: string): readonly Finding[] => [
      mistake(file, ['fileno-limit'], `fileno-limit of ${nameOf(subject)}: ${text}`),
    ]
    if (value.filenoLimit > max)
      return problem(
        `${value.filenoLimit} is more than the ${max} that this host allows (sysctl fs.nr_open)`,
      )
    return own !== null && BigInt(spec.filenoLimit) > own
      ? problem(
          `${spec.filenoLimit} is more than the ${own} that are allowed here (ulimit -Hn), and ` +
            'root may not raise that without the capability CAP_SYS_RESOURCE',
        )
      : []
  })
}

const mayRaiseLimits = 1n << 24n

/** Of root who may not raise it. What the supervisor of others may is not known here. */
const ownLimit = (): bigint | null => {
  const read = (name: string): string => readFileSync(`/proc/self/${name}`, 'utf8')
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(read('status'))?.[1] ?? '0'
  const mayRaise = (BigInt(`0x${effective}`) & mayRaiseLimits) !== 0n
  // In a user namespace of his own everybody has it, and it counts for nothing.
  if (getuid?.() !== 0 || (mayRaise && ownUserNamespace() === null)) return null
  const hard = /^Max open files\s+\S+\s+(\d+)/m.exec(read('limits'))?.[1]
  return hard === undefined ? null : BigInt(hard)
}

/** Said once for a sandbox. What a container sees there, its host sees at the same place. */
export const checkMasks = ([first]: readonly Examined[]): readonly Finding[] => {
  const { file, value } = first?.subject.sandbox ?? { file: '', value: null }
  return (value?.maskedPaths ?? []).flatMap((path, index) => {
    const names = path.split('/').slice(1)
    const link = names
      .map((_, last) => `/${names.slice(0, last + 1).join('/')}`)
      .find(part => ownStatsOf(part)?.isSymbolicLink())
    return link === undefined
      ? []
      : [
          mistake(
            file,
            ['masked-paths', index],
            `masked-paths: ${path} cannot be masked, for ${link} is a link`,
          ),
        ]
  })
}
