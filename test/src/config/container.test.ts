/**
 * Goal: what the file of a container may say, and the lines when it says something else.
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
    memoryHigh: null,
    pidsLimit: null,
    cpuQuota: null,
    ioWeight: null,
    restartTimeoutMs: 1000,
    killTimeoutMs: 5000,
    executable: '/x',
    arguments: [],
    environ: new Map(),
    secretEnviron: new Map(),
    secretEnvironFile: null,
    secretFiles: new Map(),
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
    ready: null,
    healthy: null,
    backoff: null,
    intensity: null,
    stop: null,
    preStop: null,
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

test('container: one text in two places means one thing, and its mistakes are told of each', () => {
  const good = 'executable: /x\nuser-id: 7\n'
  const { value } = readContainer('/a.yaml', good)
  assert.is(value?.userId, 7)
  assert.is(readContainer('/b.yaml', good).value, value)
  const bad = 'executable: /x\nuser-id: x\n'
  for (const file of ['/a.yaml', '/b.yaml'])
    assert.equal(
      readContainer(file, bad).problems.map(problem => problem.file),
      [file],
    )
  assert.is(readContainer('/a.yaml', good.replace('7', '8')).value?.userId, 8)
})

test.run()
