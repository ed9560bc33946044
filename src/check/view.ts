/**
 * The file system of a container before it exists: the image, and on it everything that will be
 * mounted, in order. What is only made at the start is known not to be known.
 */
import type { Examined } from '../evaluate/sandbox.ts'
import { lookInside } from '../evaluate/inside.ts'
import type { Found, Mounts } from '../evaluate/inside.ts'
import type { SpecVolume } from '../spec.ts'

export interface View {
  readonly look: (path: string) => Found
  readonly mounts: Mounts
  readonly kindOf: (mountPoint: string) => SpecVolume['kind'] | 'system'
}

/** `volumes`: those that are mounted already. */
export const viewOf = (
  { image, spec }: Examined,
  volumes: readonly SpecVolume[] = spec.volumes,
): View => {
  const mounts = new Map<string, string | null>([
    ['/dev', spec.places.devices],
    ['/dev/pts', null],
    ['/proc', null],
    ['/sys', null],
    ...volumes.map(volume => [volume.target, sourceOf(volume)] as const),
  ])
  return {
    look: path => lookInside(image, path, mounts),
    mounts,
    kindOf: mountPoint => volumes.findLast(({ target }) => target === mountPoint)?.kind ?? 'system',
  }
}

/** What will be mounted there, where it is on the host already. */
export const sourceOf = (volume: SpecVolume): string | null => {
  if (volume.kind === 'tmpfs' || volume.kind === 'statedir') return null
  const found = lookInside(volume.base, volume.path)
  return found.kind === 'found' ? found.host : null
}
