/** Specifications for tests: a plain one with its steps, and what is different in others. */
import type { Step } from '../../../native/plan.ts'
import { plan } from '../../../src/plan.ts'
import type { Host } from '../../../src/plan.ts'
import { filterFor } from '../../../src/plan/seccomp.ts'
import type { Spec } from '../../../src/spec.ts'

export const plainSpec: Spec = {
  format: 1,
  sandbox: 'site',
  process: 'web',
  image: '/images/web.1',
  config: '/config/web.yaml',
  places: {
    states: '/run/lithos/state',
    mountPoint: '/run/lithos/mnt',
    devices: '/var/lib/lithos/dev',
    log: '/var/log/lithos/site.log',
    output: '/var/log/lithos/stderr/site.log',
  },
  logLevel: 'warn',
  cgroup: { name: 'lithos.slice', controllers: ['name', 'cpu', 'cpuacct', 'memory', 'blkio'] },
  variables: [['port', '8080']],
  volumes: [],
  resolvConf: { copyFrom: null, mount: null },
  hosts: {
    copyFrom: null,
    localhost: false,
    publicHostname: false,
    additional: [],
    mount: null,
  },
  user: 100,
  group: 101,
  memoryLimit: '104857600',
  filenoLimit: '1024',
  cpuShares: 1024,
  executable: '/bin/web',
  arguments: ['--port=@{port}', 'say "hi"'],
  environ: [],
  workdir: '/',
  outputFile: null,
  interactive: false,
  isDaemon: true,
  restartProcessOnly: false,
  normalExitCodes: [],
  restartTimeoutMs: 1000,
  killTimeoutMs: 5000,
}

export const noCgroups = { v1: [], v2: null }

export const plainHost: Host = {
  cgroups: noCgroups,
  hostname: 'box',
  hostAddress: '192.0.2.7',
}

export const state = '/run/lithos/state/site/web.3'
export const scope = 'site:web.3.scope'

export const plainSteps: readonly Step[] = [
  { do: 'openLog', log: 'log', path: '/var/log/lithos/site.log' },
  { do: 'openLog', log: 'output', path: '/var/log/lithos/stderr/site.log' },
  {
    do: 'makeDir',
    base: '/run/lithos/state',
    path: '/site/web.3',
    mode: 0o1777,
    uid: 0,
    gid: 0,
    always: false,
  },
  {
    do: 'root',
    image: '/images/web.1',
    mountPoint: '/run/lithos/mnt',
    flags: { readonly: true, nosuid: true, nodev: true },
  },
  {
    do: 'bind',
    base: '/var/lib/lithos/dev',
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
  {
    do: 'mount',
    type: 'sysfs',
    target: '/sys',
    options: [],
    flags: { readonly: true, nosuid: true, nodev: true, noexec: true, noatime: true },
  },
  {
    do: 'mount',
    type: 'proc',
    target: '/proc',
    options: [],
    flags: { nosuid: true, nodev: true, noexec: true, noatime: true },
  },
  {
    do: 'mask',
    paths: [
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
    ],
  },
  {
    do: 'readOnly',
    paths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
  },
  { do: 'pivot' },
  { do: 'landlock', writable: ['/dev', '/proc'] },
  { do: 'fork', announce: 'Starting "site/web.3": "/bin/web" "--port=8080" "say \\"hi\\""' },
  { do: 'joinCgroups' },
  { do: 'cgroupNamespace' },
  { do: 'sessionKeyring' },
  { do: 'resetLimits' },
  { do: 'limitFiles', max: 1024 },
  { do: 'setGroups', gids: [] },
  { do: 'setGid', gid: 101 },
  { do: 'setUid', uid: 100 },
  { do: 'keepCapabilities', mask: 0n },
  { do: 'noNewPrivileges' },
  { do: 'enterLandlock' },
  { do: 'chdir', path: '/' },
  { do: 'seccomp', filter: filterFor([]) ?? [] },
  {
    do: 'exec',
    executable: '/bin/web',
    arguments: ['--port=8080', 'say "hi"'],
    environment: ['TERM=dumb', 'LITHOS_NAME=site/web.3', 'LITHOS_CONFIG=/config/web.yaml'],
    pidVariables: [],
  },
]

export const copied = {
  copyFrom: '/etc/hosts',
  localhost: false,
  publicHostname: false,
  additional: [],
  mount: null,
}

/** A difference, and all steps of the kinds that it touches. */
export type Row = readonly [
  name: string,
  spec: Partial<Spec>,
  kinds: readonly Step['do'][],
  steps: readonly Step[],
  host?: Partial<Host>,
]

export const stepsOf = ([, spec, kinds, , host]: Row): readonly Step[] =>
  plan({ ...plainSpec, ...spec }, { ...plainHost, ...host }, 'site/web.3').steps.filter(step =>
    kinds.includes(step.do),
  )
