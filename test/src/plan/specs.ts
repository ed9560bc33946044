/** Specifications for tests: a plain one, and what is different in others. */
import type { Host } from '../../../src/plan.ts'
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
