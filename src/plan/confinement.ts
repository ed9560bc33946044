/**
 * What an application cannot do although its user could: the part of a plan that makes a service
 * that was taken over a small loss. See the threat model in README.md, and the rows S12 to S24.
 */
import type { Step } from '../../native/plan.ts'
import { capabilityMask } from '../config/capabilities.ts'
import type { Spec, SpecConfinement } from '../spec.ts'
import { isWalled } from './landlock.ts'
import { filterFor } from './seccomp.ts'

/**
 * Of the host and not of the container. `/proc/sys` and its neighbours obey whoever has user id
 * 0, whatever he is capable of.
 */
export const maskedByDefault: readonly string[] = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/dynamic_debug',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/kpagecgroup',
  '/proc/kpagecount',
  '/proc/kpageflags',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/vmallocinfo',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
  '/sys/kernel/vmcoreinfo',
]

const frozen = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger']

/** After /proc and /sys, before anything of the image is mounted. */
export const maskSteps = ({ confinement }: Spec): readonly Step[] => {
  const masked = confinement?.maskedPaths ?? maskedByDefault
  const readOnly = confinement?.writableProcSys
    ? frozen.filter(path => path !== '/proc/sys')
    : frozen
  return [
    ...(masked.length > 0 ? [{ do: 'mask', paths: masked } as const] : []),
    { do: 'readOnly', paths: readOnly },
  ]
}

/** Mounted without regard for setuid bits, unless new privileges are wanted. */
export const ignoresSetuid = ({ confinement }: Spec): boolean =>
  confinement?.noNewPrivileges !== false

/**
 * What root in a user namespace has, where the administrator says nothing else: the fourteen that
 * images for other runtimes are used to. They count over what belongs to the namespace only.
 */
const usualOfRoot: readonly string[] = (
  'chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service net_raw ' +
  'sys_chroot mknod audit_write setfcap'
).split(' ')

/** In a network of its own everybody may bind the ports that he was told. */
const capabilitiesOf = ({ confinement, ids, user, network }: Spec): readonly string[] => {
  const usual = ids !== undefined && user === 0 ? usualOfRoot : []
  const some = confinement?.capabilities ?? usual
  return network === undefined ? some : [...new Set([...some, 'net_bind_service'])]
}

/** Before the application becomes who it is. */
export const isolationSteps = (spec: Spec): readonly Step[] => [
  ...(spec.cgroup === null ? [] : [{ do: 'cgroupNamespace' } as const]),
  { do: 'sessionKeyring' },
  { do: 'resetLimits' },
]

/** Without new privileges forbidden, only root may do these, if only that of its users. */
export const earlySteps = (spec: Spec): readonly Step[] =>
  ignoresSetuid(spec) ? [] : [...wallSteps(spec), ...filterSteps(spec)]

/** After that: nothing that follows is done with more rights than the application has. */
export const surrenderSteps = (spec: Spec): readonly Step[] => [
  { do: 'keepCapabilities', mask: capabilityMask(capabilitiesOf(spec)) },
  ...(ignoresSetuid(spec) ? [{ do: 'noNewPrivileges' } as const, ...wallSteps(spec)] : []),
]

/** Just before the application is executed. */
export const lastSteps = (spec: Spec): readonly Step[] =>
  ignoresSetuid(spec) ? filterSteps(spec) : []

/** Null: there is none, for want of a table or because the administrator wants none. */
export const filterOf = (spec: Spec): readonly bigint[] | null =>
  spec.confinement?.seccomp === 'off'
    ? null
    : filterFor(capabilitiesOf(spec), undefined, isRootOfHost(spec))

const isRootOfHost = ({ ids, user }: Spec): boolean => ids === undefined && user === 0

const wallSteps = (spec: Spec): readonly Step[] => (isWalled(spec) ? [{ do: 'enterLandlock' }] : [])

const filterSteps = (spec: Spec): readonly Step[] => {
  const filter = filterOf(spec)
  return filter === null ? [] : [{ do: 'seccomp', filter }]
}

export interface Weakness {
  /** As in the sandbox configuration. */
  readonly key: string
  readonly consequence: string
}

export const weaknesses = (confinement: SpecConfinement | undefined): readonly Weakness[] => {
  if (confinement === undefined) return []
  const { seccomp, landlock, noNewPrivileges, capabilities = [] } = confinement
  const { writableProcSys, maskedPaths } = confinement
  const shown = maskedByDefault.filter(path => maskedPaths?.includes(path) === false)
  const told: readonly (readonly [key: string, isWeaker: boolean, consequence: string])[] = [
    ['seccomp', seccomp === 'off', 'an application may make every system call'],
    ['landlock', landlock === 'off', 'nothing stands behind mounts and namespaces'],
    [
      'no-new-privileges',
      noNewPrivileges === false,
      'setuid programs of the image run as their owner',
    ],
    ['capabilities', capabilities.length > 0, `an application has ${capabilities.join(', ')}`],
    ['writable-proc-sys', writableProcSys === true, 'root in a container may write to /proc/sys'],
    ['masked-paths', shown.length > 0, `an application sees ${shown.join(', ')}`],
  ]
  return told.flatMap(([key, isWeaker, consequence]) => (isWeaker ? [{ key, consequence }] : []))
}
