/** What an instance can reach: mounts, descriptors, control groups; against what was promised. */
import type { Limit, Mount, Place, Promised, Seen } from './shapes.ts'

// ---------------------------------------------------------------------------
// Mounts
// ---------------------------------------------------------------------------

export const mountsOf = (seen: Seen, promised: Promised): readonly string[] => {
  // Of two on one place the one that came later is in front.
  const front = new Map(seen.mounts.map(mount => [mount.at, mount]))
  // What lies in a directory that is hidden is hidden with it.
  const covered = (path: string): boolean =>
    front.has(path) ||
    !seen.existing.has(path) ||
    promised.hidden.some(dir => path.startsWith(`${dir}/`) && front.has(dir))
  return [
    ...seen.mounts
      .filter(({ isShared }) => isShared)
      .map(({ at }) => `${at} is shared with others`),
    ...[...promised.mounts]
      .filter(([at, { optional }]) => !optional && !front.has(at))
      .map(([at]) => `nothing is mounted at ${at}`),
    ...[...front.values()].flatMap(mount => flagsOf(mount, promised)),
    ...promised.hidden.filter(path => !covered(path)).map(path => `${path} is not hidden`),
    ...promised.frozen
      .filter(path => !covered(path) || front.get(path)?.readonly === false)
      .map(path => `${path} can be written to`),
  ]
}

const flagNames = ['readonly', 'nosuid', 'nodev', 'noexec'] as const

/** Of itself, or of the mount that it came with. */
const flagsOf = (mount: Mount, promised: Promised): readonly string[] => {
  const wanted = promised.hidden.includes(mount.at)
    ? mask
    : promised.mounts.get(nearest(mount.at, promised))
  if (wanted === undefined) return []
  return flagNames
    .filter(flag => wanted[flag] && !mount[flag])
    .map(flag => `${mount.at} is not ${flag === 'readonly' ? 'read-only' : flag}`)
}

/** A file is hidden behind the null device, which must be one. */
const mask: Place = { readonly: true, nosuid: true, nodev: false, noexec: true }

const nearest = (at: string, { mounts }: Promised): string =>
  [...mounts.keys()]
    .filter(key => key === '/' || at === key || at.startsWith(`${key}/`))
    .reduce((best, key) => (key.length > best.length ? key : best), '/')

/** For people: where something can be changed. */
export const writablePlaces = ({ mounts }: Seen): readonly string[] => [
  ...new Set(
    [...new Map(mounts.map(mount => [mount.at, mount])).values()]
      .filter(({ readonly }) => !readonly)
      .map(({ at }) => at)
      .sort(),
  ),
]

// ---------------------------------------------------------------------------
// Descriptors
// ---------------------------------------------------------------------------

/**
 * 0, 1 and 2 may be what a log is, or a terminal; any other file has to be the container's. So has
 * the null device, whose mode its owner may change by a descriptor.
 */
export const descriptorsOf = ({ descriptors, mounts }: Seen): readonly string[] => {
  const inside = new Set(mounts.map(({ id }) => id))
  return descriptors
    .filter(
      ({ fd, target, mount }) =>
        (fd > 2 || target === nullDevice) &&
        target.startsWith('/') &&
        !isNameless(target) &&
        !inside.has(mount ?? -1),
    )
    .map(({ fd, target }) => `descriptor ${fd} is ${target} of the host`)
}

const nullDevice = '/dev/null'

/** Memory, and shared memory of no file: they belong to mounts of the kernel's own. */
const isNameless = (target: string): boolean =>
  target.startsWith('/memfd:') || target.startsWith('/SYSV') || target.startsWith('/dev/zero (')

// ---------------------------------------------------------------------------
// Control groups
// ---------------------------------------------------------------------------

export const groupsOf = (seen: Seen, promised: Promised): readonly string[] => {
  const soft = seen.resources.get('Max open files')
  const [files] = soft ?? [0]
  return [
    ...promised.groups
      .filter(group => !seen.groups.includes(group))
      .map(group => `is not in the control group ${group}`),
    ...promised.limits.flatMap(limit => limitOf(limit, seen.limits.get(limit.file) ?? null)),
    ...(files === null || files === undefined || files > promised.files
      ? [`may open ${files ?? 'any number of'} files instead of ${promised.files}`]
      : []),
    ...(seen.oomScoreAdj !== null && seen.oomScoreAdj < 0
      ? [`is spared when memory is short (oom_score_adj ${seen.oomScoreAdj})`]
      : []),
  ]
}

const limitOf = ({ file, value, optional }: Limit, shown: string | null): readonly string[] => {
  if (shown === null) return optional ? [] : [`${file} cannot be read, it should hold ${value}`]
  return isWithin(value, shown) ? [] : [`${file} holds ${shown} instead of ${value}`]
}

/** The kernel rounds bytes to pages, and writes some numbers with a word before them. */
const isWithin = (wanted: string, shown: string): boolean => {
  const [want = '', ...moreWanted] = wordsOf(wanted)
  const [have = '', ...moreShown] = wordsOf(shown)
  if (want === 'max' || want.startsWith('-')) return true
  if (have === want) return moreWanted.length === 0 || moreWanted.join() === moreShown.join()
  if (!/^\d+$/.test(want) || !/^\d+$/.test(have)) return false
  const isProportion = moreWanted.length === 0 && BigInt(want) < 100_000n
  return !isProportion && BigInt(have) <= BigInt(want)
}

const wordsOf = (text: string): readonly string[] =>
  text
    .replace(/^default /, '')
    .trim()
    .split(/\s+/)
