/**
 * Goal: S28: a name that becomes a path, a control group or a word of a command line leads nowhere
 *   else, whatever stands in a file or is the name of one.
 * Method: names by hand and by chance, from letters that paths and scripts give a meaning to; those
 *   that are accepted are put where names are put.
 */
import { join, normalize } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fileName, parseFileName } from '../../../native/statusFile.ts'
import { isCommandName } from '../../../src/config/names.ts'
import type { Process } from '../../../src/config/shapes.ts'
import { checkProcess, checkSandboxName } from '../../../src/evaluate/names.ts'
import { prng } from '../../prng.ts'

const process: Process = {
  instances: 1,
  image: 'image',
  config: '/c.yaml',
  variables: new Map(),
  extraSecretsNamespaces: [],
  ipAddresses: [],
  kind: 'Daemon',
  after: [],
  upgrade: 'all',
}

const isAccepted = (sandbox: string, name: string): boolean =>
  checkSandboxName('f', sandbox).length === 0 &&
  checkProcess('f', name, process, sandbox, 1).length === 0

const letters = [...'aZ09_-./\\:@+~ \n\0$`"\'*?;&|<>(){}[]#%=,!ä\u202e\u0130', '..', '../', '/etc']

const names = (count: number): readonly string[] => {
  const random = prng(28)
  const pick = (): string => letters[Math.floor(random() * letters.length)] ?? ''
  const plain = (): string => 'aZ09_-'[Math.floor(random() * 6)] ?? ''
  return Array.from({ length: count }, (_, index) => {
    const length = 1 + Math.floor(random() * (index % 7 === 0 ? 240 : 8))
    // Wholly by chance hardly any would be accepted.
    const next = index % 3 === 0 ? plain : () => (random() < 0.8 ? plain() : pick())
    return Array.from({ length }, next).join('')
  })
}

const byHand = [
  '',
  '.',
  '..',
  '...',
  '../x',
  'a/b',
  '/',
  'a.b',
  'a:b',
  'a@1',
  'a\n',
  'a b',
  'ä',
  'a\0',
]

test('S28: what has a meaning anywhere is no name', () => {
  for (const name of byHand) {
    assert.ok(!isAccepted('web', name), JSON.stringify(name))
    assert.ok(!isAccepted(name, 'web'), JSON.stringify(name))
    assert.ok(!isCommandName(`${name}/cmd.x.1`) && !isCommandName(`web/cmd.${name}.1`))
  }
  for (const name of ['a', '-', '_', '--x', '0', 'A-b_9']) assert.ok(isAccepted(name, name), name)
})

test('S28: every accepted name stays in its directory, and is found again by its file', () => {
  let accepted = 0
  const [sandboxes, processes] = [names(6000), names(6001).slice(1)]
  sandboxes.forEach((sandbox, index) => {
    const name = processes[index] ?? ''
    if (!isAccepted(sandbox, name)) return
    accepted += 1
    for (const path of [sandbox, `${sandbox}.yaml`, `${sandbox}/${name}.0`, `${sandbox}:${name}`])
      assert.is(normalize(join('/base', path)), `/base/${path}`)
    const instance = `${sandbox}/${name}.9999`
    const file = fileName(instance, 2 ** 52)
    assert.ok(!file.includes('/') && Buffer.byteLength(file) < 255, file)
    assert.equal(parseFileName(file), { instance, incarnation: 2 ** 52 })
  })
  assert.ok(accepted > 500, String(accepted))
})

test.run()
