/** Configurations that are right, some of them just about. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { copyProgram, whereIs } from '../../../src/init/programs.ts'
import { privateFile, keyA, keyB } from '../../src/secrets/keys.ts'
import { sealed } from '../secretWorld.ts'
import { bridged, ids } from './row.ts'
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
}
