/**
 * What a plan promises of the confinement of an instance: read from its steps, so that nothing is
 * promised that the knot is not told to do.
 */
import type { MountFlags, Plan, Step } from '../../native/plan.ts'
import { namespaceKinds } from './shapes.ts'
import type { NamespaceKind, Place, Promised, Range } from './shapes.ts'

/** `uid`, `gid`: of the application, on the host. */
export const promisedBy = (
  { steps }: Plan,
  { uid, gid }: { readonly uid: number; readonly gid: number },
): Promised => {
  const all = <Kind extends Step['do']>(kind: Kind) =>
    steps.filter((step): step is Extract<Step, { readonly do: Kind }> => step.do === kind)
  const [users] = all('users')
  const groups = all('cgroup').map(({ dir }) => dir)
  return {
    // Without this step all of them stay.
    capabilities: all('keepCapabilities')[0]?.mask ?? everything,
    cannotGain: all('noNewPrivileges').length > 0,
    isFiltered: all('seccomp').length > 0,
    isWalled: all('enterLandlock').length > 0,
    own: new Set<NamespaceKind>([
      ...namespaceKinds.filter(kind => ofEveryKnot.includes(kind)),
      ...all('cgroupNamespace').map(() => 'cgroup' as const),
      ...all('network').map(() => 'net' as const),
      ...all('enterUsers').map(() => 'user' as const),
    ]),
    uid,
    gid,
    uidMap: (users?.uidMap ?? []) satisfies readonly Range[],
    gidMap: users?.gidMap ?? [],
    mounts: new Map(steps.flatMap(mountsOf)),
    hidden: all('mask').flatMap(({ paths }) => paths),
    frozen: all('readOnly').flatMap(({ paths }) => paths),
    groups,
    limits: all('limit').map(({ file, value, optional }) => ({ file, value, optional })),
    files: all('limitFiles')[0]?.max ?? Infinity,
    sockets: [
      ...all('passSockets').flatMap(({ fds }) => fds),
      ...all('listen').map(({ fd }) => fd),
    ],
  }
}

const everything = (1n << 64n) - 1n

/** The supervisor makes them with the knot. */
const ofEveryKnot: readonly NamespaceKind[] = ['ipc', 'mnt', 'pid', 'uts']

type Promise = readonly [at: string, place: Place & { readonly optional: boolean }]

const mountsOf = (step: Step): readonly Promise[] => {
  switch (step.do) {
    case 'root':
      return [['/', placeOf(step.flags)]]
    case 'bind':
    case 'mount':
      return [[step.target, placeOf(step.flags)]]
    case 'secretFiles':
      return [[step.target, { ...placeOf({ readonly: true, nosuid: true, nodev: true }) }]]
    case 'notify':
      return [[step.directory, placeOf(ofNotify)]]
    case 'bindFile':
      return [[step.target, { ...placeOf(ofWords), optional: step.ifRegular }]]
    default:
      return []
  }
}

const ofWords = { nosuid: true, nodev: true, noexec: true }

const ofNotify = { readonly: true, nosuid: true, nodev: true, noexec: true }

const placeOf = (flags: MountFlags) => ({
  readonly: flags.readonly === true,
  nosuid: flags.nosuid === true,
  nodev: flags.nodev === true,
  noexec: flags.noexec === true,
  optional: false,
})
