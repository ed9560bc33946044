/**
 * From a specification to a plan: everything the knot will do for one instance, in order.
 * Pure: what the host adds (control groups, its name) is given.
 */
import type { Groups } from '../native/cgroup.ts'
import type { Plan, Step } from '../native/plan.ts'
import type { UserNamespace } from '../native/userNamespace.ts'
import type { Secrets } from './decryption.ts'
import type { LogLevel } from './config/shapes.ts'
import { applicationSteps } from './plan/application.ts'
import { cgroupSteps } from './plan/cgroups.ts'
import { isWalled, landlockSteps } from './plan/landlock.ts'
import { mountSteps, stateSteps } from './plan/fileSystem.ts'
import type { Names } from './plan/fileSystem.ts'
import { networkSteps, userSteps } from './plan/namespaces.ts'
import { secretFileSteps } from './plan/secretFiles.ts'
import { killTimeoutOf, watchSteps } from './plan/watching.ts'
import { outputOf } from './spec.ts'
import type { Spec } from './spec.ts'

export interface Host extends Names {
  readonly cgroups: Groups
  /** `TERM` of the supervisor. */
  readonly term?: string
  /** From the command line; it overrides what the files say. */
  readonly logLevel?: LogLevel
  /** Absent: we are root of the host, and not of a user namespace only. */
  readonly namespace?: UserNamespace | null
}

/**
 * `instance`: `sandbox/process.N`, or `sandbox/cmd.NAME.PID`. `extra`: words of the command line
 * of a command, after its own arguments. `secrets`: null for a plan that is only looked at, and
 * cannot be carried out where there are any.
 */
export const plan = (
  spec: Spec,
  host: Host,
  instance: string,
  extra: readonly string[] = [],
  secrets: Secrets | null = null,
): Plan => {
  const mounts = mountSteps(spec, instance, host.namespace != null)
  return {
    name: instance,
    logLevel: host.logLevel ?? spec.logLevel,
    killTimeoutMs: killTimeoutOf(spec),
    restartTimeoutMs: spec.restartTimeoutMs,
    restartProcessOnly: spec.restartProcessOnly,
    isDaemon: spec.isDaemon,
    normalExitCodes: spec.normalExitCodes,
    steps: [
      ...logSteps(spec, instance),
      ...userSteps(spec),
      ...networkSteps(spec, instance),
      ...stateSteps(spec, host, instance),
      ...mounts,
      ...secretFileSteps(spec, secrets),
      ...watchSteps(spec),
      ...cgroupSteps(spec, host.cgroups, instance),
      { do: 'pivot' },
      ...(isWalled(spec) ? landlockSteps(mounts) : []),
      ...applicationSteps(spec, host, instance, extra, secrets),
    ],
  }
}

/** Logs come first, so that whatever fails later is said there. */
const logSteps = (spec: Spec, instance: string): readonly Step[] => [
  { do: 'openLog', log: 'log', path: spec.places.log },
  { do: 'openLog', log: 'output', path: outputOf(spec, instance) },
]
