/**
 * Goal: secrets are exchanged with the original in both directions, every wrong one is refused
 * with its words and in its order, and no input makes anything throw.
 * Method: vectors of the original's documentation and of libsodium, which knows nothing of us;
 * boxes with a fixed ephemeral key, byte for byte; properties over random secrets and damage.
 */
import { readFileSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import nacl from 'tweetnacl'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { decodeBase64 } from '../../../src/secrets/base64.ts'
import { decryptAll } from '../../../src/secrets/decrypt.ts'
import { parsePrivateKeys } from '../../../src/secrets/privateKeys.ts'
import type { PrivateKey } from '../../../src/secrets/privateKeys.ts'
import type { PublicKey } from '../../../src/secrets/publicKey.ts'
import { checkKey, decryptSecret, encryptSecret } from '../../../src/secrets/secret.ts'
import { prng } from '../../prng.ts'
import { keyA, keyB, keyOf, privateFile } from './keys.ts'
import type { TestKey } from './keys.ts'

const seed = Number(process.env['SEED'] ?? 18_400)

const publicOf = ({ publicKey }: TestKey): PublicKey => ({ type: 'ed25519', bytes: publicKey })
const privateOf = (...keys: TestKey[]): readonly PrivateKey[] =>
  E.getOrElse<string, readonly PrivateKey[]>(() => [])(
    parsePrivateKeys(Buffer.from(privateFile(keys))),
  )
const [privateA] = privateOf(keyA)
const [privateB] = privateOf(keyB)
if (privateA === undefined || privateB === undefined) throw new Error('no keys to test with')

const decrypted = (key: PrivateKey, text: string): string =>
  E.match(
    (wrong: string) => wrong,
    ({ namespace, bytes }: { namespace: string; bytes: Uint8Array }) =>
      `${namespace}:${Buffer.from(bytes).toString()}`,
  )(decryptSecret(key, text))

const encrypted = (key: TestKey, namespace: string, secret: Uint8Array | string): string => {
  const made = encryptSecret(publicOf(key), namespace, Buffer.from(secret))
  if (E.isLeft(made)) throw new Error(made.left)
  return made.right
}

const read = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8')) as T

interface Vector {
  readonly namespace: string
  readonly secret: string
  readonly text: string
}

/** `ephemeral`: the byte that the ephemeral private key consists of. */
const vectors = read<readonly (Vector & { key: 'A' | 'B'; ephemeral: number })[]>('./vectors.json')
const textOf = (key: 'A' | 'B', number: number): string =>
  vectors.find(vector => vector.key === key && vector.ephemeral === number)?.text ?? ''

test('known secrets are made and opened byte for byte', () => {
  for (const { key: name, namespace, secret, ephemeral: byte, text } of vectors) {
    const key = name === 'A' ? keyA : keyB
    const ephemeral = nacl.box.keyPair.fromSecretKey(new Uint8Array(32).fill(byte))
    const made = encryptSecret(publicOf(key), namespace, Buffer.from(secret), ephemeral)
    assert.equal(made, E.right(text))
    const own = key === keyA ? privateA : privateB
    assert.is(decrypted(own, text), `${namespace}:${secret}`)
    assert.is(decrypted(own, text.replace(/=+$/, '')), `${namespace}:${secret}`)
    assert.is(checkKey(publicOf(key), text), null)
  }
})

test('what libsodium has sealed is opened', () => {
  const recorded = read<{ seed: string; secrets: readonly Vector[] }>('./libsodium.json')
  const [key] = privateOf(keyOf(Buffer.from(recorded.seed, 'hex')))
  for (const { namespace, secret, text } of recorded.secrets)
    assert.is(decrypted(key!, text), `${namespace}:${secret}`)
})

test('hashes of the documentation', () => {
  const known = 'v2:ROit92I5:KqWSX0BY:8MtOoWUX:'
  const [, , namespace, secret] = encrypted(keyA, 'myapp', 'the_secret').split(':')
  assert.is(`v2:ROit92I5:${namespace}:${secret}:`, known)
})

const damaged = 'decryption error. This usually means the key is wrong.'

test('what is wrong is said in the words of the original', () => {
  const text = textOf('A', 2)
  const parts = text.split(':')
  const box = parts[4]!
  const put = (index: number, part: string): string => parts.with(index, part).join(':')
  const flipped = Buffer.from(box, 'base64')
  flipped[40]! ^= 1
  const cases: readonly (readonly [string, string])[] = [
    [text.replace('v2:', 'v1:'), 'Only v2 secrets are supported'],
    ['the_secret', 'Only v2 secrets are supported'],
    ['', 'Only v2 secrets are supported'],
    [parts.slice(0, 4).join(':'), 'invalid key format'],
    [`${text}:x`, 'invalid key format'],
    [put(4, `!${box.slice(1)}`), 'Invalid byte 33, offset 0.'],
    [put(4, 'AAAAA'), 'Encoded text cannot have a 6-bit remainder.'],
    [put(4, flipped.toString('base64')), damaged],
    [put(4, ''), damaged],
    [put(4, Buffer.alloc(31).toString('base64')), damaged],
    [put(4, Buffer.alloc(47).toString('base64')), damaged],
    [put(4, Buffer.alloc(48).toString('base64')), damaged],
    [put(1, 'RDJ7jWCm'), 'invalid key hash'],
    [put(2, '3dnEB2f5'), 'invalid namespace hash'],
    [put(3, '3dnEB2f5'), 'invalid secret hash'],
  ]
  for (const [wrong, message] of cases) assert.is(decrypted(privateA, wrong), message, wrong)
  assert.is(decrypted(privateB, put(1, 'RDJ7jWCm')), damaged)
  assert.is(decrypted({ type: 'rsa' }, text), 'Only ed25519 keys are supported')
})

test('a key is checked by its hash alone', () => {
  assert.is(checkKey(publicOf(keyA), textOf('B', 1)), "key doesn't match")
  assert.is(checkKey(publicOf(keyA), 'v1:x:y'), 'Only v1 secrets are supported')
  assert.is(checkKey(publicOf(keyA), 'v2:i4+dWTpg'), 'bad format of data')
  assert.is(checkKey({ type: 'rsa' }, textOf('A', 1)), 'Only ed25519 keys are supported')
})

test('any secret comes back, and only to its own key; any damage is refused', () => {
  const random = prng(seed)
  const bytes = (most: number): Buffer =>
    Buffer.from(Array.from({ length: random() * most }, () => Math.floor(random() * 256)))
  for (let round = 0; round < 60; round++) {
    const about = `seed ${seed}, round ${round}`
    const secret = bytes(200)
    const namespace = bytes(12).toString('hex')
    const text = encrypted(keyA, namespace, secret)
    assert.equal(
      decryptSecret(privateA, text),
      E.right({ namespace, bytes: Uint8Array.from(secret) }),
      about,
    )
    assert.ok(E.isLeft(decryptSecret(privateB, text)), about)
    const at = Math.floor(random() * text.length)
    const changed = text.slice(0, at) + 'A0+:='[Math.floor(random() * 5)] + text.slice(at + 1)
    const opened = decryptSecret(privateA, changed)
    // The last letter of base64 has bits that mean nothing.
    if (changed !== text && at < text.replace(/=+$/, '').length - 1)
      assert.ok(E.isLeft(opened), `${about}: ${changed}`)
  }
})

test('keys go outermost and the first success wins; what is not allowed is no success', () => {
  const keys = privateOf(keyA, keyB)
  const all = (texts: readonly string[], namespaces = ['']): string =>
    E.match(
      (wrong: readonly { message: string }[]) => wrong.map(({ message }) => message).join('\n'),
      (found: readonly (readonly [string, Uint8Array])[]) =>
        found.map(([, bytes]) => Buffer.from(bytes).toString()).join(),
    )(decryptAll(keys, [['NAME', texts]], namespaces))
  const [ofA, ofB] = [encrypted(keyA, '', 'of A'), encrypted(keyB, '', 'of B')]
  assert.is(all([ofB, ofA]), 'of A')
  assert.is(all([ofB]), 'of B')
  assert.is(all([]), 'Can\'t decrypt secret "NAME", errors: ')
  assert.is(
    all(['x', ofB], ['b', 'a']),
    `Can't decrypt secret "NAME", errors: Only v2 secrets are supported, ${damaged}, ` +
      'Only v2 secrets are supported, expected namespaces {"a", "b"} got ""',
  )
  assert.match(all([encrypted(keyA, '', 'a\0b')]), 'no null bytes allowed in secret')
  assert.match(all([encrypted(keyA, '', Uint8Array.of(255))]), "Can't decode secret as utf-8")
  assert.is(all([encrypted(keyA, 'ns', 'allowed')], ['', 'ns']), 'allowed')
  assert.not.match(all(['hunter2']), 'hunter2')
})

test('base64 is read as Node reads it, where it is right', () => {
  const random = prng(seed)
  for (let round = 0; round < 500; round++) {
    const bytes = Buffer.from(
      Array.from({ length: random() * 20 }, () => Math.floor(random() * 256)),
    )
    const text = bytes.toString('base64')
    for (const each of [text, text.replace(/=+$/, '')])
      assert.equal(decodeBase64(Buffer.from(each)), E.right(Uint8Array.from(bytes)), each)
  }
  for (const wrong of ['=', 'A===', 'A=', 'AA=A', '====', 'AAA=A', 'AA A'])
    assert.ok(E.isLeft(decodeBase64(Buffer.from(wrong))), wrong)
})

test.run()
