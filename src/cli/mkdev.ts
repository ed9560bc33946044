/**
 * `lithos_mkdev DIR`: the content of `/dev` for containers. May be run again: what is there and
 * as it should be is left alone, what is there and is something else is never replaced.
 */
import { chmodSync, lstatSync, mkdirSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import type { Stats } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { deviceNumber, makeCharacterDevice } from '../../native/mknod.ts'
import { ownUserNamespace } from '../../native/userNamespace.ts'
import { devices, directories, links } from '../devices.ts'
import type { Description } from './args.ts'
import { runCommand } from './command.ts'

export const description = {
  command: 'lithos_mkdev',
  examples: [['/var/lib/lithos/dev', 'where lithos_tree looks for it by default']],
  summary:
    'Makes the directory that containers see as /dev: character devices, the directories pts ' +
    'and shm, and the usual links. May be run again; what is there already is left alone. An ' +
    'ordinary user, who can make no devices, gets empty files of their names, on which ' +
    'lithos_tree --rootless mounts those of the host.',
  options: {},
  positionals: [{ name: 'dir', help: 'directory to make and to fill', kind: 'optional' }],
} as const satisfies Description

export const run = (argv: readonly string[]): Promise<number> | number =>
  runCommand(description, argv, (_options, [directory]) => {
    if (directory === undefined) {
      // As the script of the original, also in its exit code.
      process.stderr.write('Usage: lithos_mkdev /var/lib/lithos/dev\n')
      return 1
    }
    const failures = fill(directory)
    for (const failure of failures) process.stderr.write(`${description.command}: ${failure}\n`)
    return failures.length === 0 ? 0 : 1
  })

/** Everything that can be made is made; what cannot is said, each by its own sentence. */
export const fill = (directory: string): readonly string[] => {
  const failed = attempted(`make the directory ${directory}`, () => {
    mkdirSync(directory, { recursive: true })
  })
  if (failed !== null) return [failed]
  const steps = [
    ...devices.map(device => () => makeDevice(join(directory, device.name), device)),
    ...directories.map(name => () => makeDirectory(join(directory, name))),
    ...links.map(
      ({ name, target }) =>
        () =>
          makeLink(join(directory, name), target),
    ),
  ]
  return steps.map(step => step()).filter(failure => failure !== null)
}

const makeDevice = (
  path: string,
  { major, minor, mode }: { major: number; minor: number; mode: number },
): string | null => {
  const what = `character device ${major}:${minor}`
  const there = lookAt(path)
  if (there !== null) {
    if (isPlace(there)) return null
    if (!there.isCharacterDevice() || there.rdev !== deviceNumber(major, minor))
      return inTheWay(path, what)
  } else {
    const made = makeCharacterDevice(path, mode, major, minor)
    if (E.isLeft(made)) {
      const { code } = made.left
      if (code === 'EPERM' && !isRootOfHost()) return makePlace(path)
      const hint = code === 'EPERM' ? '; it takes root, and a place where devices are allowed' : ''
      return `Can't make ${what} at ${path}: ${code}${hint}`
    }
  }
  // The mode that mknod was given has gone through the umask.
  return attempted(`set the mode of ${path}`, () => chmodSync(path, mode))
}

const isRootOfHost = (): boolean => process.geteuid?.() === 0 && ownUserNamespace() === null

/** Nobody but root of the host makes devices. On an empty file, those of the host are mounted. */
const makePlace = (path: string): string | null =>
  attempted(`make the file ${path}`, () => writeFileSync(path, '', { flag: 'wx', mode: 0o444 }))

const isPlace = (there: Stats): boolean => there.isFile() && there.size === 0 && !isRootOfHost()

const makeDirectory = (path: string): string | null => {
  const there = lookAt(path)
  if (there?.isDirectory()) return null
  return there === null
    ? attempted(`make the directory ${path}`, () => mkdirSync(path))
    : inTheWay(path, 'directory')
}

const makeLink = (path: string, target: string): string | null => {
  const there = lookAt(path)
  if (there === null) return attempted(`link ${path} to ${target}`, () => symlinkSync(target, path))
  return there.isSymbolicLink() && readlinkSync(path) === target
    ? null
    : inTheWay(path, `link to ${target}`)
}

const lookAt = (path: string): Stats | null => lstatSync(path, { throwIfNoEntry: false }) ?? null

const inTheWay = (path: string, wanted: string): string =>
  `${path} is there and is not a ${wanted}; remove it, and run this again`

const attempted = (what: string, step: () => void): string | null => {
  try {
    step()
    return null
  } catch (error) {
    return `Can't ${what}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`
  }
}
