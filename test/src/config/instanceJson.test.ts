/**
 * Goal: the JSON of an instance is, byte for byte, the original's, and reads back as it was.
 * Method: the strings of the original's tests; writing and reading random instances.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  instanceJson,
  instanceOf,
  parseInstanceJson,
  processesJson,
  writeInstance,
} from '../../../src/config/instanceJson.ts'
import type { Instance } from '../../../src/config/instanceJson.ts'
import type { Process } from '../../../src/config/shapes.ts'
import { chance, seedOf } from './reading.ts'

const BARE: Process = {
  instances: 2,
  image: 'myproj.4a20772b',
  config: '/config/staging/myproj.yaml',
  variables: new Map(),
  extraSecretsNamespaces: [],
  ipAddresses: [],
  kind: 'Daemon',
  after: [],
  upgrade: 'all',
}

test('an instance', () => {
  assert.is(
    instanceJson(BARE, 0),
    '{"instances":1,"image":"myproj.4a20772b","config":"/config/staging/myproj.yaml",' +
      '"kind":"Daemon"}',
  )
  const variables = new Map([
    ['c', 'd'],
    ['a', 'b'],
  ])
  assert.is(
    instanceJson({ ...BARE, variables }, 1),
    '{"instances":1,"image":"myproj.4a20772b","config":"/config/staging/myproj.yaml",' +
      '"variables":{"a":"b","c":"d"},"kind":"Daemon"}',
  )
  const full: Process = {
    ...BARE,
    image: 'I',
    config: '/c.yaml',
    variables: new Map([['a', 'b']]),
    extraSecretsNamespaces: ['x'],
    ipAddresses: ['10.0.0.1', '10.0.0.2'],
  }
  assert.is(
    instanceJson(full, 1),
    '{"instances":1,"image":"I","config":"/c.yaml","variables":{"a":"b"},' +
      '"extra_secrets_namespaces":["x"],"ip_address":"10.0.0.2","kind":"Daemon"}',
  )
  assert.is(instanceOf(full, 2).ipAddress, null)
})

test('keys that look like numbers stay in the order of texts', () => {
  const variables = new Map([
    ['9', 'x'],
    ['10', 'y'],
    ['A', 'z'],
    ['\u{1F600}', '😀'],
    ['\uFFFD', 'é"\\\n\u001f'],
  ])
  assert.match(
    instanceJson({ ...BARE, variables }, 0),
    '"variables":{"10":"y","9":"x","A":"z","\uFFFD":"é\\"\\\\\\n\\u001f","😀":"😀"}',
  )
})

test('all processes, for the config log', () => {
  const socket: Process = { ...BARE, image: 'py-example', config: '/config/socket.yaml' }
  assert.is(
    processesJson(new Map([['socket', socket]])),
    '{"socket":{"instances":2,"image":"py-example","config":"/config/socket.yaml",' +
      '"kind":"Daemon"}}',
  )
  const more = new Map([
    ['b', { ...socket, ipAddresses: ['::1'], kind: 'Command' as const }],
    ['a', socket],
  ])
  assert.match(
    processesJson(more),
    /^\{"a":\{.*\},"b":\{.*"ip_addresses":\["::1"\],"kind":"Command"/,
  )
  assert.is(processesJson(new Map()), '{}')
})

test('what is written is read, and written the same', () => {
  const next = chance(seedOf())
  const pieces = ['a', '1', '__proto__', '"', '\\', '\n', '\u0001', 'é', '😀', '\u2028', '/']
  const text = (): string =>
    Array.from({ length: Math.floor(next() * 5) }, () => pieces[Math.floor(next() * 11)]).join('')
  const many = <A>(make: () => A): A[] => Array.from({ length: Math.floor(next() * 4) }, make)
  for (let round = 0; round < 1000; round++) {
    const instance: Instance = {
      image: text(),
      config: text(),
      variables: new Map(many(() => [text(), text()] as const)),
      extraSecretsNamespaces: many(text),
      ipAddress: next() < 0.5 ? null : '10.0.0.1',
      kind: next() < 0.5 ? 'Daemon' : 'Command',
    }
    const written = writeInstance(instance)
    const { value, problems } = parseInstanceJson(written)
    assert.equal(problems, [])
    assert.equal(value?.variables, instance.variables)
    assert.is(value === null ? '' : writeInstance(value), written)
  }
})

test('what is not an instance', () => {
  const line = (text: string): string | undefined => parseInstanceJson(text).problems[0]?.message
  assert.match(line('{') ?? '', /^not JSON: /)
  assert.is(line('[]'), 'expected an object with image and config, found []')
  assert.match(line('{"image":"x"}') ?? '', /^config: expected text/)
  assert.match(line('{"image":"x","config":5}') ?? '', /^config: expected text.*, found 5$/)
  assert.match(line('{"image":"x","config":"\\u0000"}') ?? '', /^config: /)
  assert.match(line('{"image":"x","config":"y","kind":"No"}') ?? '', /^kind: .*found "No"$/)
  assert.match(line('{"image":"x","config":"y","ip_address":"z"}') ?? '', /^ip_address: /)
  assert.match(line('{"image":"x","config":"y","variables":{"a":1}}') ?? '', /^variables\.a: /)
  assert.match(line('{"image":"x","config":"y","variables":[1]}') ?? '', /^variables: /)
})

test.run()
