/**
 * Goal: what the file of a sandbox may say, and the lines when it says something else.
 * Method: tables of texts with their values or with their exact lines.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { readSandbox } from '../../../src/config/read.ts'
import { linesOf, valueOf } from './reading.ts'

const lines = (table: Readonly<Record<string, readonly string[]>>): void => {
  for (const [text, expected] of Object.entries(table)) {
    assert.equal(linesOf(readSandbox, text), expected, JSON.stringify(text))
  }
}

test('sandbox: an empty mapping is all defaults', () =>
  assert.equal(valueOf(readSandbox, '{}'), {
    configFile: null,
    imageDir: '/var/lib/lithos/containers',
    imageDirLevels: 1,
    usedImagesList: null,
    logFile: null,
    logLevel: null,
    outputPerProcess: false,
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
    seccomp: 'default',
    landlock: 'default',
    noNewPrivileges: true,
    capabilities: null,
    writableProcSys: false,
    executableVolumes: true,
    maskedPaths: null,
    memoryLimit: null,
    memoryHigh: null,
    filenoLimit: null,
    cpuShares: null,
    pidsLimit: null,
    cpuQuota: null,
    ioWeight: null,
    restartTimeoutMinMs: null,
    killTimeoutMaxMs: null,
    preStopTimeoutMaxMs: null,
    readyTimeoutMaxMs: null,
    probePeriodMinMs: null,
    surgeMax: null,
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
    afterSetupTimeoutMs: 30_000,
  })
})

test('sandbox: lines', () =>
  lines({
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
    'allow-users: [5-5]': [],
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
  lines({
    'bogus: 1\nlog-file: x': ['f:1:1: unknown key "bogus"'],
    '{log-file: x, bogus: 1}': ['f:1:15: unknown key "bogus"'],
    '# hi\n\nlog-file: x\nconfg-file: y': [
      'f:1:1: unknown key "confg-file"; did you mean "config-file"? (on line 4)',
    ],
  }))

test.run()
