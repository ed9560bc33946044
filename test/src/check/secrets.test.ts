/**
 * Goal: `lithos_check` says which secrets a start could not decrypt, and why, without any of them.
 * Method: a configuration on disk with keys of our own; each change of it with the lines it earns.
 */
import * as fs from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { checkEverything } from '../../../src/check/everything.ts'
import { createDecryption } from '../../../src/decryption.ts'
import { encryptSecret } from '../../../src/secrets/secret.ts'
import { isRoot, skipUnless } from '../../skip.ts'
import { linesLike } from '../evaluate/lines.ts'
import { container, run, sandbox, site } from '../evaluate/rows/row.ts'
import { makeWorld } from '../evaluate/world.ts'
import { keyA, keyB, privateFile } from '../secrets/keys.ts'
import type { TestKey } from '../secrets/keys.ts'

const asRoot = skipUnless(isRoot, 'needs root')

const sealed = (key: TestKey, namespace: string): string => {
  const of = { type: 'ed25519', bytes: key.publicKey } as const
  const made = encryptSecret(of, namespace, Buffer.from('hunter2'))
  if (E.isLeft(made)) throw new Error(made.left)
  return JSON.stringify(made.right)
}

const [good, foreign, elsewhere] = [sealed(keyA, 'ns'), sealed(keyB, 'ns'), sealed(keyA, 'x')]
const owned = 'default-user: 100\nsecrets-private-key: $/key\nsecrets-namespaces: [ns]\n'

interface Case {
  readonly files: Readonly<Record<string, string>>
  readonly expected: readonly string[]
  readonly mode?: number
  readonly owner?: number
}

const check = ({ files, expected, mode = 0o600, owner = 0 }: Case): void => {
  const world = makeWorld({ [sandbox]: site(owned), key: privateFile([keyA]), ...files })
  try {
    const key = join(world.top, 'key')
    if (fs.existsSync(key)) {
      fs.chmodSync(key, mode)
      fs.chownSync(key, owner, 0)
    }
    const asked = {
      ...{ masterFile: world.master, alternate: null, programs: [], now: () => 0 },
      // Whoever else is on this host.
      listeners: () => [],
    }
    assert.equal(linesLike(world, checkEverything(asked), expected), expected)
  } finally {
    world.remove()
  }
}

const using = (secret: string) => ({ [container]: run(`secret-environ: {A: ${secret}}\n`) })
const decoding = 'SANDBOX:6:22: Error decoding private keys: $/key: '
const needed = '(needed by site/web)'

asRoot('what can be decrypted', () => {
  check({ files: using(good), expected: [] })
  check({ files: using(`[${foreign}, ${good}]`), expected: [] })
  check({ files: using(good), expected: [], mode: 0o400 })
  check({ files: { key: privateFile([keyB]) + privateFile([keyA]), ...using(good) }, expected: [] })
  check({ files: { key: '→nowhere' }, expected: [] })
})

asRoot('what cannot', () => {
  const wrongKey = 'decryption error. This usually means the key is wrong.'
  const of = (reason: string): readonly string[] => [
    `CONTAINER:3:21: Can't decrypt secret "A", errors: ${reason}, in site/web`,
  ]
  check({ files: using(foreign), expected: of(wrongKey) })
  check({ files: using(`[${elsewhere}]`), expected: ['CONTAINER:3:18: …'] })
  check({ files: using(elsewhere), expected: of('expected namespaces {"ns"} got "x"') })
  check({ files: using('hunter2'), expected: of('Only v2 secrets are supported') })
  check({
    files: {
      [container]: run('secret-environ-file: s.yaml\n'),
      'images/web.1/config/s.yaml': `A: ${good}\nB: ${foreign}\n`,
    },
    expected: [
      '$/images/web.1/config/s.yaml:2:4: ' +
        `Can't decrypt secret "B", errors: ${wrongKey}, in site/web`,
    ],
  })
})

asRoot('keys that are none', () => {
  const files = using(good)
  check({
    files,
    mode: 0o644,
    expected: [`${decoding}Key's mode must be 0600, and it is 0644 ${needed}`],
  })
  check({
    files,
    owner: 1,
    expected: [`${decoding}Key must be owned by root, and it belongs to user 1 ${needed}`],
  })
  check({ files: { ...files, key: 'x' }, expected: [`${decoding}invalid key format ${needed}`] })
  check({ files: { ...files, key: '→nowhere' }, expected: [`${decoding}no such file ${needed}`] })
  check({
    files: { ...files, [sandbox]: site('default-user: 100\n') },
    expected: [
      'SANDBOX:1:1: No secrets key file defined to decode secrets: set `secrets-private-key` ' +
        needed,
    ],
  })
})

asRoot('files of secrets need a place', () => {
  const text = run(`secret-files: {a: ${good}}\n`)
  const missing = ['CONTAINER:3:1: …']
  check({ files: { [container]: text }, expected: missing })
  check({ files: { [container]: text, 'images/web.1/run/secrets': 'x' }, expected: missing })
  check({ files: { [container]: text, 'images/web.1/run/secrets/': '' }, expected: [] })
  const volume = `${text}volumes: {/run: !Tmpfs}\n`
  check({ files: { [container]: volume, 'images/web.1/run/': '' }, expected: [] })
})

asRoot('decrypted once a turn, and wiped at its end', () => {
  const world = makeWorld({ key: privateFile([keyA]) })
  try {
    const keyFile = join(world.top, 'key')
    fs.chmodSync(keyFile, 0o600)
    const ends: (() => void)[] = []
    const decryption = createDecryption(end => void ends.push(end))
    const environ = [['A', [JSON.parse(good) as string]]] as const
    const secrets = { keyFile, namespaces: ['ns'], environ, files: [] }
    const first = decryption.of('hash', secrets)
    if (E.isLeft(first)) throw new Error(first.left.about)
    const bytes = first.right.environ[0]![1]
    const plan = Buffer.from('a plan with secrets')
    decryption.wipeToo(plan)
    assert.is(Buffer.from(bytes).toString(), 'hunter2')
    assert.is(decryption.of('hash', secrets), first)
    assert.is(ends.length, 1)

    ends[0]!()
    assert.equal([...bytes, ...plan], new Array(bytes.length + plan.length).fill(0))
    fs.chmodSync(keyFile, 0o644)
    const second = decryption.of('hash', secrets)
    assert.ok(E.isLeft(second) && second.left.about.startsWith('A: Error decoding private keys'))
    assert.is(ends.length, 2)
  } finally {
    world.remove()
  }
})

test.run()
