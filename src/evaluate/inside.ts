/**
 * Looking into an image as its container will see it: every link is followed as if the image
 * were the root, so none leads out of it, and volumes lie where they will be mounted.
 */
import { lstatSync, readlinkSync, statSync } from 'node:fs'
import type { Stats } from 'node:fs'

export type Found =
  | {
      readonly kind: 'found'
      readonly host: string
      readonly stats: Stats
      /** The mount point it lies below; null in the image itself. */
      readonly mount: string | null
      /** The directories on the way, on the host: who goes there must be allowed to search them. */
      readonly searched: readonly string[]
      readonly isBehindLink: boolean
    }
  /** `at` is the first component that is not there, as the container would call it. */
  | { readonly kind: 'missing'; readonly at: string; readonly reason: string }
  /** At or below a mount point of which nobody knows yet what it will hold. */
  | { readonly kind: 'unknown'; readonly mount: string; readonly below: readonly string[] }

/** Mount point to what will be there, on the host; null where that is only there at the start. */
export type Mounts = ReadonlyMap<string, string | null>

/** As many as the kernel follows. */
const linksMax = 40

export const lookInside = (root: string, path: string, mounts: Mounts = new Map()): Found => {
  const walk = { at: '/' }
  try {
    return follow(root, path, mounts, walk)
  } catch (error) {
    return { kind: 'missing', at: walk.at, reason: reasonOf(error) }
  }
}

interface Step {
  readonly name: string
  readonly host: string
  readonly mount: string | null
}

const follow = (root: string, path: string, mounts: Mounts, walk: { at: string }): Found => {
  const waiting = componentsOf(path)
  const trail: Step[] = []
  const searched = new Set<string>()
  let links = 0

  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
    if (name === '.') continue
    if (name === '..') {
      trail.pop()
      continue
    }
    walk.at = `/${[...trail.map(step => step.name), name].join('/')}`
    const mounted = mounts.get(walk.at)
    const parent = trail.at(-1)?.host ?? root
    searched.add(parent)
    if (mounted === null) return { kind: 'unknown', mount: walk.at, below: waiting }
    if (mounted !== undefined) {
      trail.push({ name, host: mounted, mount: walk.at })
      continue
    }
    const host = `${parent}/${name}`
    const stats = lstatSync(host)
    if (stats.isSymbolicLink()) {
      links += 1
      if (links > linksMax)
        return { kind: 'missing', at: walk.at, reason: 'leads through too many links' }
      const target = readlinkSync(host)
      if (target.startsWith('/')) trail.length = 0
      waiting.unshift(...componentsOf(target))
      continue
    }
    if (waiting.length > 0 && !stats.isDirectory())
      return { kind: 'missing', at: walk.at, reason: 'is not a directory' }
    trail.push({ name, host, mount: trail.at(-1)?.mount ?? null })
  }

  const { host, mount } = trail.at(-1) ?? { host: root, mount: null }
  return {
    kind: 'found',
    host,
    stats: statSync(host),
    mount,
    searched: [...searched],
    isBehindLink: links > 0,
  }
}

export const componentsOf = (path: string): string[] => path.split('/').filter(name => name !== '')

/** What finishes the sentence that a path begins. */
export const reasonOf = (error: unknown): string => {
  const code = (error as NodeJS.ErrnoException).code ?? String(error)
  return reasons.get(code) ?? code
}

const reasons: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'does not exist'],
  ['ENOTDIR', 'is no directory, or below what is none'],
  ['EACCES', 'cannot be looked at: permission denied'],
  ['ENAMETOOLONG', 'has a name that is too long'],
])
