/**
 * The file system of a container before it exists: the image, and on it everything that will be
 * mounted, in order. What is only made at the start is known not to be known.
 */
import type { Examined } from '../evaluate/sandbox.ts'
import { componentsOf, lookInside } from '../evaluate/inside.ts'
import type { Found, Mounts } from '../evaluate/inside.ts'
import type { SpecVolume } from '../spec.ts'

export interface View {
  readonly look: (path: string) => Found
  readonly mounts: Mounts
  readonly kindOf: (mountPoint: string) => SpecVolume['kind'] | 'system'
}

/** `volumes`: those that are mounted already. */
export const viewOf = (
  { image, spec }: Pick<Examined, 'image' | 'spec'>,
  volumes: readonly SpecVolume[] = spec.volumes,
): View => {
  const mounts = new Map<string, string | null>([
    ['/dev', spec.places.devices],
    ['/dev/pts', null],
    ['/proc', null],
    ['/sys', null],
    ...volumes.map(volume => [volume.target, sourceOf(volume)] as const),
  ])
  const look = (path: string): Found => {
    const found = lookInside(image, path, mounts)
    return found.kind === 'unknown' ? foreseen(found, volumes) : found
  }
  return {
    look,
    mounts,
    kindOf: mountPoint => volumes.findLast(({ target }) => target === mountPoint)?.kind ?? 'system',
  }
}

type Unknown = Extract<Found, { kind: 'unknown' }>

/** Of what is only made at the start, this is known: nobody has put anything into it. */
const foreseen = (found: Unknown, volumes: readonly SpecVolume[]): Found => {
  const { mount, below } = found
  const volume = volumes.findLast(({ target }) => target === mount)
  const at = `${mount}/${below.join('/')}`
  const isCovered = volumes.some(
    ({ target }) => target.startsWith(`${mount}/`) && isWithin(at, target),
  )
  if (below.length === 0 || below.includes('..') || isCovered) return found
  if (volume?.kind === 'tmpfs')
    return { kind: 'missing', at, reason: `would be in the new, empty tmpfs at ${mount}` }
  if (volume?.kind === 'persistent' && !isMadeBelow(volume, volumes))
    return { kind: 'missing', at, reason: `would be in the new, empty directory at ${mount}` }
  if (volume?.kind !== 'statedir' || isMade(`${volume.path}/${below.join('/')}`, volumes))
    return found
  return { kind: 'missing', at, reason: `would be in the new, empty state directory at ${mount}` }
}

/** A volume in the state directory is made with all directories above it. */
const isMade = (path: string, volumes: readonly SpecVolume[]): boolean =>
  [
    ...volumes.flatMap(volume => (volume.kind === 'statedir' ? [volume.path] : [])),
    ...generated,
  ].some(made => isWithin(made, path))

/** Another volume may be made in one that is made itself. */
const isMadeBelow = (volume: SpecVolume & Source, volumes: readonly SpecVolume[]): boolean => {
  const source = `${volume.base}/${volume.path}`
  return volumes.some(
    other =>
      other !== volume &&
      other.kind === 'persistent' &&
      isWithin(`${other.base}/${other.path}`, source),
  )
}

type Source = { readonly base: string; readonly path: string }

const generated = ['/hosts', '/resolv.conf']

const isWithin = (path: string, outer: string): boolean => {
  const names = componentsOf(path)
  return componentsOf(outer).every((name, index) => names[index] === name)
}

/** What will be mounted there, where it is on the host already. */
export const sourceOf = (volume: SpecVolume): string | null => {
  if (volume.kind === 'tmpfs' || volume.kind === 'statedir') return null
  const found = lookInside(volume.base, volume.path)
  return found.kind === 'found' ? found.host : null
}
