/**
 * What a container finds as its file system. The order is that of the original: the state
 * directory, the image, the pseudo file systems, the volumes, and over all of them the two
 * generated files.
 *
 * Stricter than the original where its documentation promised so: read-only is recursive, and
 * nothing in an image or a volume is a device or gains privileges. What a volume holds can be
 * executed, against that documentation: images rely on what the original did.
 */
import type { MountFlags, Step } from '../../native/plan.ts'
import { ignoresSetuid, maskSteps } from './confinement.ts'
import type { Owned, Spec, SpecVolume } from '../spec.ts'

export interface Names {
  readonly hostname: string
  /** IPv4, null where nobody knows it; then no line can be written. */
  readonly hostAddress: string | null
}

const stateDirOf = (spec: Spec, instance: string): string => `${spec.places.states}/${instance}`

export const stateSteps = (spec: Spec, names: Names, instance: string): readonly Step[] => {
  const base = stateDirOf(spec, instance)
  return [
    {
      do: 'makeDir',
      base: spec.places.states,
      path: `/${instance}`,
      ...ownedBy({ mode: 0o1777, user: 0, group: 0 }),
      always: false,
    },
    ...copyOrEmpty(base, '/resolv.conf', spec.resolvConf),
    ...hostsSteps(spec, names, base),
  ]
}

const ownedBy = ({ mode, user, group }: Owned) => ({ mode, uid: user, gid: group })

/** A file that has to be mounted has to be there, if only as something to edit on the host. */
const copyOrEmpty = (
  base: string,
  path: string,
  { copyFrom, mount }: { readonly copyFrom: string | null; readonly mount: boolean | null },
): readonly Step[] => {
  if (copyFrom !== null) return [{ do: 'copyFile', source: copyFrom, base, path }]
  return mount === true ? [{ do: 'writeFile', base, path, text: '', mode: 0o644 }] : []
}

const hostsSteps = ({ hosts }: Spec, names: Names, base: string): readonly Step[] => {
  const path = '/hosts'
  const lines = [
    ...(hosts.localhost ? ['127.0.0.1 localhost.localdomain localhost'] : []),
    ...(hosts.publicHostname && names.hostAddress !== null
      ? [`${names.hostAddress} ${names.hostname}`]
      : []),
    ...hosts.additional.map(([name, address]) => `${address} ${name}`),
  ]
  // The copied file may lack its last newline, so ours begin with one.
  const text = (hosts.copyFrom === null ? '' : '\n') + lines.map(line => `${line}\n`).join('')
  const copied = copyOrEmpty(base, path, hosts)
  return text === '' ? copied : [...copied, { do: 'writeFile', base, path, text, mode: 0o644 }]
}

/** `isRootless`: we are root of a user namespace, which does not own the network of the host. */
export const mountSteps = (spec: Spec, instance: string, isRootless: boolean): readonly Step[] => [
  {
    do: 'root',
    image: spec.image,
    mountPoint: spec.places.mountPoint,
    flags: { readonly: true, nosuid: ignoresSetuid(spec), nodev: true },
  },
  {
    do: 'bind',
    base: spec.places.devices,
    path: '/',
    target: '/dev',
    flags: { readonly: true, nosuid: true, noexec: true },
  },
  {
    do: 'mount',
    type: 'devpts',
    target: '/dev/pts',
    options: ['newinstance', 'ptmxmode=0666'],
    flags: { nosuid: true, noexec: true, noatime: true },
  },
  ...(isRootless && spec.network === undefined ? sysOfHost : [sysfs(isRootless)]),
  {
    do: 'mount',
    type: 'proc',
    target: '/proc',
    options: [],
    flags: { nosuid: true, nodev: true, noexec: true, ...atime(isRootless) },
  },
  ...maskSteps(spec),
  ...spec.volumes.flatMap(volume =>
    volumeSteps(volume, stateDirOf(spec, instance), dataFlags(spec)),
  ),
  ...generatedSteps(spec, stateDirOf(spec, instance)),
]

/** Without root, the kernel mounts /proc and /sys only as they are mounted already. */
const atime = (isRootless: boolean): MountFlags => (isRootless ? {} : { noatime: true })

const sysfs = (isRootless: boolean): Step => ({
  do: 'mount',
  type: 'sysfs',
  target: '/sys',
  options: [],
  flags: { readonly: true, nosuid: true, nodev: true, noexec: true, ...atime(isRootless) },
})

/**
 * sysfs shows devices of a network, so only who owns that network may mount it. Others see the
 * mount of the host, without what is mounted below it: control groups, traces, what drivers tell.
 */
const sysOfHost: readonly Step[] = [
  {
    do: 'bind',
    base: '/sys',
    path: '/',
    target: '/sys',
    flags: { readonly: true, nosuid: true, nodev: true, noexec: true },
  },
  { do: 'mask', paths: ['/sys/fs', '/sys/kernel'] },
]

/** Code in volumes runs, as images of lithos 0.18 expect; setuid bits and devices do nothing. */
const dataFlags = ({ confinement }: Spec): MountFlags => ({
  nosuid: true,
  nodev: true,
  ...(confinement?.executableVolumes === false && { noexec: true }),
})

const volumeSteps = (volume: SpecVolume, state: string, flags: MountFlags): readonly Step[] => {
  const { target } = volume
  switch (volume.kind) {
    case 'readonly':
      return [
        {
          do: 'bind',
          base: volume.base,
          path: volume.path,
          target,
          flags: { readonly: true, ...flags },
        },
      ]
    case 'persistent':
      return [
        ...madeSteps(volume),
        {
          do: 'bind',
          base: volume.base,
          path: volume.path,
          target,
          flags,
        },
      ]
    case 'tmpfs':
      return [
        {
          do: 'mount',
          type: 'tmpfs',
          target,
          options: tmpfsOptions(volume),
          flags,
        },
      ]
    case 'statedir':
      return [
        { do: 'makeDir', base: state, path: volume.path, ...ownedBy(volume.make), always: true },
        {
          do: 'bind',
          base: state,
          path: volume.path,
          target,
          flags,
        },
      ]
  }
}

const tmpfsOptions = ({
  size,
  mode,
  owner,
}: Extract<SpecVolume, { kind: 'tmpfs' }>): readonly string[] => [
  `size=${size}`,
  `mode=0${mode.toString(8).padStart(4, '0')}`,
  ...(owner === undefined ? [] : [`uid=${owner.user}`, `gid=${owner.group}`]),
]

/**
 * The directory of the administrator may be missing too. It is made first and by its own name:
 * only what is below it is the image's choice and must not lead out of it.
 */
const madeSteps = ({
  base,
  path,
  make,
}: Extract<SpecVolume, { kind: 'persistent' }>): readonly Step[] => {
  if (make === null) return []
  const owned = { ...ownedBy(make), always: false }
  const plain = { ...ownedBy({ mode: 0o755, user: 0, group: 0 }), always: false }
  return path === '/'
    ? [{ do: 'makeDir', base: '/', path: base, ...owned }]
    : [
        { do: 'makeDir', base: '/', path: base, ...plain },
        { do: 'makeDir', base, path, ...owned },
      ]
}

const generatedSteps = ({ resolvConf, hosts }: Spec, base: string): readonly Step[] => {
  const anyHosts =
    hosts.copyFrom !== null ||
    hosts.localhost ||
    hosts.publicHostname ||
    hosts.additional.length > 0
  return [
    ...generated(base, '/resolv.conf', resolvConf.mount, resolvConf.copyFrom !== null),
    ...generated(base, '/hosts', hosts.mount, anyHosts),
  ]
}

/** Not told whether to mount it: only what was made, and only over a file that is there. */
const generated = (
  base: string,
  path: string,
  mount: boolean | null,
  made: boolean,
): readonly Step[] =>
  mount === true || (mount === null && made)
    ? [{ do: 'bindFile', base, path, target: `/etc${path}`, ifRegular: mount === null }]
    : []
