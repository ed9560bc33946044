/**
 * Where the control groups of this machine are: which hierarchies, mounted where, and which
 * directory in each is ours. Nothing is made here; see actors/cgroups.ts.
 *
 * A v1 hierarchy is chosen by the controllers it has. What v1 has not, v2 has: its `io` is
 * `blkio`, and what `cpuacct` and the hierarchy called `name` are for needs no controller there.
 */
import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

export interface Hierarchy {
  readonly controllers: readonly string[]
  /** Our group in it. */
  readonly slice: string
}

export interface Layout {
  readonly v1: readonly Hierarchy[]
  /**
   * `controllers` are to be enabled in every group from `mount` to `slice`; `isDelegated`: after we
   * have left them, for only the first group of all may have both, processes and controllers.
   */
  readonly v2: (Hierarchy & { readonly mount: string; readonly isDelegated?: true }) | null
  /** Without root: which controllers of those wanted we have not been given, and why. */
  readonly withheld?: Withheld
  /** Sentences. With any of them nothing of this layout may be used. */
  readonly problems: readonly string[]
}

export interface Withheld {
  readonly controllers: readonly string[]
  readonly why: string
}

export interface Groups {
  readonly v1: readonly { readonly controllers: readonly string[]; readonly dir: string }[]
  readonly v2: string | null
  /** Controllers that are not to be had. */
  readonly withheld?: readonly string[]
}

export const noCgroups: Layout = { v1: [], v2: null, problems: [] }

/** The groups of the whole supervisor, as src/plan.ts wants them. */
export const slicesOf = ({ v1, v2, withheld }: Layout): Groups => ({
  v1: v1.map(({ controllers, slice }) => ({ controllers, dir: slice })),
  v2: v2?.slice ?? null,
  ...(withheld !== undefined && { withheld: withheld.controllers }),
})

/** The groups of one container. */
export const groupsOf = ({ v1, v2 }: Layout, instance: string): Groups => {
  const scope = scopeName(instance)
  return {
    v1: v1.map(({ controllers, slice }) => ({ controllers, dir: join(slice, scope) })),
    v2: v2 === null ? null : join(v2.slice, scope),
  }
}

/** `S:P.N.scope` for `S/P.N`. */
export const scopeName = (instance: string): string => `${instance.replaceAll('/', ':')}.scope`

/** Null where the file is not there. */
export type Read = (path: string) => string | null

export interface Wanted {
  readonly cgroupName: string | null
  readonly controllers: readonly string[]
  /** Taken where the host has them. */
  readonly further?: readonly string[]
  /** Without root: the supervisor, where somebody else asks. */
  readonly supervisor?: number | null
}

/** Our groups are below those of pid 1, in each hierarchy; without root, see delegated.ts. */
export const findLayout = (wanted: Wanted, read: Read = readOrNull): Layout => {
  if (wanted.cgroupName === null) return noCgroups
  const initGroups = parseGroups(read('/proc/1/cgroup') ?? '')
  const mounts = parseMounts(read('/proc/self/mountinfo') ?? '')
  const name = wanted.cgroupName
  const unified = findUnified(initGroups, mounts)
  const v1 = new Map<Group, string[]>()
  const inV2 = new Set<string>()
  const problems: string[] = []

  const further = wanted.further ?? []
  for (const controller of new Set([...wanted.controllers, ...further])) {
    const group = initGroups.find(({ names }) => names.includes(nameInV1(controller)))
    const v2Name = namesInV2[controller] ?? controller
    if (group !== undefined) v1.set(group, [...(v1.get(group) ?? []), controller])
    else if (unified !== null && v2Name === '') inV2.add('')
    else if (unified !== null && offered(unified, read).includes(v2Name)) inV2.add(v2Name)
    else if (!further.includes(controller)) problems.push(notMounted(controller))
  }
  const hierarchies = [...v1].map(([group, controllers]) => {
    const dir = directoryOf(group, mounts)
    if (dir === null) problems.push(...controllers.map(notMounted))
    return { controllers, slice: join(dir ?? '/', name) }
  })
  const v2 = unified === null || inV2.size === 0 ? null : unified
  return {
    v1: hierarchies,
    v2: v2 && {
      mount: v2.mount,
      slice: join(v2.dir, name),
      controllers: [...inV2].filter(Boolean),
    },
    problems,
  }
}

export const nameInV1 = (controller: string) =>
  controller === 'name' ? 'name=systemd' : controller

/** The empty name: there without any controller. */
export const namesInV2: Readonly<Record<string, string>> = { name: '', cpuacct: '', blkio: 'io' }

const notMounted = (controller: string) =>
  `CGroup ${controller} not mounted: neither a v1 hierarchy nor v2 offers it; mount it, ` +
  'leave it out of cgroup-controllers, or set cgroup-name to null'

// ---- v2 ----------------------------------------------------------------------------------

interface Unified {
  readonly mount: string
  readonly dir: string
}

const findUnified = (groups: readonly Group[], mounts: readonly Mount[]): Unified | null => {
  const group = groups.find(({ names }) => names.length === 0)
  const mount = mounts.find(({ type }) => type === 'cgroup2')
  if (group === undefined || mount === undefined) return null
  // systemd puts pid 1 into a leaf of its own, and in v2 no group may have both: processes and
  // children with controllers.
  const dir = below(mount, group.path.replace(/\/init\.scope$/, '') || '/')
  return dir === null ? null : { mount: mount.point, dir }
}

const offered = ({ mount }: Unified, read: Read): readonly string[] =>
  (read(join(mount, 'cgroup.controllers')) ?? '').split(/\s+/)

// ---- reading /proc -----------------------------------------------------------------------

export interface Group {
  /** Controllers of v1, or `name=…`; none for v2. */
  readonly names: readonly string[]
  readonly path: string
}

/** Lines like `4:cpu,cpuacct:/path`, and `0::/path` for v2. */
export const parseGroups = (text: string): Group[] =>
  text.split('\n').flatMap(line => {
    const parts = /^\d+:([^:]*):(\/.*)$/.exec(line)
    if (parts === null) return []
    const [, names = '', path = '/'] = parts
    return [{ names: names.split(',').filter(Boolean), path }]
  })

export interface Mount {
  readonly type: string
  /** What of the hierarchy is to be seen at `point`. */
  readonly root: string
  readonly point: string
  readonly options: readonly string[]
}

export const parseMounts = (text: string): Mount[] =>
  text.split('\n').flatMap(line => {
    const [before = '', after = ''] = line.split(' - ')
    const [, , , root = '/', point = '/'] = before.split(' ')
    const [type = '', , options = ''] = after.split(' ')
    if (!type.startsWith('cgroup')) return []
    return [{ type, root: unescape(root), point: unescape(point), options: options.split(',') }]
  })

/** Blanks are written as `\040`. */
export const unescape = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)))

export const directoryOf = ({ names, path }: Group, mounts: readonly Mount[]): string | null => {
  const mount = mounts.find(
    ({ type, options }) => type === 'cgroup' && names.every(name => options.includes(name)),
  )
  return mount === undefined ? null : below(mount, path)
}

/** Null: what is mounted is another part of the hierarchy. */
export const below = ({ root, point }: Mount, path: string): string | null => {
  const inside = relative(root, path)
  return inside.startsWith('..') || path.includes('/..') ? null : join(point, inside)
}

export const readOrNull: Read = path => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
