/** Probes that could never succeed, or would get in the way of something else. */
import type { Container } from '../config/shapes.ts'
import { mistake, warning } from './finding.ts'
import type { Finding } from './finding.ts'
import { effectiveIds } from './ids.ts'
import { policyOf } from './policy.ts'
import { portsOf } from './ports.ts'
import { nameOf } from './subject.ts'
import type { Subject } from './subject.ts'

export const checkProbes = (subject: Subject): readonly Finding[] => [
  ...checkDescriptor(subject),
  ...checkLowPort(subject, 'ready'),
  ...checkSharedPort(subject, 'ready'),
  ...checkSharedPort(subject, 'healthy'),
  ...checkCommands(subject.container.file, subject.container.value),
]

const checkDescriptor = (subject: Subject): readonly Finding[] => {
  const { file, value } = subject.container
  const probe = value.ready?.probe
  if (probe?.kind !== 'fd') return []
  const taken = portsOf(subject).find(({ options }) => options.fd === probe.fd)
  const isBeyond = BigInt(probe.fd) >= value.filenoLimit
  return [
    ...(taken === undefined
      ? []
      : [
          mistake(
            file,
            ['ready', 'fd'],
            `ready: descriptor ${probe.fd} of ${nameOf(subject)} is that of port ${taken.text}, ` +
              'see `tcp-ports`',
          ),
        ]),
    ...(isBeyond
      ? [
          mistake(
            file,
            ['ready', 'fd'],
            `ready: descriptor ${probe.fd} cannot be used with fileno-limit ${value.filenoLimit}`,
          ),
        ]
      : []),
  ]
}

const firstFreePort = 1024

/** Nobody but root binds such a port in the network of the host, unless the host was told so. */
const checkLowPort = (subject: Subject, key: 'ready'): readonly Finding[] => {
  const probe = policyOf(subject).policy?.[key]?.probe
  const { sandbox, container } = subject
  const port = probe?.kind === 'tcp' || probe?.kind === 'http' ? (probe.port ?? 0) : null
  if (port === null || port < 1 || port >= firstFreePort || sandbox.value.bridgedNetwork !== null)
    return []
  const isGiven = portsOf(subject).some(given => given.port === port)
  const isAllowed = sandbox.value.capabilities?.includes('net_bind_service') === true
  if (isGiven || isAllowed || effectiveIds(subject).user === 0) return []
  return [
    warning(
      container.file,
      probe?.kind === 'http' ? [key, 'http', 'port'] : [key, 'tcp'],
      `${key}: ${nameOf(subject)} may not listen on port ${port}, which is for root, and would ` +
        'never be ready; let it be opened by `tcp-ports`',
    ),
  ]
}

/** A socket that several have: whoever is quickest answers, and says nothing of the others. */
const checkSharedPort = (subject: Subject, key: 'ready' | 'healthy'): readonly Finding[] => {
  const probe = policyOf(subject).policy?.[key]?.probe
  const { sandbox, process, container } = subject
  const { instances, upgrade } = process.value
  const others = instances + (upgrade === 'all' ? 0 : upgrade.surge) > 1
  if (probe?.kind !== 'http' || !others) return []
  const isShared = portsOf(subject).some(
    ({ port, options }) =>
      port === probe.port &&
      !options.reusePort &&
      (sandbox.value.bridgedNetwork === null || options.external),
  )
  if (!isShared) return []
  const better = key === 'ready' ? '`tcp`, `notify` or `fd`' : '`exec` or `notify`'
  return [
    warning(
      container.file,
      [key, 'http', 'port'],
      `${key}: port ${probe.port} is shared by all instances of ${nameOf(subject)}, and any of ` +
        `them may answer; ${better} say it of one alone`,
    ),
  ]
}

/** Nothing is searched for: there is no shell, and no PATH is looked at. */
const checkCommands = (file: string, { ready, healthy, preStop }: Container): readonly Finding[] =>
  [
    ['ready', 'exec', ready?.probe] as const,
    ['healthy', 'exec', healthy?.probe] as const,
    ['pre-stop', null, preStop ?? undefined] as const,
  ].flatMap(([key, inner, holder]) => {
    const [program] = holder !== undefined && 'command' in holder ? holder.command : []
    return program === undefined || program.startsWith('/') || program.startsWith('@{')
      ? []
      : [
          mistake(
            file,
            inner === null ? [key] : [key, inner, 0],
            `${key}: ${JSON.stringify(program)} is no absolute path of a program in the container`,
          ),
        ]
  })
