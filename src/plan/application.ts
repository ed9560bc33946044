/**
 * From the fork to the exec: where the application prints, who it is, and with which words and
 * variables it begins.
 */
import type { Step } from '../../native/plan.ts'
import type { UserNamespace } from '../../native/userNamespace.ts'
import type { Secrets } from '../decryption.ts'
import { quote } from '../quote.ts'
import type { Spec } from '../spec.ts'
import { PID_REFERENCE } from '../config/variables.ts'
import { earlySteps, isolationSteps, lastSteps, surrenderSteps } from './confinement.ts'
import { portSteps } from './namespaces.ts'
import { substituted } from './substituted.ts'
import { readySteps, watchVariables } from './watching.ts'

export const applicationSteps = (
  spec: Spec,
  host: { readonly term?: string; readonly namespace?: UserNamespace | null },
  instance: string,
  extra: readonly string[],
  secrets: Secrets | null = null,
): readonly Step[] => {
  const words = [...spec.arguments.map(text => substituted(spec, instance, text)), ...extra]
  return [
    ...outputSteps(spec),
    { do: 'fork', announce: announcement(instance, spec.executable, words) },
    ...(spec.cgroup === null ? [] : [{ do: 'joinCgroups' } as const]),
    ...isolationSteps(spec),
    ...(spec.sockets === undefined
      ? []
      : [{ do: 'passSockets', fds: spec.sockets.map(({ fd }) => fd) } as const]),
    ...readySteps(spec),
    { do: 'limitFiles', max: fileLimit(spec.filenoLimit) },
    ...(host.namespace?.mayChangeGroups === false ? [] : [{ do: 'setGroups', gids: [] } as const]),
    ...(spec.ids === undefined ? [] : [{ do: 'enterUsers' } as const]),
    ...earlySteps(spec),
    { do: 'setGid', gid: spec.group },
    { do: 'setUid', uid: spec.user },
    ...surrenderSteps(spec),
    { do: 'chdir', path: spec.workdir },
    ...portSteps(spec),
    ...lastSteps(spec),
    {
      do: 'exec',
      executable: spec.executable,
      arguments: words,
      ...environment(spec, host.term ?? 'dumb', instance, secrets),
    },
  ]
}

/** A file that is named goes before the terminal; else it is the log of the sandbox. */
const outputSteps = ({ outputFile, interactive }: Spec): readonly Step[] => {
  if (outputFile !== null)
    return [{ do: 'openOutput', path: outputFile.startsWith('/') ? outputFile : `/${outputFile}` }]
  return interactive ? [{ do: 'inheritOutput' }] : []
}

export const announcement = (
  instance: string,
  executable: string,
  words: readonly string[],
): string => `Starting ${quote(instance)}: ${[executable, ...words].map(quote).join(' ')}`

/** The kernel's own bound is far below what a number holds exactly; it refuses the rest. */
const fileLimit = (text: string): number =>
  Number(BigInt(text) > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : text)

/** Later ones win: the terminal, what is configured, secrets, our own, and the pid. */
const environment = (spec: Spec, term: string, instance: string, secrets: Secrets | null) => {
  const secretNames = new Set(spec.secrets?.environ.map(([name]) => name))
  const pidVariables = spec.environ
    .filter(([name, text]) => text === PID_REFERENCE && !secretNames.has(name))
    .map(([name]) => name)
  const variables = new Map([['TERM', term]])
  for (const [name, text] of spec.environ) variables.set(name, substituted(spec, instance, text))
  for (const name of secretNames) variables.delete(name)
  variables.set('LITHOS_NAME', instance)
  variables.set('LITHOS_CONFIG', spec.config)
  const activated = [...(spec.sockets ?? []), ...(spec.ownSockets ?? [])].flatMap(
    ({ activatedBy }) => activatedBy ?? [],
  )
  if (activated.length > 0) {
    variables.set('LISTEN_FDS', String(activated.length))
    variables.set('LISTEN_FDNAMES', activated.join(':'))
    pidVariables.push('LISTEN_PID')
  }
  const watched = watchVariables(spec)
  for (const [name, text] of watched.variables) variables.set(name, text)
  pidVariables.push(...watched.pidVariables)
  for (const name of pidVariables) variables.delete(name)
  const values = new Map(secrets?.environ)
  const kept = [...secretNames].filter(name => !variables.has(name) && !pidVariables.includes(name))
  return {
    environment: [...variables].map(([name, text]) => `${name}=${text}`),
    pidVariables: [...new Set(pidVariables)],
    ...(kept.length > 0 && {
      secrets: kept.map(name => ({ name, bytes: values.get(name) ?? null })),
    }),
  }
}
