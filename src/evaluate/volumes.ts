/**
 * Where the volumes of a container come from. The image names virtual paths; the administrator
 * says in `readonly-paths` and `writable-paths` what they are on the host. Of several entries
 * that contain a path the outermost is meant, compared name by name.
 */
import { cwd } from 'node:process'
import { below } from '../config/places.ts'
import type { Container, Sandbox, Volume } from '../config/shapes.ts'
import type { SpecVolume } from '../spec.ts'
import { mistake } from './finding.ts'
import type { Finding } from './finding.ts'
import { componentsOf } from './inside.ts'
import { nameOf } from './subject.ts'
import type { Subject } from './subject.ts'

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
export const placeVolumes = (sandbox: Sandbox, container: Container): readonly SpecVolume[] =>
  [...container.volumes]
    .flatMap(([mountPoint, volume]) => place(sandbox, tidy(mountPoint), volume))
    .sort((a, b) => a.target.length - b.target.length || (a.target < b.target ? -1 : 1))

const place = (sandbox: Sandbox, target: string, volume: Volume): readonly SpecVolume[] => {
  if (volume.kind === 'Tmpfs')
    return [{ kind: 'tmpfs', target, size: volume.size, mode: volume.mode }]
  if (volume.kind === 'Statedir')
    return [{ kind: 'statedir', target, path: tidy(volume.path), make: owned(volume) }]

  const source = sourceOf(sandbox, volume)
  if (source === null) return []
  return volume.kind === 'Readonly'
    ? [{ kind: 'readonly', target, ...source }]
    : [{ kind: 'persistent', target, ...source, make: volume.mkdir ? owned(volume) : null }]
}

const owned = ({ mode, user, group }: Extract<Volume, { kind: 'Persistent' | 'Statedir' }>) => ({
  mode,
  user,
  group,
})

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
    base: below(cwd(), first.host),
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
