/**
 * Goal: what the file of processes and the one of secrets may say, and the lines otherwise.
 * Method: tables of texts with their values or with their exact lines.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { readProcesses, readSecretEnviron } from '../../../src/config/read.ts'
import type { Read } from '../../../src/config/read.ts'
import { linesOf, valueOf } from './reading.ts'

const lines = <T>(read: Read<T>, table: Readonly<Record<string, readonly string[]>>): void => {
  for (const [text, expected] of Object.entries(table)) {
    assert.equal(linesOf(read, text), expected, JSON.stringify(text))
  }
}

test('processes: values', () => {
  assert.equal(valueOf(readProcesses, '{}'), new Map())
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
          after: [],
          upgrade: 'all',
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

test.run()
