/**
 * Where the volumes of a container come from. The image names virtual paths; the administrator
 * says in `readonly-paths` and `writable-paths` what they are on the host. Of several entries
 * that contain a path the outermost is meant, compared name by name.
 */
import { below } from '../config/places.ts'
import type { Container, Sandbox, Volume } from '../config/shapes.ts'
import { toOutside } from '../config/idMaps.ts'
import type { Owned, SpecVolume } from '../spec.ts'
import { mistake, warning } from './finding.ts'
import type { Finding } from './finding.ts'
import { componentsOf } from './inside.ts'
import { nameOf } from './subject.ts'
import { mapsOf } from './ids.ts'
import type { Maps } from './ids.ts'
import type { Subject } from './subject.ts'
import { here } from '../../native/here.ts'

export interface Source {
  /** The administrator's, absolute. */
  readonly base: string
  /** What is left below it, beginning with a slash. */
  readonly path: string
}

/**
 * In the order of the lengths of their mount points, so that outer ones are mounted first. Volumes
 * without a source are left out: `checkVolumes` has said so.
 */
export const placeVolumes = (sandbox: Sandbox, container: Container): readonly SpecVolume[] => {
  const maps = mapsOf(sandbox, container)
  return [...container.volumes]
    .flatMap(([mountPoint, volume]) => place(sandbox, tidy(mountPoint), volume, maps))
    .sort((a, b) => a.target.length - b.target.length || (a.target < b.target ? -1 : 1))
}

const place = (
  sandbox: Sandbox,
  target: string,
  volume: Volume,
  maps: Maps | null,
): readonly SpecVolume[] => {
  if (volume.kind === 'Tmpfs') {
    const { size, mode } = volume
    const owner = onHost(maps, { user: 0, group: 0 })
    return [{ kind: 'tmpfs', target, size, mode, ...(maps !== null && { owner }) }]
  }
  if (volume.kind === 'Statedir')
    return [{ kind: 'statedir', target, path: tidy(volume.path), make: owned(volume, maps) }]

  const source = sourceOf(sandbox, volume)
  if (source === null) return []
  return volume.kind === 'Readonly'
    ? [{ kind: 'readonly', target, ...source }]
    : [{ kind: 'persistent', target, ...source, make: volume.mkdir ? owned(volume, maps) : null }]
}

type Made = Extract<Volume, { kind: 'Persistent' | 'Statedir' }>
type Owner = Pick<Owned, 'user' | 'group'>

const owned = ({ mode, user, group }: Made, maps: Maps | null): Owned => ({
  mode,
  ...onHost(maps, { user, group }),
})

/** Who they are on the host. Of ids that no map knows there is a finding, except for root. */
const onHost = (maps: Maps | null, { user, group }: Owner): Owner =>
  maps === null
    ? { user, group }
    : {
        user: toOutside(maps.users, user) ?? 0,
        group: toOutside(maps.groups, group) ?? 0,
      }

const tidy = (path: string): string => `/${componentsOf(path).join('/')}`

const sourceOf = (
  { readonlyPaths, writablePaths }: Sandbox,
  { kind, path }: Extract<Volume, { kind: 'Readonly' | 'Persistent' }>,
): Source | null =>
  (kind === 'Readonly' ? lookUp(readonlyPaths, path) : null) ?? lookUp(writablePaths, path)

const lookUp = (paths: ReadonlyMap<string, string>, path: string): Source | null => {
  const wanted = componentsOf(path)
  const containing = [...paths]
    .map(([virtual, host]) => ({ prefix: componentsOf(virtual), host }))
    .filter(({ prefix }) => prefix.every((name, index) => wanted[index] === name))
    .sort((a, b) => a.prefix.length - b.prefix.length)
  const [first] = containing
  if (first === undefined) return null
  return {
    base: below(here(), first.host),
    path: `/${wanted.slice(first.prefix.length).join('/')}`,
  }
}

export const checkVolumes = (subject: Subject): readonly Finding[] => {
  const { sandbox, container } = subject
  return [...container.value.volumes].flatMap(([mountPoint, volume]) => {
    if (volume.kind === 'Tmpfs' || volume.kind === 'Statedir') return []
    if (sourceOf(sandbox.value, volume) !== null) return []
    const keys =
      volume.kind === 'Readonly'
        ? '`readonly-paths` or `writable-paths`'
        : '`writable-paths`, the only ones for a !Persistent volume,'
    return [
      mistake(
        container.file,
        ['volumes', mountPoint],
        `Can't find volume for "${volume.path}", needed by ${nameOf(subject)}: ` +
          `no entry of ${keys} in ${sandbox.file} contains it`,
      ),
    ]
  })
}

/**
 * Owners are ids of the container. The original translated them by the maps of a container only;
 * with those of a sandbox, what it made belongs to somebody else on the host than what we make.
 */
export const checkOwners = (subject: Subject): readonly Finding[] => {
  const { sandbox, container } = subject
  const maps = mapsOf(sandbox.value, container.value)
  if (maps === null) return []
  return [...container.value.volumes].flatMap(([mountPoint, volume]) => {
    if (volume.kind !== 'Statedir' && !(volume.kind === 'Persistent' && volume.mkdir)) return []
    return (['user', 'group'] as const).flatMap(noun => {
      const id = volume[noun]
      const outside = toOutside(noun === 'user' ? maps.users : maps.groups, id)
      const path = ['volumes', mountPoint]
      const of = `${noun} ${id} for volume ${mountPoint}`
      if (outside === null)
        return maps.of === 'sandbox' && id === 0
          ? [warning(container.file, path, `Non-mapped ${of}: it is that of the host`)]
          : [mistake(container.file, path, `Non-mapped ${of} of ${nameOf(subject)}`)]
      return maps.of === 'container' || outside === id || volume.kind === 'Statedir'
        ? []
        : [
            warning(
              container.file,
              path,
              `The ${of} of ${nameOf(subject)} is ${outside} on the host, by the maps of ` +
                `${sandbox.file}; the original took the number as it is, so what it has made ` +
                `there may need a chown`,
            ),
          ]
    })
  })
}
