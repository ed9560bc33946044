/**
 * What the start of a container would stumble over, found in its image and volumes before: the
 * places that are mounted over, the program, its directory and the file it prints into.
 */
import { ownStatsOf, statsOf } from '../../native/files.ts'
import { mistake, warning } from '../evaluate/finding.ts'
import type { Finding } from '../evaluate/finding.ts'
import { componentsOf, lookInside } from '../evaluate/inside.ts'
import type { Found } from '../evaluate/inside.ts'
import type { Examined } from '../evaluate/sandbox.ts'
import { nameOf } from '../evaluate/subject.ts'
import type { SpecVolume } from '../spec.ts'
import { closedOnTheWay, closedVolume } from './access.ts'
import { obstacleTo } from './program.ts'
import { viewOf } from './view.ts'
import type { View } from './view.ts'

export const inspectImage = (examined: Examined): readonly Finding[] => {
  const view = viewOf(examined)
  return [
    ...inspectSystem(examined),
    ...examined.spec.volumes.flatMap((volume, index) => [
      ...inspectSource(examined, volume),
      ...inspectMountPoint(examined, volume, examined.spec.volumes.slice(0, index)),
    ]),
    ...inspectGenerated(examined, view),
    ...inspectExecutable(examined, view),
    ...inspectCommands(examined, view),
    ...inspectWorkdir(examined, view),
    ...inspectOutput(examined, view),
  ]
}

/** A link in such a place could have them mounted elsewhere: the knot refuses it. */
const inspectSystem = ({ subject, image }: Examined): readonly Finding[] =>
  ['/dev', '/proc', '/sys'].flatMap(path => {
    const stats = ownStatsOf(image + path)
    if (stats?.isDirectory()) return []
    return [
      mistake(
        subject.process.file,
        [subject.process.name, 'image'],
        `The image ${image} ${stats === null ? 'has no' : 'needs a real'} directory ` +
          `${path}, over which the system is mounted`,
      ),
    ]
  })

const inspectSource = ({ subject }: Examined, volume: SpecVolume): readonly Finding[] => {
  if (volume.kind === 'tmpfs' || volume.kind === 'statedir') return []
  const found = lookInside(volume.base, volume.path)
  if (found.kind !== 'missing') return []
  const source = volume.path === '/' ? volume.base : `${volume.base}${volume.path}`
  const problem = (text: string): readonly Finding[] => [
    mistake(
      subject.container.file,
      ['volumes', keyOf(subject.container.value.volumes, volume.target)],
      `The volume at ${volume.target} of ${nameOf(subject)} ${text}`,
    ),
  ]
  if (volume.kind === 'persistent' && volume.make !== null) {
    const obstacle = obstacleToMake(volume.base, componentsOf(volume.path))
    return obstacle === null ? [] : problem(`cannot be made: ${volume.base}${obstacle}`)
  }
  const advice = volume.kind === 'persistent' ? ' (see `mkdir`)' : ''
  return problem(`is not there: ${source} on the host ${found.reason}${advice}`)
}

/** Directories are made below what is one; a link that leads nowhere is in the way. */
const obstacleToMake = (base: string, names: readonly string[]): string | null => {
  for (let count = 1; count <= names.length; count += 1) {
    const path = `/${names.slice(0, count).join('/')}`
    const found = lookInside(base, path)
    if (found.kind === 'found' && !found.stats.isDirectory()) return `${path} is no directory`
    if (found.kind !== 'missing') continue
    const parent = lookInside(base, `/${names.slice(0, count - 1).join('/')}`)
    const entry = parent.kind === 'found' ? `${parent.host}/${names[count - 1]}` : ''
    const isThere = ownStatsOf(entry) !== null
    return isThere ? `${path} is a link that leads nowhere` : null
  }
  return null
}

/** Mount points as they are spelled, which need not be tidy. */
const keyOf = (keys: ReadonlyMap<string, unknown>, target: string): string =>
  [...keys.keys()].find(key => `/${componentsOf(key).join('/')}` === target) ?? target

const inspectMountPoint = (
  examined: Examined,
  volume: SpecVolume,
  before: readonly SpecVolume[],
): readonly Finding[] => {
  const { subject } = examined
  const found = viewOf(examined, before).look(volume.target)
  if (found.kind === 'unknown') return []
  const problem = (text: string): readonly Finding[] => [
    mistake(
      subject.container.file,
      ['volumes', keyOf(subject.container.value.volumes, volume.target)],
      `The mount point ${volume.target} of ${nameOf(subject)} ${text}`,
    ),
  ]
  if (found.kind === 'missing')
    return problem(`is not in the image ${examined.image}: ${found.at} ${found.reason}`)
  return needsFile(volume) === found.stats.isDirectory()
    ? problem(`is ${found.stats.isDirectory() ? 'a' : 'no'} directory, and its source is not so`)
    : []
}

/** A file can be a volume, too, over a file. */
const needsFile = (volume: SpecVolume): boolean => {
  if (volume.kind === 'tmpfs' || volume.kind === 'statedir') return false
  const source = lookInside(volume.base, volume.path)
  return source.kind === 'found' && !source.stats.isDirectory()
}

const inspectGenerated = (examined: Examined, view: View): readonly Finding[] => {
  const { subject, spec } = examined
  const files = [
    ['hosts-file', '/etc/hosts', spec.hosts],
    ['resolv-conf', '/etc/resolv.conf', spec.resolvConf],
  ] as const
  return files.flatMap(([key, path, { mount, copyFrom }]) => {
    const source =
      copyFrom === null || statsOf(copyFrom)?.isFile()
        ? []
        : [
            mistake(
              subject.sandbox.file,
              [key],
              `The file ${copyFrom}, to be copied for ${nameOf(subject)}, is not there`,
            ),
          ]
    const obstacle = mount === true ? obstacleAt(view, path) : null
    return obstacle === null
      ? source
      : [
          ...source,
          mistake(
            subject.container.file,
            [key, 'mount'],
            `${path} is not a valid mount point in ${nameOf(subject)}: ${obstacle}`,
          ),
        ]
  })
}

/** The file is mounted over only where it stands by its own name. */
const obstacleAt = (view: View, path: string): string | null => {
  const found = view.look(path)
  if (found.kind === 'unknown') return null
  if (found.kind === 'missing') return `${found.at} ${found.reason}`
  if (!found.stats.isFile()) return 'it is no regular file'
  return found.isBehindLink ? 'it is a link, or behind one' : null
}

const inspectExecutable = (examined: Examined, view: View): readonly Finding[] => {
  const { subject, spec } = examined
  const say = (severity: typeof mistake, text: string): Finding =>
    severity(
      subject.container.file,
      ['executable'],
      `The executable ${spec.executable} of ${nameOf(subject)} ${text}`,
    )
  const isAbsolute = spec.executable.startsWith('/')
  const path = isAbsolute ? spec.executable : `${spec.workdir}/${spec.executable}`
  const relative = isAbsolute
    ? []
    : [say(warning, `is no absolute path, and is looked for in ${spec.workdir} only`)]

  const obstacle = obstacleTo(view, spec, path)
  return obstacle === null ? relative : [...relative, say(mistake, obstacle)]
}

/** What is run beside the application, as the application is. */
const inspectCommands = ({ subject, spec }: Examined, view: View): readonly Finding[] => {
  const { ready, healthy, preStop } = spec.policy ?? {}
  return [
    [['ready', 'exec', 0], ready?.probe.command] as const,
    [['healthy', 'exec', 0], healthy?.probe.command] as const,
    [['pre-stop'], preStop?.command] as const,
  ].flatMap(([path, command]) => {
    const program = command?.[0]
    if (program === undefined || !program.startsWith('/')) return []
    const obstacle = obstacleTo(view, spec, program)
    const what = `The program ${program} of \`${path[0]}\` of ${nameOf(subject)}`
    return obstacle === null ? [] : [mistake(subject.container.file, path, `${what} ${obstacle}`)]
  })
}

const inspectWorkdir = ({ subject, spec }: Examined, view: View): readonly Finding[] => {
  const found = view.look(spec.workdir)
  const obstacle =
    spec.workdir === ''
      ? 'has no name; the root of the image is "/"'
      : found.kind === 'unknown'
        ? isDescriptor(found)
          ? 'is a descriptor, of which the application has none yet'
          : closedVolume(spec, found)
        : found.kind === 'missing'
          ? `is not there: ${found.at} ${found.reason}`
          : !found.stats.isDirectory()
            ? 'is not a directory'
            : closedOnTheWay({ ...found, searched: [...found.searched, found.host] }, spec)
  return obstacle === null
    ? []
    : [
        mistake(
          subject.container.file,
          ['workdir'],
          `The workdir ${spec.workdir} of ${nameOf(subject)} ${obstacle}`,
        ),
      ]
}

const isDescriptor = ({ mount, below }: Extract<Found, { kind: 'unknown' }>): boolean =>
  mount === '/proc' && /(?:^|\/)fd\/\d+(?:\/|$)/.test(below.join('/'))

/** It is opened to append, by root, and made if it is not there. */
const inspectOutput = ({ subject, spec }: Examined, view: View): readonly Finding[] => {
  if (spec.outputFile === null) return []
  const problem = (text: string): readonly Finding[] => [
    mistake(
      subject.container.file,
      ['stdout-stderr-file'],
      `The output file ${spec.outputFile} of ${nameOf(subject)} ${text}`,
    ),
  ]
  const parent = view.look(componentsOf(spec.outputFile).slice(0, -1).join('/'))
  if (parent.kind === 'unknown')
    return ['/proc', '/sys'].includes(parent.mount)
      ? problem(`is in ${parent.mount}, where there is no place for output`)
      : []
  if (parent.kind === 'missing') return problem(`has no directory: ${parent.at} ${parent.reason}`)
  const isWritable = parent.mount !== null && view.kindOf(parent.mount) === 'persistent'
  const name = componentsOf(spec.outputFile).at(-1) ?? '.'
  // No link is followed there: whoever may write the directory could choose what root opens.
  if (ownStatsOf(`${parent.host}/${name}`)?.isSymbolicLink())
    return problem('is a link, and none is followed there')
  const own = view.look(spec.outputFile)
  const isDirectory = own.kind === 'unknown' || (own.kind === 'found' && own.stats.isDirectory())
  if (isDirectory) return problem('is a directory')
  if (own.kind === 'found' && own.stats.isSocket()) return problem('is a socket')
  if (own.kind === 'found' && own.stats.isFIFO())
    return [
      warning(
        subject.container.file,
        ['stdout-stderr-file'],
        `The output file ${spec.outputFile} of ${nameOf(subject)} is a pipe: nothing is started ` +
          'while nobody reads it',
      ),
    ]
  const isDevice = own.kind === 'found' && own.stats.isCharacterDevice()
  return isWritable || isDevice ? [] : problem('is on a file system that is read-only')
}
