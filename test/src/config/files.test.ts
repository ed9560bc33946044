/**
 * Goal: what each file may say, what it then means, and the lines a person reads when it says
 * something else: one per mistake, all at once, in the order of the file.
 * Method: tables of texts with their values or with their exact lines.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  readContainer,
  readMaster,
  readProcesses,
  readSandbox,
  readSecretEnviron,
} from '../../../src/config/read.ts'
import type { Read } from '../../../src/config/read.ts'
import type { Container } from '../../../src/config/shapes.ts'
import { linesOf, valueOf } from './reading.ts'

const lines = <T>(read: Read<T>, table: Readonly<Record<string, readonly string[]>>): void => {
  for (const [text, expected] of Object.entries(table)) {
    assert.equal(linesOf(read, text), expected, JSON.stringify(text))
  }
}

// ---------------------------------------------------------------------------
// Master
// ---------------------------------------------------------------------------

test('master: an empty file is all defaults', () => {
  for (const text of ['', '{}', '# nothing\n', '---\n']) {
    assert.equal(valueOf(readMaster, text), {
      sandboxesDir: './sandboxes',
      processesDir: './processes',
      runtimeDir: '/run/lithos',
      stateDir: 'state',
      mountDir: 'mnt',
      devfsDir: '/var/lib/lithos/dev',
      defaultLogDir: '/var/log/lithos',
      configLogDir: '/var/log/lithos/config',
      stdioLogDir: '/var/log/lithos/stderr',
      logFile: 'master.log',
      logLevel: 'warn',
      syslogFacility: null,
      syslogAppName: 'lithos',
      cgroupName: 'lithos.slice',
      cgroupControllers: [],
      journalDir: 'journal',
      journalSync: 'interval',
      journalSegmentSize: 8 * 1024 * 1024,
      journalMaxSize: 1024 * 1024 * 1024,
      journalMaxDays: 90,
    })
  }
})

test('master: nulls, spellings, words', () => {
  const cgroup = (text: string): string | null => valueOf(readMaster, text).cgroupName
  assert.is(cgroup('cgroup-name: null'), null)
  assert.is(cgroup('cgroup-name: ~'), null)
  assert.is(cgroup('cgroup-name:'), null)
  assert.is(cgroup('cgroup-name: nil'), 'nil')
  const both = valueOf(readMaster, 'syslog_app_name: x\nsyslog-app-name: y')
  assert.is(both.syslogAppName, 'x')
  assert.is(valueOf(readMaster, 'syslog-app-name: y\nsyslog_app_name: x').syslogAppName, 'x')
  assert.equal(linesOf(readMaster, '_foo: {a: [1]}'), [])
  assert.is(valueOf(readMaster, 'log-level: INFO').logLevel, 'info')
  assert.is(valueOf(readMaster, 'log-level: bogus').logLevel, 'warn')
  assert.is(valueOf(readMaster, 'journal-dir:\njournal-sync: never').journalDir, null)
  assert.is(valueOf(readMaster, 'journal-segment-size: 1Mi').journalSegmentSize, 1_048_576)
})

test('master: lines', () =>
  lines(readMaster, {
    null: ['f:1:1: expected the mapping of a master configuration, found null'],
    x: ['f:1:1: expected the mapping of a master configuration, found "x"'],
    'cgroup-controllers: null': [
      'f:1:21: cgroup-controllers: expected a list of texts, found null',
    ],
    'syslog-name: x': ['f:1:1: unknown key "syslog-name"; the key is "syslog-app-name"'],
    'cantal-appname: x': [
      'f:1:1: unknown key "cantal-appname"; it has had no effect since 0.12; delete it',
    ],
    'syslog-app_name: x': ['f:1:1: unknown key "syslog-app_name"; did you mean "syslog-app-name"?'],
    'log-level: null': ['f:1:12: log-level: expected a log level, found null'],
    'log-level: bogus': [
      'f:1:12: warning: log-level: expected error, warn, info, debug or trace, found "bogus"; ' +
        'warn is used',
    ],
    'syslog-facility: foo': ['f:1:18: warning: unknown syslog facility "foo"; syslog is off'],
    'syslog-facility: LOG_LOCAL3': [],
    'journal-sync: sometimes': [
      'f:1:15: journal-sync: expected "always" or "interval" or "never", found "sometimes"',
    ],
    'journal-segment-size: 10': [
      'f:1:23: journal-segment-size: expected a number of bytes such as 64Mi, at least 65536, ' +
        'found "10"',
    ],
  }))

// ---------------------------------------------------------------------------
// Sandbox
// ---------------------------------------------------------------------------

test('sandbox: an empty file is all defaults', () =>
  assert.equal(valueOf(readSandbox, ''), {
    configFile: null,
    imageDir: '/var/lib/lithos/containers',
    imageDirLevels: 1,
    usedImagesList: null,
    logFile: null,
    logLevel: null,
    readonlyPaths: new Map(),
    writablePaths: new Map(),
    allowUsers: [],
    defaultUser: null,
    allowGroups: [],
    defaultGroup: 0,
    allowTcpPorts: [],
    additionalHosts: new Map(),
    uidMap: [],
    gidMap: [],
    autoClean: true,
    resolvConf: '/etc/resolv.conf',
    hostsFile: '/etc/hosts',
    bridgedNetwork: null,
    secretsPrivateKey: null,
    secretsNamespaces: [],
  }))

test('sandbox: ranges, maps, networks', () => {
  const value = valueOf(
    readSandbox,
    'allow-users: [1, 99, 1000-2000]\n' +
      'allow-groups: ["0-4294967295", +5]\n' +
      'uid-map: [{inside: 0, outside: 100k, count: 0x10}]\n' +
      'readonly-paths: {/b: /c, /a: /d}\n' +
      'bridged-network:\n',
  )
  assert.equal(value.allowUsers, [
    { from: 1, to: 1 },
    { from: 99, to: 99 },
    { from: 1000, to: 2000 },
  ])
  assert.equal(value.allowGroups, [
    { from: 0, to: 4_294_967_295 },
    { from: 5, to: 5 },
  ])
  assert.equal(value.uidMap, [{ inside: 0, outside: 100_000, count: 16 }])
  assert.equal(
    [...value.readonlyPaths],
    [
      ['/a', '/d'],
      ['/b', '/c'],
    ],
  )
  assert.is(value.bridgedNetwork, null)

  const network = valueOf(
    readSandbox,
    'bridged-network:\n  bridge: br0\n  network: 10.0.0.0/24\n  default-gateway: null\n',
  )
  assert.equal(network.bridgedNetwork, {
    bridge: 'br0',
    network: { address: '10.0.0.0', prefix: 24, family: 4 },
    defaultGateway: null,
    afterSetupCommand: [],
  })
})

test('sandbox: lines', () =>
  lines(readSandbox, {
    'image-dir-levels: 0': [
      'f:1:19: image-dir-levels: expected a whole number from 1 to 16, found "0"',
    ],
    'image-dir-levels: 17': [
      'f:1:19: image-dir-levels: expected a whole number from 1 to 16, found "17"',
    ],
    'default-user: 0x10': [
      'f:1:15: default-user: expected a user id in decimal digits, found "0x10"',
    ],
    'default-user: 1k': ['f:1:15: default-user: expected a user id in decimal digits, found "1k"'],
    'default-group: null': [
      'f:1:16: default-group: expected a group id in decimal digits, found null',
    ],
    'auto-clean: yes': ['f:1:13: auto-clean: expected true or false, found "yes"; write true'],
    'auto-clean: null': ['f:1:13: auto-clean: expected true or false, found null'],
    'image-dir: null': ['f:1:12: image-dir: expected a path, found null'],
    'allow-users: 1-5': [
      'f:1:14: allow-users: expected a list of ranges such as [0, 1000-2000], found "1-5"; ' +
        'write [1-5]',
    ],
    'allow-users: [1-]': [
      'f:1:15: allow-users[0]: expected a range such as 1000 or 1-65535, found "1-"',
    ],
    'allow-users: [7, 1 - 5]': [
      'f:1:18: allow-users[1]: expected a range such as 1000 or 1-65535, found "1 - 5"; ' +
        'without blanks',
    ],
    'allow-users: [5-1]': [
      'f:1:15: warning: allow-users: the range "5-1" is empty; is it the wrong way round?',
    ],
    'uid-map: [{inside: 0, outside: 1000}]': [
      'f:1:11: uid-map[0].count: expected a whole number from 0 to 4294967295, ' +
        'but the key is missing',
    ],
    'uid-map: [{inside: -1, outside: 1000, count: 1}]': [
      'f:1:20: uid-map[0].inside: expected a whole number from 0 to 4294967295, found "-1"',
    ],
    'readonly-paths: {/a: null}': ['f:1:22: readonly-paths./a: expected a path, found null'],
    'bridged-network: null': [
      'f:1:18: bridged-network: expected the mapping of a bridged network, found null',
    ],
    'bridged-network: {}': [
      'f:1:17: bridged-network.bridge: expected the name of a bridge, but the key is missing',
      'f:1:17: bridged-network.network: expected a network such as 10.0.0.0/24, ' +
        'but the key is missing',
    ],
    'bridged-network: {bridge: b, network: 10.0.0.0/255.0.0.0}': [
      'f:1:39: bridged-network.network: expected a network such as 10.0.0.0/24, ' +
        'found "10.0.0.0/255.0.0.0"; write the netmask as a number of bits',
    ],
  }))

test('an unknown key is told with the line it is on', () =>
  lines(readSandbox, {
    'bogus: 1\nlog-file: x': ['f:1:1: unknown key "bogus"'],
    '{log-file: x, bogus: 1}': ['f:1:15: unknown key "bogus"'],
    '# hi\n\nlog-file: x\nconfg-file: y': [
      'f:1:1: unknown key "confg-file"; did you mean "config-file"? (on line 4)',
    ],
  }))

// ---------------------------------------------------------------------------
// Processes
// ---------------------------------------------------------------------------

test('processes: values', () => {
  assert.equal(valueOf(readProcesses, ''), new Map())
  const text =
    'a:\n  image: x\n  config: /y\n  instances: 1k\n  ip-addresses: [10.0.0.1, "FE80::0:1"]'
  assert.equal(
    valueOf(readProcesses, `${text}\n  variables: {p: 80, q: true, r: "x", s: 1k}`),
    new Map([
      [
        'a',
        {
          instances: 1000,
          image: 'x',
          config: '/y',
          variables: new Map([
            ['p', '80'],
            ['q', 'true'],
            ['r', 'x'],
            ['s', '1k'],
          ]),
          extraSecretsNamespaces: [],
          ipAddresses: ['10.0.0.1', 'fe80::1'],
          kind: 'Daemon',
        },
      ],
    ]),
  )
})

test('processes: lines', () =>
  lines(readProcesses, {
    'a: {image: x}': [
      'f:1:3: a.config: expected the path of a configuration in the image, but the key is missing',
    ],
    'a:\nb:\n  image: x\n': [
      'f:1:3: a.image: expected the name of an image, but the key is missing',
      'f:1:3: a.config: expected the path of a configuration in the image, but the key is missing',
      'f:3:3: b.config: expected the path of a configuration in the image, but the key is missing',
    ],
    'a: {image: x, config: y, kind: daemon}': [
      'f:1:32: a.kind: expected "Daemon" or "Command", found "daemon"; did you mean "Daemon"?',
    ],
    'a: {image: x, config: y, instances: -1}': [
      'f:1:37: a.instances: expected a number of instances from 0 to 4194304, found "-1"',
    ],
    'a: {image: x, config: y, variables: {p: null}}': [
      'f:1:41: a.variables.p: expected text, found null',
    ],
    'a: {image: x, config: y, ip-addresses: [foo]}': [
      'f:1:41: a.ip-addresses[0]: expected an IP address, found "foo"; ' +
        'host names are not looked up',
    ],
    '_d: &d {image: x}\na:\n  <<: *d\n  config: /y': [
      'f:1:7: _d.config: expected the path of a configuration in the image, ' +
        'but the key is missing',
    ],
    'a b: {image: x, config: y}': [
      'f:1:1: warning: "a b": process names should be of letters, digits, "_" and "-" only',
    ],
    'a/b: {image: x, config: y}\n..: {image: x, config: y}': [
      'f:1:1: a/b: expected a name without "/" and NUL',
      'f:2:1: ..: expected a name, found a directory',
    ],
  }))

// ---------------------------------------------------------------------------
// Container
// ---------------------------------------------------------------------------

const container = (more: string): Container => valueOf(readContainer, `executable: /x\n${more}`)

/** Each text is what follows the line with the executable. */
const containerLines = (table: Readonly<Record<string, readonly string[]>>): void =>
  lines(
    readContainer,
    Object.fromEntries(
      Object.entries(table).map(([text, expected]) => [`executable: /x\n${text}`, expected]),
    ),
  )

test('container: defaults', () =>
  assert.equal(container(''), {
    kind: 'Daemon',
    variables: new Map(),
    volumes: new Map(),
    userId: null,
    groupId: null,
    memoryLimit: 9_223_372_036_854_775_807n,
    filenoLimit: 1024n,
    cpuShares: 1024,
    restartTimeoutMs: 1000,
    killTimeoutMs: 5000,
    executable: '/x',
    arguments: [],
    environ: new Map(),
    secretEnviron: new Map(),
    secretEnvironFile: null,
    workdir: '/',
    resolvConf: { mount: null, copyFromHost: true },
    hostsFile: { mount: null, copyFromHost: true, localhost: null, publicHostname: null },
    uidMap: [],
    gidMap: [],
    stdoutStderrFile: null,
    interactive: false,
    restartProcessOnly: false,
    normalExitCodes: [],
    tcpPorts: new Map(),
  }))

test('container: values', () => {
  assert.is(container('memory-limit: 100Mi').memoryLimit, 104_857_600n)
  assert.is(container('user-id: 1k').userId, 1000)
  assert.is(container('user-id: null').userId, null)
  assert.is(container('restart_timeout: 0').restartTimeoutMs, 0)
  assert.equal(container('arguments: [60, a b, true]').arguments, ['60', 'a b', 'true'])
  assert.equal(
    [...container('environ: {A: true, 1: b}').environ],
    [
      ['1', 'b'],
      ['A', 'true'],
    ],
  )
  assert.equal(container('normal-exit-codes: [1, 0x10, 200]').normalExitCodes, [1, 16, 200])
  assert.equal(container('resolv-conf:').resolvConf, { mount: null, copyFromHost: true })
  assert.equal(container('resolv-conf: {mount: ~}').resolvConf.mount, null)
  assert.equal(container('metadata: {a: [1, {b: !Foo x}], c: null}'), container(''))
  assert.equal(container('metadata: null'), container(''))
})

test('container: text with a colon after a blank is text, as it was to the original', () => {
  assert.equal(container('arguments:\n- a : b\n- c').arguments, ['a : b', 'c'])
  assert.equal([...container('environ:\n  A: x : y').environ], [['A', 'x : y']])
  assert.equal([...container('environ:\n  A : x').environ], [['A', 'x']])
})

test('container: volumes', () => {
  const volume = (text: string): unknown => container(`volumes:\n  /v: ${text}`).volumes.get('/v')
  const tmpfs = { kind: 'Tmpfs', size: 104_857_600, mode: 511 }
  const owned = { path: '/', mode: 511, user: 0, group: 0 }
  assert.equal(volume('!Tmpfs'), tmpfs)
  assert.equal(volume('!Tmpfs {}'), tmpfs)
  assert.equal(volume('!Tmpfs { mode: 0o766 }'), { ...tmpfs, mode: 502 })
  assert.equal(volume('!Tmpfs { mode: 0o1777 }'), { ...tmpfs, mode: 1023 })
  assert.equal(volume('!Tmpfs { mode: 755 }'), { ...tmpfs, mode: 755 })
  assert.equal(volume('!Tmpfs\n    size: 1ki'), { ...tmpfs, size: 1024 })
  assert.equal(volume('!Readonly /a'), { kind: 'Readonly', path: '/a' })
  assert.equal(volume('!Persistent'), { kind: 'Persistent', mkdir: false, ...owned })
  assert.equal(volume('!Statedir {path: /a}'), { kind: 'Statedir', ...owned, path: '/a' })
})

test('container: lines about volumes', () =>
  containerLines({
    'volumes:\n  /v: !Tmpfs null': [
      'f:3:14: volumes./v: expected a mapping of size and mode, found !Tmpfs null',
    ],
    'volumes:\n  /v: !Tmpfs []': [
      'f:3:13: volumes./v: expected a mapping of size and mode, found !Tmpfs a list',
    ],
    'volumes:\n  /v: !Tmpfs { size: 100m }': [
      'f:3:22: volumes./v.size: expected a number of bytes such as 100Mi, found "100m"; ' +
        'write 100M (times 1000) or 100Mi (times 1024)',
    ],
    'volumes:\n  /v: !Tmpfs { mode: 1777 }': [
      'f:3:22: volumes./v.mode: expected a file mode from 0 to 0o1777, written as 0o755, ' +
        'found "1777"; it is a decimal number; write 0o1777',
    ],
    'volumes:\n  /v: !Tmpfs { mode: 755 }': [
      'f:3:22: warning: volumes./v.mode: 755 is a decimal number, which is the mode 0o1363; ' +
        'write 0o755',
    ],
    'volumes:\n  /v: !Persistent /db': [
      'f:3:19: volumes./v: expected a mapping of path, mkdir, mode, user and group, ' +
        'found !Persistent "/db"; write !Persistent { path: /db }',
    ],
    'volumes:\n  /v: !BindRW /a': [
      'f:3:7: volumes./v: expected one of the tags !Readonly, !Persistent, !Tmpfs, !Statedir, ' +
        'found !BindRW',
    ],
    'volumes:\n  /v: !readonly /a': [
      'f:3:7: volumes./v: expected one of the tags !Readonly, !Persistent, !Tmpfs, !Statedir, ' +
        'found !readonly; did you mean !Readonly?',
    ],
    'volumes:\n  /v: /a': [
      'f:3:7: volumes./v: expected one of the tags !Readonly, !Persistent, !Tmpfs, !Statedir, ' +
        'found "/a"',
    ],
    'volumes:\n  /v: !Readonly {path: /a}': [
      'f:3:16: volumes./v: expected an absolute path after !Readonly, found !Readonly a mapping',
    ],
    'volumes:\n  /v: !Readonly a': [
      'f:3:17: volumes./v: expected an absolute path after !Readonly, found !Readonly "a"; ' +
        'it must begin with "/"',
    ],
    'volumes:\n  /v: !Persistent { path: /a/../b }': [
      'f:3:27: volumes./v.path: expected an absolute path, found "/a/../b"; ".." is not accepted',
    ],
    'volumes:\n  v: !Tmpfs\n  /a/..: !Tmpfs': [
      'f:3:3: volumes.v: expected an absolute mount point without "..", found "v"; ' +
        'it must begin with "/"',
      'f:4:3: volumes./a/..: expected an absolute mount point without "..", found "/a/.."; ' +
        '".." is not accepted',
    ],
  }))

test('container: variables', () => {
  const type = (text: string): unknown => container(`variables:\n  v: ${text}`).variables.get('v')
  assert.equal(type('!TcpPort'), { type: 'TcpPort', activation: null })
  assert.equal(type('!TcpPort {}'), { type: 'TcpPort', activation: null })
  const systemd = { type: 'TcpPort', activation: 'systemd' }
  assert.equal(type('!TcpPort {activation: systemd}'), systemd)
  assert.equal(type('!TcpPort {activation: "systemd"}'), systemd)
  assert.equal(type('!TcpPort\n    activation: !systemd'), systemd)
  assert.equal(type('!Name'), { type: 'Name' })
  assert.equal(type('!Name null'), { type: 'Name' })
  assert.equal(type('!DottedName'), { type: 'DottedName' })
  assert.equal(type('!Choice [a, 1]'), { type: 'Choice', of: ['a', '1'] })
  assert.equal(type('!Choice'), { type: 'Choice', of: [] })
  containerLines({
    'variables:\n  v: !TcpPort null': [
      'f:3:15: variables.v: expected a mapping with activation, or nothing, found !TcpPort null',
    ],
    'variables:\n  v: !TcpPort {activation: none}': [
      'f:3:28: variables.v.activation: expected the word systemd, found "none"; ' +
        'leave the key out for no activation',
    ],
    'variables:\n  v: !Name foo': [
      'f:3:12: variables.v: expected nothing after !Name, found !Name "foo"',
    ],
    'variables:\n  v: !Choice a': [
      'f:3:14: variables.v: expected a list of texts after !Choice, found !Choice "a"; write [a]',
    ],
    'variables:\n  v: TcpPort': [
      'f:3:6: variables.v: expected one of the tags !TcpPort, !Name, !DottedName, !Choice, ' +
        'found "TcpPort"',
    ],
  })
})

test('container: ports', () => {
  const port = {
    fd: 3,
    host: '0.0.0.0',
    reuseAddr: true,
    reusePort: false,
    setNonBlock: false,
    listenBacklog: 128,
    external: false,
  }
  assert.equal(container('tcp-ports: {80: {fd: 3}}').tcpPorts, new Map([['80', port]]))
  assert.equal(container('tcp-ports: {"@{p}": {fd: 3}}').tcpPorts, new Map([['@{p}', port]]))
  containerLines({
    'tcp-ports: {80: {}}': [
      'f:2:16: tcp-ports.80.fd: expected the number of a file descriptor, but the key is missing',
    ],
    'tcp-ports: {80: {fd: -1}}': [
      'f:2:22: tcp-ports.80.fd: expected the number of a file descriptor, found "-1"',
    ],
    'tcp-ports: {80: {fd: 3, host: localhost}}': [
      'f:2:31: tcp-ports.80.host: expected an IP address, found "localhost"; ' +
        'host names are not looked up',
    ],
    'tcp-ports: {80: {fd: 3, listen-backlog: 1k}}': [
      'f:2:41: tcp-ports.80.listen-backlog: expected a number in decimal digits, found "1k"',
    ],
    'tcp-ports: {http: {fd: 3}}': [
      'f:2:13: tcp-ports.http: expected a port from 0 to 65535 or a variable such as "@{port}": ' +
        'invalid digit found in string',
    ],
    'tcp-ports: {80: {fd: 1}, 080: {fd: 4}}': [
      'f:2:22: warning: tcp-ports.80.fd: 1 is taken by standard output; the start will fail',
      'f:2:26: warning: tcp-ports.080: the same port as "80"; one of them wins',
    ],
  })
})

test('container: other lines', () =>
  containerLines({
    'memory-limit: 1.5G': [
      'f:2:15: memory-limit: expected a number of bytes such as 100Mi, found "1.5G"; ' +
        'fractions are not accepted',
    ],
    'restart-timeout: 0.5': [
      'f:2:18: restart-timeout: expected a number of seconds from 0 to 86400, found "0.5"; ' +
        'fractions are not accepted',
    ],
    'kill-timeout: 5s': [
      'f:2:15: kill-timeout: expected a number of seconds from 0 to 86400, found "5s"; ' +
        'seconds are written without a unit',
    ],
    'user-id: 5G': ['f:2:10: user-id: expected a whole number from 0 to 4294967295, found "5G"'],
    'arguments: [null]': ['f:2:13: arguments[0]: expected text, found null'],
    'work-dir: /app': ['f:1:1: unknown key "work-dir"; the key is "workdir" (on line 2)'],
    'resolv-conf: {mount: nil}': [
      'f:2:22: resolv-conf.mount: expected true, false or null, found "nil"; write null',
    ],
    'resolv-conf: null': [
      'f:2:14: resolv-conf: expected a mapping of mount and copy-from-host, found null',
    ],
    'environ: {A: null, B: }': [
      'f:2:14: environ.A: expected text, found null',
      'f:2:22: environ.B: expected text, found nothing',
    ],
    'environ: {"A\\0": x, B: "\\0"}': [
      'f:2:11: environ."A\\u0000": expected a key without a NUL character',
      'f:2:24: environ.B: expected text, found "\\u0000"; ' +
        'a NUL character (or half a character) cannot be passed to a program',
    ],
  }))

test('every mistake of a file, in its order', () =>
  assert.equal(
    linesOf(
      readContainer,
      '# hi\n\nexecutable: /x\nvolumes:\n  /a: !Tmpfs { size: 1m }\n  /b: !Persistent /x\n' +
        'user-id: x\nbogus: 1\ninteractive: yes\nenviron:\n  A: *nobody\n',
    ),
    [
      'f:1:1: unknown key "bogus" (on line 8)',
      'f:5:22: volumes./a.size: expected a number of bytes such as 100Mi, found "1m"; ' +
        'write 1M (times 1000) or 1Mi (times 1024)',
      'f:6:19: volumes./b: expected a mapping of path, mkdir, mode, user and group, ' +
        'found !Persistent "/x"; write !Persistent { path: /x }',
      'f:7:10: user-id: expected a whole number from 0 to 4294967295, found "x"',
      'f:9:14: interactive: expected true or false, found "yes"; write true',
      'f:11:6: no anchor &nobody before this alias *nobody',
    ],
  ))

// ---------------------------------------------------------------------------
// Secrets
// ---------------------------------------------------------------------------

test('secret environment', () => {
  const secrets = (text: string): unknown => valueOf(readSecretEnviron, text).get('A')
  assert.equal(secrets('A: x'), ['x'])
  assert.equal(secrets('A: [a, b]'), ['a', 'b'])
  assert.equal(secrets('A:'), [])
  assert.equal(secrets('A: ""'), [''])
  assert.equal(secrets('A: !Foo x'), ['x'])
  lines(readSecretEnviron, {
    'A: null': ['f:1:4: A: expected a secret or a list of secrets, found null'],
    'A: {b: c}': ['f:1:3: A: expected a secret or a list of secrets, found a mapping'],
  })
})

// ---------------------------------------------------------------------------
// Places
// ---------------------------------------------------------------------------

test('a mapping is where the original said it was', () => {
  const missing = 'a.config: expected the path of a configuration in the image'
  const place = (text: string): string | undefined => {
    const line = linesOf(readProcesses, text).find(one => one.includes(missing))
    return line?.slice(0, line.indexOf(' '))
  }
  assert.is(place('a: {image: x}'), 'f:1:3:')
  assert.is(place('a:   # here\n  image: x'), 'f:2:3:')
  assert.is(place('a:\n  # here\n\n  image: x'), 'f:4:3:')
  assert.is(place('a: !Tag\n  image: x'), 'f:2:3:')
  assert.is(place('a: &x\n  image: x'), 'f:2:3:')
  assert.is(place('a:\n  !Tag\n  image: x'), 'f:2:7:')
  assert.is(place('a:\n  {image: x}'), 'f:2:3:')
  assert.is(place('{a: {image: x}}'), 'f:1:4:')
  assert.is(place('{a:\n  {image: x}}'), 'f:1:4:')
  assert.is(place('b: &x {image: x}\na: *x'), 'f:1:6:')
  assert.is(place('a: image: x'), 'f:1:3:')
})

test('and so is a list', () => {
  const place = (text: string): string => {
    const [line = ''] = linesOf(readContainer, text)
    return line.slice(0, line.indexOf(' '))
  }
  assert.is(place('executable:\n- a'), 'f:1:12:')
  assert.is(place('executable:\n  - a'), 'f:2:3:')
  assert.is(place('executable: [a]'), 'f:1:12:')
  assert.is(place('executable: /x\narguments:\n- [a]'), 'f:3:3:')
  assert.is(place('executable: /x\narguments:\n- - a'), 'f:3:3:')
  assert.is(place('executable: /x\narguments: [[a]]'), 'f:2:13:')
  assert.is(place('executable: /x\narguments: [a, [a]]'), 'f:2:15:')
})

test.run()
