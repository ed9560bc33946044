/**
 * Goal: volumes, variables and ports of a container: the values, and the lines otherwise.
 * Method: tables of texts with their values or with their exact lines.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { readContainer } from '../../../src/config/read.ts'
import type { Container } from '../../../src/config/shapes.ts'
import { linesOf, valueOf } from './reading.ts'

const container = (more: string): Container => valueOf(readContainer, `executable: /x\n${more}`)

/** Each text is what follows the line with the executable. */
const containerLines = (table: Readonly<Record<string, readonly string[]>>): void => {
  for (const [text, expected] of Object.entries(table)) {
    assert.equal(linesOf(readContainer, `executable: /x\n${text}`), expected, JSON.stringify(text))
  }
}

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

test.run()
