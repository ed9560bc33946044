/**
 * Which user and group a container runs as, and whether it may.
 *
 *     the container has a map    the id must be in it, and the map within the allowed ranges
 *     else                       the id must be allowed, and in the map of the sandbox if any
 */
import { firstForbidden, isMapped } from '../config/idMaps.ts'
import { isInRanges } from '../config/ranges.ts'
import type { IdMapping, Range } from '../config/shapes.ts'
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
  readonly sandboxMap: readonly IdMapping[]
  readonly containerMap: readonly IdMapping[]
}

const kindsOf = ({ sandbox, container }: Subject): readonly [user: Kind, group: Kind] => [
  {
    noun: 'User',
    short: 'uid',
    own: container.value.userId,
    standard: sandbox.value.defaultUser,
    allowed: sandbox.value.allowUsers,
    sandboxMap: sandbox.value.uidMap,
    containerMap: container.value.uidMap,
  },
  {
    noun: 'Group',
    short: 'gid',
    own: container.value.groupId,
    standard: sandbox.value.defaultGroup,
    allowed: sandbox.value.allowGroups,
    sandboxMap: sandbox.value.gidMap,
    containerMap: container.value.gidMap,
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

  const findings: Finding[] = []
  if (id === nobody) findings.push(complain(`The highest number is no ${noun}`))
  if (kind.containerMap.length > 0) {
    if (!isMapped(kind.containerMap, id))
      findings.push(complain(`${kind.noun} is not in mapped range`))
    return [...findings, ...checkContainerMap(subject, kind)]
  }
  if (kind.sandboxMap.length > 0 && !isMapped(kind.sandboxMap, id))
    findings.push(complain(`${kind.noun} is not in mapped range`))
  if (!isInRanges(kind.allowed, id))
    findings.push(
      complain(
        `${kind.noun} is not in allowed range`,
        `: \`allow-${noun}s\` of ${sandbox.file} is ${shown(kind.allowed)}`,
      ),
    )
  return findings
}

const checkContainerMap = (
  { sandbox, container }: Subject,
  { short, noun, sandboxMap, containerMap, allowed }: Kind,
): readonly Finding[] => {
  const key = `${short}-map`
  return [
    ...(sandboxMap.length > 0
      ? [
          mistake(
            container.file,
            [key],
            `Can't have \`${key}\` in both the sandbox (${sandbox.file}) and a container itself`,
          ),
        ]
      : []),
    ...(firstForbidden(containerMap, allowed) === null
      ? []
      : [
          mistake(
            container.file,
            [key],
            `Bad ${short} mapping: what it maps to must lie within ` +
              `\`allow-${noun.toLowerCase()}s\` of ${sandbox.file}, which is ${shown(allowed)}`,
          ),
        ]),
  ]
}

const shown = (ranges: readonly Range[]): string =>
  ranges.length === 0
    ? 'empty'
    : ranges.map(({ from, to }) => (from === to ? String(from) : `${from}-${to}`)).join(', ')
