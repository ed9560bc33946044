/** What a sandbox weakens of the usual confinement: told wherever it is read, and at each start. */
import type { Confinement } from '../config/confinement.ts'
import type { SpecConfinement } from '../spec.ts'
import { weaknesses } from '../plan/confinement.ts'
import { warning } from './finding.ts'
import type { Finding } from './finding.ts'

/** Only what differs from the default. */
export const confinementOf = ({
  seccomp,
  landlock,
  noNewPrivileges,
  capabilities,
  writableProcSys,
  maskedPaths,
  executableVolumes,
}: Confinement): { readonly confinement?: SpecConfinement } => {
  const confinement: SpecConfinement = {
    ...(seccomp === 'off' && { seccomp }),
    ...(landlock === 'off' && { landlock }),
    ...(!noNewPrivileges && { noNewPrivileges }),
    ...(capabilities !== null && { capabilities }),
    ...(writableProcSys && { writableProcSys }),
    ...(maskedPaths !== null && { maskedPaths }),
    ...(!executableVolumes && { executableVolumes }),
  }
  return Object.keys(confinement).length > 0 ? { confinement } : {}
}

export const checkConfinement = (file: string, sandbox: Confinement): readonly Finding[] =>
  weaknesses(confinementOf(sandbox).confinement).map(({ key, consequence }) =>
    warning(file, [key], `${key}: weaker than the default: ${consequence}`),
  )
