/**
 * What root of a user namespace cannot do, though root of the host can: be somebody who does not
 * exist in there, and plug a cable into a network that is not his. Said before anything is started.
 */
import { isMapped } from '../config/idMaps.ts'
import type { IdRange } from '../../native/plan.ts'
import type { UserNamespace } from '../../native/userNamespace.ts'
import type { Spec } from '../spec.ts'
import { mistake } from './finding.ts'
import type { Finding } from './finding.ts'
import type { Subject } from './subject.ts'

export const checkNamespace = (
  subject: Subject,
  spec: Spec,
  { users, groups }: UserNamespace,
): readonly Finding[] => [
  ...checkKind(subject, { noun: 'user', key: 'uid-map' }, users, idsIn(spec, 'user')),
  ...checkKind(subject, { noun: 'group', key: 'gid-map' }, groups, idsIn(spec, 'group')),
  ...checkBridge(subject, spec),
]

interface Kind {
  readonly noun: 'user' | 'group'
  readonly key: string
}

/** A first and how many: of the application, and of the directories that are made for it. */
type Wanted = readonly (readonly [first: number, count: number])[]

const idsIn = (spec: Spec, kind: 'user' | 'group'): Wanted => {
  const map = kind === 'user' ? spec.ids?.users : spec.ids?.groups
  const owners = spec.volumes.flatMap(volume =>
    volume.kind === 'tmpfs'
      ? [volume.owner?.[kind] ?? 0]
      : 'make' in volume && volume.make !== null
        ? [volume.make[kind]]
        : [],
  )
  return [
    ...(map === undefined
      ? [[spec[kind], 1] as const]
      : map.map(({ outside, count }) => [outside, count] as const)),
    ...owners.map(owner => [owner, 1] as const),
  ]
}

const checkKind = (
  { container: { file } }: Subject,
  { noun, key }: Kind,
  there: readonly IdRange[],
  wanted: Wanted,
): readonly Finding[] => {
  const strange = wanted.find(([first, count]) => !areThere(there, first, count))
  if (strange === undefined) return []
  const [first, count] = strange
  const which =
    count === 1 ? `${noun} ${first} does not` : `${noun}s ${first}-${first + count - 1} do not all`
  return [
    mistake(
      file,
      [],
      `${which} exist without root: this supervisor has ${shown(there)}. Take ${noun} 0, who is ` +
        `the user that has started it, by himself or in a \`${key}\`; or have root add a range ` +
        `of his to /etc/sub${noun === 'user' ? 'uid' : 'gid'}`,
    ),
  ]
}

/** Adjacent ranges are one: the kernel asks for each id. */
const areThere = (there: readonly IdRange[], first: number, count: number): boolean => {
  const end = first + count
  let next = first
  while (next < end && isMapped(there, next)) {
    const at = next
    const range = there.find(one => isMapped([one], at))
    if (range === undefined) return false
    next = range.inside + range.count
  }
  return next >= end
}

const shown = (there: readonly IdRange[]): string =>
  there
    .map(({ inside, count }) => (count === 1 ? `${inside}` : `${inside}-${inside + count - 1}`))
    .join(' and ') || 'none'

const checkBridge = ({ sandbox: { file } }: Subject, { network }: Spec): readonly Finding[] =>
  network === undefined || network.addresses.length === 0
    ? []
    : [
        mistake(
          file,
          ['bridged-network'],
          `without root nothing can be plugged into bridge ${network.bridge} of this host: leave ` +
            'out `bridged-network`, and processes have the network of the host; or have root run ' +
            'this sandbox',
        ),
      ]
