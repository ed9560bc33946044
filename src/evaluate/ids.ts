/**
 * Which user and group a container runs as, and whether it may.
 *
 *     the sandbox has maps       the id must be allowed, and in its map
 *     the container has maps     the id must be in its map, and the map within the allowed ranges
 *     nobody has                 the id must be allowed; there is no user namespace
 *
 * A map for users alone is an empty one for groups, and the other way round: of it nobody is.
 */
import { firstForbidden, isMapped, whyUnusable } from '../config/idMaps.ts'
import { isInRanges } from '../config/ranges.ts'
import type { Container, IdMapping, Range, Sandbox } from '../config/shapes.ts'
import { mistake } from './finding.ts'
import type { Finding } from './finding.ts'
import { nameOf } from './subject.ts'
import type { Subject } from './subject.ts'

/** What differs between users and groups. */
interface Kind {
  readonly noun: 'User' | 'Group'
  readonly short: 'uid' | 'gid'
  readonly own: number | null
  readonly standard: number | null
  readonly allowed: readonly Range[]
  /** Of this kind; `maps` says whether there is a user namespace at all. */
  readonly sandboxMap: readonly IdMapping[]
  readonly containerMap: readonly IdMapping[]
  readonly maps: Maps | null
}

export interface Maps {
  readonly of: 'sandbox' | 'container'
  readonly users: readonly IdMapping[]
  readonly groups: readonly IdMapping[]
}

/** Both maps are those of one file: the administrator's, if that has any. Null: neither has. */
export const mapsOf = (sandbox: Sandbox, container: Container): Maps | null => {
  const both = (of: Maps['of'], { uidMap, gidMap }: Sandbox | Container): Maps | null =>
    uidMap.length === 0 && gidMap.length === 0 ? null : { of, users: uidMap, groups: gidMap }
  return both('sandbox', sandbox) ?? both('container', container)
}

const kindsOf = (
  { sandbox, container }: Subject,
  maps = mapsOf(sandbox.value, container.value),
): readonly [user: Kind, group: Kind] => [
  {
    noun: 'User',
    short: 'uid',
    own: container.value.userId,
    standard: sandbox.value.defaultUser,
    allowed: sandbox.value.allowUsers,
    sandboxMap: sandbox.value.uidMap,
    containerMap: container.value.uidMap,
    maps,
  },
  {
    noun: 'Group',
    short: 'gid',
    own: container.value.groupId,
    standard: sandbox.value.defaultGroup,
    allowed: sandbox.value.allowGroups,
    sandboxMap: sandbox.value.gidMap,
    containerMap: container.value.gidMap,
    maps,
  },
]

/** The ids, where the rules below have found nothing. */
export const effectiveIds = (
  subject: Subject,
): { readonly user: number; readonly group: number } => {
  const [user, group] = kindsOf(subject)
  return { user: user.own ?? user.standard ?? nobody, group: group.own ?? group.standard ?? nobody }
}

/** To the kernel this number means "leave it as it is". */
const nobody = 0xffff_ffff

export const checkIds = (subject: Subject): readonly Finding[] =>
  kindsOf(subject).flatMap(kind => checkKind(subject, kind))

const checkKind = (subject: Subject, kind: Kind): readonly Finding[] => {
  const { sandbox, container } = subject
  const noun = kind.noun.toLowerCase()
  const id = kind.own ?? kind.standard
  if (id === null)
    return [
      mistake(
        container.file,
        [],
        `Neither ${noun} id is specified nor default is found: set \`${noun}-id\` here, ` +
          `or \`default-${noun}\` in ${sandbox.file}`,
      ),
    ]

  const complain = (text: string, reason = ''): Finding => {
    const message = `${text} (${kind.short}: ${id}) for ${nameOf(subject)}${reason}`
    return kind.own === null
      ? mistake(sandbox.file, [`default-${noun}`], message)
      : mistake(container.file, [`${noun}-id`], message)
  }

  const findings = [...checkMaps(subject, kind)]
  if (id === nobody) findings.push(complain(`The highest number is no ${noun}`))
  const map = kind.short === 'uid' ? kind.maps?.users : kind.maps?.groups
  if (map !== undefined && !isMapped(map, id))
    findings.push(
      complain(
        `${kind.noun} is not in mapped range`,
        map.length > 0 ? '' : `: there is no \`${kind.short}-map\` beside the other one`,
      ),
    )
  if (kind.maps?.of !== 'container' && !isInRanges(kind.allowed, id))
    findings.push(
      complain(
        `${kind.noun} is not in allowed range`,
        `: \`allow-${noun}s\` of ${sandbox.file} is ${shown(kind.allowed)}`,
      ),
    )
  return findings
}

const checkMaps = (
  { sandbox, container }: Subject,
  { short, noun, sandboxMap, containerMap, allowed, maps }: Kind,
): readonly Finding[] => {
  const key = `${short}-map`
  const files = [
    [sandbox.file, sandboxMap],
    [container.file, containerMap],
  ] as const
  return [
    ...files.flatMap(([file, map]) => {
      const reason = whyUnusable(map)
      return reason === null ? [] : [mistake(file, [key], `Bad ${short} mapping: ${reason}`)]
    }),
    ...(maps?.of === 'sandbox' && containerMap.length > 0
      ? [
          mistake(
            container.file,
            [key],
            sandboxMap.length > 0
              ? `Can't have ${short}_maps in both the sandbox and a container itself: remove ` +
                  `\`${key}\` here or in ${sandbox.file}`
              : `Can't have \`${key}\` in a container whose sandbox (${sandbox.file}) has a map`,
          ),
        ]
      : []),
    ...(firstForbidden(containerMap, allowed) === null
      ? []
      : [
          mistake(
            container.file,
            [key],
            `Bad ${short} mapping (probably doesn't match allow_${noun.toLowerCase()}s): what it ` +
              `maps to must lie within \`allow-${noun.toLowerCase()}s\` of ${sandbox.file}, ` +
              `which is ${shown(allowed)}`,
          ),
        ]),
  ]
}

const shown = (ranges: readonly Range[]): string =>
  ranges.length === 0
    ? 'empty'
    : ranges.map(({ from, to }) => (from === to ? String(from) : `${from}-${to}`)).join(', ')
