/** The record of a probe, as plan.h has it. */
import { halves } from './addresses.ts'
import type { Step } from './plan.ts'

type Probe = Extract<Step, { readonly do: 'probe' }>

/** As `enum kind`. */
const kinds = ['tcp', 'notify', 'fd', 'exec', 'http'] as const

/** In the order of `enum probe_number`. */
export const probeNumbers = (step: Probe): readonly (number | bigint)[] => {
  const { how, attemptMs, timeoutMs, periodMs, failures, startDelayMs } = step
  const place = 'port' in how ? how.port : how.kind === 'fd' ? how.fd : 0
  const address = how.kind === 'http' ? [how.host.family, ...halves(how.host)] : [0, 0, 0]
  return [
    step.what === 'ready' ? 0 : 1,
    kinds.indexOf(how.kind),
    place,
    how.kind === 'tcp' && how.isGiven ? 1 : 0,
    ...[attemptMs, timeoutMs, periodMs, failures, startDelayMs],
    ...address,
  ]
}

export const probeStrings = ({ how }: Probe): readonly string[] =>
  how.kind === 'exec' ? how.words : how.kind === 'http' ? [how.request] : []
