/** Configurations that are right, some of them just about. */
import {
  chmodSync,
  chownSync,
  cpSync,
  linkSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { copyProgram, whereIs } from '../../../src/init/programs.ts'
import { privateFile, keyA, keyB } from '../../src/secrets/keys.ts'
import { sealed } from '../secretWorld.ts'
import { at, bridged, ids } from './row.ts'
import type { Row } from './row.ts'

const keys = (root: string): void =>
  writeFileSync(join(root, 'etc/keys'), privateFile([keyA, keyB]), { mode: 0o600 })

const script = (image: string, text: string): void =>
  writeFileSync(join(image, 'bin/script'), text, { mode: 0o755 })

export const goodRows: Readonly<Record<string, Row>> = {
  plain: {},
  ports: {
    sandbox: 'allow-tcp-ports: [21801-21802]\n',
    container: 'tcp-ports: {21801: {fd: 0}, 21802: {fd: 77, reuse-port: true}}\n',
  },
  activated: {
    sandbox: 'allow-tcp-ports: [21803-21804]\n',
    entry: '  variables: {a: 21803, b: 21804}\n',
    container:
      'variables:\n  a: !TcpPort {activation: systemd}\n  b: !TcpPort {activation: systemd}\n',
  },
  mapped: {
    sandbox: ids('uid-map') + ids('gid-map'),
    container: 'user-id: 0\nvolumes: {/tmp: !Tmpfs {size: 1Mi, mode: 0o700}}\n',
  },
  'mapped-here': {
    users: 'allow-users: [1000, 5000-5009, 5010-5020]\nallow-groups: [0-10]\n',
    container:
      'user-id: 1\nuid-map: [{inside: 0, outside: 5005, count: 10}]\n' +
      'gid-map: [{inside: 0, outside: 0, count: 2}]\n',
  },
  bridged: {
    sandbox: bridged(),
    entry: '  ip-addresses: [198.18.0.9]\n',
    container: 'tcp-ports: {80: {fd: 3}}\n',
  },
  secrets: {
    sandbox: 'secrets-private-key: $/etc/keys\nsecrets-namespaces: [a]\n',
    container: `secret-environ: {A: ${sealed(keyA, 'x', 'a')}, B: ${sealed(keyB, 'x', 'a')}}\n`,
    prepare: (_image, root) => keys(root),
  },
  'program-in-volume': {
    sandbox: 'readonly-paths: {/w: $/images/img/bin}\n',
    whole: 'executable: /tmp/guest\narguments: [say=ready]\nvolumes: {/tmp: !Readonly /w}\n',
  },
  volumes: {
    sandbox: 'writable-paths: {/db: $/db}\nreadonly-paths: {/data: $/etc}\n',
    container:
      'volumes:\n  /tmp: !Persistent {path: /db/new, mkdir: true, user: 1000}\n' +
      '  /etc: !Readonly /data\n  /data: !Statedir {path: /deep/hosts}\n',
    prepare: image => mkdirSync(join(image, 'data')),
  },
  variables: {
    sandbox: 'allow-tcp-ports: [21805]\n',
    entry: '  variables: {p: "21805", n: a_b-c, d: a-b.c_d.0, c: two}\n',
    container:
      'variables:\n  p: !TcpPort\n  n: !Name\n  d: !DottedName\n  c: !Choice [one, two]\n' +
      'environ: {P: "@{lithos:pid}", F: "@{ lithos:config_filename }@{d}"}\n',
  },
  scripted: {
    whole: 'executable: /bin/script\n',
    prepare: image => {
      symlinkSync('/bin/guest', join(image, 'bin/other'))
      script(image, '#! /bin/other say=ready\n')
    },
  },
  linked: {
    whole: 'executable: /bin/linked\narguments: [say=ready, sleep]\n',
    prepare: image => {
      copyProgram(image, whereIs('sh'), '/bin/sh')
    },
  },
  little: { container: 'memory-limit: 4Mi\nfileno-limit: 4\n' },
  'long-word': { container: `environ: {LONG: ${'x'.repeat(128 * 1024 - 6)}}\n` },
  'hosts-of-nobody': {
    container:
      'hosts-file: {copy-from-host: false, localhost: false, public-hostname: false}\n' +
      'volumes: {/tmp: !Statedir {path: /hosts}}\n',
  },
  'address-of-host': {
    ...at('198.18.0.1'),
    says: { text: /that of this host/, runs: true },
  },
  'address-of-gateway': {
    ...at('198.18.2.1', '', '  default-gateway: 198.18.2.1\n'),
    says: { text: /that of the gateway/, runs: true },
  },
  'network-of-one': {
    sandbox: 'bridged-network: {bridge: br0, network: 198.18.2.8}\n',
    entry: '  ip-addresses: [198.18.2.8]\n',
  },
  'version-6': {
    sandbox: 'bridged-network: {bridge: br0, network: "fd00::1:0/112"}\n',
    entry: '  ip-addresses: ["fd00::1:2"]\n',
  },
  'own-address': at('198.18.2.9', 'tcp-ports: {80: {fd: 3, host: 198.18.2.9}}\n'),
  'mapped-bridge': {
    ...at('198.18.2.10', 'user-id: 0\ntcp-ports: {80: {fd: 3}}\n', ids('uid-map') + ids('gid-map')),
  },
  'no-lowest-id': {
    sandbox:
      'uid-map: [{inside: 5, outside: 1005, count: 10}]\n' +
      'gid-map: [{inside: 5, outside: 1005, count: 10}]\n',
    container: 'user-id: 14\ngroup-id: 14\n',
  },
  'relative-program': {
    whole: 'executable: ./guest\narguments: [say=ready]\nworkdir: /bin\n',
    says: { text: /is no absolute path/, runs: true },
  },
  'program-by-group': {
    whole: 'executable: /group/guest\narguments: [say=ready]\ngroup-id: 77\n',
    prepare: image => {
      mkdirSync(join(image, 'group'))
      chownSync(join(image, 'group'), 0, 77)
      chmodSync(join(image, 'group'), 0o750)
      linkSync(join(image, 'bin/guest'), join(image, 'group/guest'))
    },
  },
  'five-scripts': {
    whole: 'executable: /bin/script\n',
    prepare: image =>
      ['script', 'b', 'c', 'd', 'e'].forEach((name, index, names) =>
        writeFileSync(
          join(image, 'bin', name),
          `#!/bin/${names[index + 1] ?? 'guest say=ready'}\n`,
          { mode: 0o755 },
        ),
      ),
  },
  'volume-in-volume': {
    sandbox: 'writable-paths: {/w: $/nested}\n',
    container: 'volumes:\n  /tmp/sub: !Tmpfs {}\n  /tmp: !Persistent {path: /w}\n',
    prepare: (_image, root) => mkdirSync(join(root, 'nested/sub'), { recursive: true }),
  },
  'made-for-it': {
    sandbox: 'writable-paths: {/w: $/made-for}\n',
    container:
      'workdir: /tmp\n' +
      'volumes: {/tmp: !Persistent {path: /w/a/b, mkdir: true, mode: 0o700, user: 1000}}\n',
    prepare: (_image, root) => mkdirSync(join(root, 'made-for')),
  },
  'linked-mount-point': {
    container: 'volumes: {/link: !Tmpfs {}}\n',
    prepare: image => symlinkSync('../../../tmp', join(image, 'link')),
  },
  'no-etc': { prepare: image => rmSync(join(image, 'etc'), { recursive: true }) },
  'two-levels': {
    sandbox: 'image-dir-levels: 2\n',
    processes: 'p: {image: levels-of/two, config: /c.yaml}\n',
    prepare: image => cpSync(image, join(image, '../levels-of/two'), { recursive: true }),
  },
  'config-linked': {
    processes: 'p: {image: config-linked, config: /d.yaml}\n',
    prepare: image => symlinkSync('/c.yaml', join(image, 'd.yaml')),
  },
  'own-defaults': {
    processes: '_d: &d {image: own-defaults, config: /c.yaml}\np: {<<: *d, instances: 2}\n',
  },
  ceilings: {
    sandbox: 'memory-limit: 8Mi\nfileno-limit: 10\npids-limit: 4\ncpu-quota: 5%\nio-weight: 5\n',
    container: 'pids-limit: 1\ncpu-shares: 0\nmemory-high: 1Mi\n',
  },
  policy: {
    sandbox: 'allow-tcp-ports: [22200]\n',
    container:
      'tcp-ports: {22200: {fd: 3}}\nready: {tcp: 22200, on-timeout: accept, timeout: 5}\n' +
      'healthy: {exec: [/bin/guest, exit=0], period: 5}\nstop: [INT, 1, TERM, 2, KILL]\n' +
      'pre-stop: {command: [/bin/guest, exit=0], timeout: 1}\nbackoff:\n',
  },
}
