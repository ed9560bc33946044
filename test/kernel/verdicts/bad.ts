/** Configurations with one mistake in each. */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, rmSync, rmdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { keyA, keyB, privateFile } from '../../src/secrets/keys.ts'
import { sealed } from '../secretWorld.ts'
import { bad, bridged, ids } from './row.ts'
import type { Row } from './row.ts'

const activated = 'variables:\n  a: !TcpPort {activation: systemd}\n'
const twice = `${activated}  b: !TcpPort {activation: systemd}\n`

const runs = (text: string, mode = 0o755): Row => ({
  whole: 'executable: /bin/script\n',
  prepare: image => writeFileSync(join(image, 'bin/script'), text, { mode }),
})

const volume = (text: string, sandbox = ''): Row => ({
  container: `volumes: {${text}}\n`,
  sandbox,
})

const secret = (by: typeof keyA, mode = 0o600, lines = ''): Row => ({
  sandbox: `secrets-private-key: $/etc/key-${mode}\n${lines}`,
  container: `secret-environ: {A: ${sealed(by, 'x')}}\n`,
  prepare: (_image, root) =>
    writeFileSync(join(root, `etc/key-${mode}`), privateFile([keyA]), { mode }),
})

export const badRows: Readonly<Record<string, Row>> = {
  'port-not-allowed': bad(/not in allowed|not allowed|allow-tcp-ports/, {
    sandbox: 'allow-tcp-ports: [9000]\n',
    container: 'tcp-ports: {21811: {fd: 3}}\n',
  }),
  'port-at-1': bad(/passing fd 1 and fd 2 is not supported/, {
    sandbox: 'allow-tcp-ports: [9000]\n',
    container: 'tcp-ports: {9000: {fd: 1}}\n',
  }),
  'ports-at-one': bad(/is that of port/, {
    sandbox: 'allow-tcp-ports: [9000-9001]\n',
    container: 'tcp-ports: {9000: {fd: 3}, 9001: {fd: 3}}\n',
  }),
  'two-activated': bad(/9000/, {
    sandbox: 'allow-tcp-ports: [9000]\n',
    entry: '  variables: {a: 9000, b: 9000}\n',
    container: twice,
  }),
  'activated-and-own': bad(/LISTEN_FDS/, {
    sandbox: 'allow-tcp-ports: [9000]\n',
    entry: '  variables: {a: 9000}\n',
    container: `${activated}environ: {LISTEN_PID: "3"}\n`,
  }),
  'activated-and-fd': bad(/conflicts with var/, {
    sandbox: 'allow-tcp-ports: [9000-9001]\n',
    entry: '  variables: {a: 9000}\n',
    container: `${activated}tcp-ports: {9001: {fd: 3}}\n`,
  }),
  'no-bridge': bad(/no interface "br7"/, {
    sandbox: bridged('br7'),
    entry: '  ip-addresses: [198.18.0.10]\n',
  }),
  'no-address': bad(/no IP address specified/, { sandbox: bridged() }),
  'address-outside': bad(/is not in the network/, {
    sandbox: bridged(),
    entry: '  ip-addresses: [198.20.0.10]\n',
  }),
  'gateway-outside': bad(/is not in the network/, {
    sandbox: `${bridged()}  default-gateway: 198.20.0.1\n`,
    entry: '  ip-addresses: [198.18.0.11]\n',
  }),
  'after-setup': bad(/is not there or not executable/, {
    sandbox: `${bridged()}  after-setup-command: [/bin/not-there]\n`,
    entry: '  ip-addresses: [198.18.0.12]\n',
  }),
  'user-not-mapped': bad(/user/i, {
    sandbox: ids('uid-map', 100000, 10) + ids('gid-map', 100000, 10),
    container: 'user-id: 10\n',
  }),
  'group-map-missing': bad(/gid-map|group/, { sandbox: ids('uid-map') }),
  'map-not-allowed': bad(/allow/i, {
    users: 'allow-users: [0-9]\nallow-groups: [0-9]\n',
    container: `user-id: 0\n${ids('uid-map', 0, 11)}${ids('gid-map', 0, 9)}`,
  }),
  'owner-not-mapped': bad(/Non-mapped/, {
    sandbox: ids('uid-map', 100000, 10) + ids('gid-map', 100000, 10),
    container: 'user-id: 1\nvolumes: {/tmp: !Statedir {path: /x, user: 11}}\n',
  }),
  'user-not-allowed': bad(/user/i, {
    users: 'allow-users: [1-10]\nallow-groups: [0]\n',
    container: 'user-id: 11\n',
  }),
  'secret-of-another': bad(/A/, secret(keyB)),
  'key-for-all': bad(/mode|permission|key/i, secret(keyA, 0o644)),
  'secret-namespace': bad(/A/, secret(keyA, 0o400, 'secrets-namespaces: [b]\n')),
  'no-interpreter': bad(
    /is run by \/usr\/bin\/python9, which is not there/,
    runs('#!/usr/bin/python9\n'),
  ),
  'dos-script': bad(/carriage return/, runs('#!/bin/guest\r\n')),
  'no-program': bad(/in no format/, runs('echo hello\n')),
  'empty-program': bad(/in no format/, runs('')),
  'other-machine': bad(/another machine/, runs('\x7fELF\x02\x02\x01'.padEnd(80, '\0'))),
  'not-executable': bad(/is not executable for/, runs('#!/bin/guest\n', 0o644)),
  'no-loader': bad(/is run by \S+, which is not there/, {
    whole: 'executable: /bin/linked\narguments: [say=ready]\n',
  }),
  'loop-of-scripts': bad(/run by a script/, runs('#!/bin/script\n')),
  'no-memory': bad(/too few for any program/, { container: 'memory-limit: 100\n' }),
  'little-memory': bad(/too few for any program/, { container: 'memory-limit: 100ki\n' }),
  'memory-bound': bad(/too few for any program/, { sandbox: 'memory-limit: 5000\n' }),
  'too-long': bad(/131072 bytes, and the kernel takes 131071/, {
    whole: `executable: /bin/guest\narguments: [say=ready, ${'x'.repeat(128 * 1024)}]\n`,
  }),
  'too-much': bad(/together, and the kernel takes/, {
    whole:
      'variables: {v: !Name}\nexecutable: /bin/guest\narguments:\n- say=ready\n' +
      '- "@{v}@{v}"\n'.repeat(24),
    entry: `  variables: {v: ${'x'.repeat(50_000)}}\n`,
  }),
  'long-variable': bad(/the kernel takes 131071 at most/, {
    entry: `  variables: {v: ${'x'.repeat(131_072)}}\n`,
    container: 'variables: {v: !Name}\n',
  }),
  'hosts-taken': bad(/is the name of a file/, volume('/tmp: !Statedir {path: /hosts/x}')),
  'hosts-taken-itself': bad(/is the name of a file/, volume('/tmp: !Statedir {path: /hosts}')),
  'pipe-unread': {
    ...volume('/tmp: !Persistent {path: /w}', 'writable-paths: {/w: $/w}\n'),
    whole: 'executable: /bin/guest\narguments: [say=ready, sleep]\nstdout-stderr-file: /tmp/pipe\n',
    prepare: (_image, root) => {
      mkdirSync(join(root, 'w'))
      execFileSync('mkfifo', [join(root, 'w/pipe')])
    },
    says: { text: /is a pipe/, isWarning: true },
  },
  'output-read-only': bad(/read-only/, { container: 'stdout-stderr-file: /tmp/x\n' }),
  'output-link': bad(/is a link/, {
    ...volume('/tmp: !Persistent {path: /w}', 'writable-paths: {/w: $/w2}\n'),
    whole: 'executable: /bin/guest\narguments: [say=ready]\nstdout-stderr-file: /tmp/link\n',
    prepare: (_image, root) => {
      mkdirSync(join(root, 'w2'))
      symlinkSync('/tmp/other', join(root, 'w2/link'))
    },
  }),
  'variable-missing': bad(/is undefined/, { container: 'variables: {a: !Name}\n' }),
  'variable-unknown': bad(/undefined variable/, { container: 'environ: {A: "@{nope}"}\n' }),
  'no-choice': bad(/is not one of/, {
    entry: '  variables: {a: c}\n',
    container: 'variables: {a: !Choice [a, b]}\n',
  }),
  'pid-inside': bad(/as a sole value/, { container: 'environ: {A: "x@{lithos:pid}"}\n' }),
  'no-image': bad(/not there/, {
    processes: 'p: {image: gone, config: /c.yaml}\n',
  }),
  'no-executable': bad(/is not there/, { whole: 'executable: /bin/nope\n' }),
  'volume-program': bad(/from where nothing can be executed/, {
    ...volume(
      '/tmp: !Readonly /w',
      'readonly-paths: {/w: $/images/img/bin}\nexecutable-volumes: false\n',
    ),
    whole: 'executable: /tmp/guest\narguments: [say=ready]\n',
  }),
  'no-source': bad(
    /is not there/,
    volume('/tmp: !Persistent {path: /w}', 'writable-paths: {/w: $/no}\n'),
  ),
  'no-path': bad(/Can't find volume/, volume('/tmp: !Persistent {path: /w}')),
  'no-mount-point': bad(/is not in the image/, volume('/nope: !Tmpfs {}')),
  'no-workdir': bad(/is not there/, { container: 'workdir: /nope\n' }),
  'closed-workdir': bad(/may not enter/, {
    container: 'workdir: /tmp\n',
    prepare: image => chmodSync(join(image, 'tmp'), 0o700),
  }),
  'no-proc': bad(/has no directory \/proc/, {
    prepare: image => rmdirSync(join(image, 'proc')),
  }),
  'linked-sys': bad(/needs a real directory \/sys/, {
    prepare: image => {
      rmdirSync(join(image, 'sys'))
      symlinkSync('tmp', join(image, 'sys'))
    },
  }),
  'no-hosts': bad(/is not a valid mount point/, {
    container: 'hosts-file: {mount: true}\n',
    prepare: image => rmSync(join(image, 'etc/hosts')),
  }),
  'secret-place': bad(/run/, {
    sandbox: 'secrets-private-key: $/etc/key-files\n',
    container: `secret-files: {a: ${sealed(keyA, 'x')}}\n`,
    prepare: (_image, root) =>
      writeFileSync(join(root, 'etc/key-files'), privateFile([keyA]), { mode: 0o600 }),
  }),
  command: bad(/mismatch/, { container: 'kind: Command\n' }),
  'many-files': bad(/fileno-limit/, { container: 'fileno-limit: 99999999999\n' }),
}
