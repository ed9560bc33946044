/**
 * Goal: key files are read whole, all their keys in order, or refused with the original's words;
 * whatever bytes there are, nothing throws.
 * Method: files made by hand, part by part; a file that ssh-keygen has made; random damage.
 */
import * as E from 'fp-ts/lib/Either.js'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { whyNotSafe } from '../../../src/secrets/keyFile.ts'
import { parsePrivateKeys } from '../../../src/secrets/privateKeys.ts'
import { parsePublicKey } from '../../../src/secrets/publicKey.ts'
import { prng } from '../../prng.ts'
import { armoured, keyA, keyB, keyOf, privateFile, publicLine, seedFrom, string } from './keys.ts'
import type { TestKey } from './keys.ts'

const seed = Number(process.env['SEED'] ?? 20_260)

/** Of ssh-keygen, whose own file for seed 00…1f this is. */
const ofKeygen = `-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW
QyNTUxOQAAACADoQe/884Qvh1w3RjnS8CZZ+TWMJulDV8d3IZkElUxuAAAAJABAgMEAQID
BAAAAAtzc2gtZWQyNTUxOQAAACADoQe/884Qvh1w3RjnS8CZZ+TWMJulDV8d3IZkElUxuA
AAAEAAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHwOhB7/zzhC+HXDdGOdLwJln
5NYwm6UNXx3chmQSVTG4AAAACnRlc3Qta2V5LWEBAgM=
-----END OPENSSH PRIVATE KEY-----
`

const shown = (text: string): string => {
  const keys = parsePrivateKeys(Buffer.from(text))
  return E.isLeft(keys)
    ? keys.left
    : keys.right.map(key => (key.type === 'rsa' ? 'rsa' : nameOf(key))).join(' ')
}

const nameOf = ({ publicKey }: Pick<TestKey, 'publicKey'>): string =>
  Buffer.compare(publicKey, keyA.publicKey) === 0
    ? 'A'
    : Buffer.compare(publicKey, keyB.publicKey) === 0
      ? 'B'
      : '?'

const a = privateFile([keyA])
const b = privateFile([keyB])
const rsaBlock = '-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\n'

test('all keys of all blocks, in order', () => {
  assert.is(shown(ofKeygen), 'A')
  assert.is(shown(a), 'A')
  assert.is(shown(a.replaceAll('\n', '\r\n')), 'A')
  assert.is(shown(a.trimEnd()), 'A')
  assert.is(shown(a + b), 'A B')
  assert.is(shown(`${b}\n\n  ${ofKeygen}\n`), 'B A')
  assert.is(shown(privateFile([keyA, keyB])), 'A B')
  assert.is(shown(privateFile([keyB, keyA], { apart: true })), 'B A')
  assert.is(shown(privateFile([keyA, keyB]) + b), 'A B B')
  assert.is(shown(rsaBlock + a), 'rsa A')
})

test('what cannot be used is refused, with the words of the original', () => {
  const invalid = 'invalid key format'
  assert.is(shown(''), invalid)
  assert.is(shown(' \n'), invalid)
  assert.is(shown(`# comment\n${a}`), invalid)
  assert.is(shown(`${a}and so on`), invalid)
  assert.is(shown(a.replace('-----END', '----END')), invalid)
  assert.is(shown(a.replace('b3Bl', 'b3B!')), invalid)
  assert.is(shown(armoured(Buffer.from('openssh-key-v2\0'))), invalid)
  assert.is(shown(privateFile([keyA], { cipher: 'aes256-ctr' })), 'key was encrypted')
  assert.is(shown(privateFile([keyA], { secondCheck: 8 })), invalid)
  assert.is(shown(privateFile([keyA], { count: 0 })), invalid)
  assert.is(shown(privateFile([keyA], { count: 2 })), invalid)
  assert.is(shown(privateFile([keyA], { count: 0xffff_ffff })), invalid)
  assert.is(shown(privateFile([keyA], { publicKey: keyB.publicKey })), invalid)
  assert.is(shown(privateFile([keyA], { type: 'ssh-dss' })), 'unsupported key type "ssh-dss"')
  assert.is(shown(privateFile([keyA], { type: 'hunter2 \u001b[2J' })), invalid)
})

test('one bad block refuses the file, wherever it stands', () => {
  const encrypted = privateFile([keyB], { cipher: 'aes256-ctr' })
  assert.is(shown(a + encrypted), 'key was encrypted')
  assert.is(shown(encrypted + a), 'key was encrypted')
})

test('whatever is damaged, the answer is keys or a refusal', () => {
  const random = prng(seed)
  const whole = Buffer.from(privateFile([keyA, keyB]) + b)
  let refused = 0
  for (let round = 0; round < 3000; round++) {
    const bytes = Buffer.from(whole)
    for (let hits = 1 + random() * 3; hits > 0; hits--)
      bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256)
    const cut = random() < 0.3 ? bytes.subarray(0, Math.floor(random() * bytes.length)) : bytes
    if (E.isLeft(parsePrivateKeys(cut))) refused += 1
  }
  assert.ok(refused > 1000, `seed ${seed}: ${refused} of 3000 were refused`)
})

test('any keys that are written are read again', () => {
  const random = prng(seed)
  for (let round = 0; round < 30; round++) {
    const keys = Array.from({ length: 1 + Math.floor(random() * 4) }, () =>
      keyOf(seedFrom(Math.floor(random() * 256))),
    )
    const cut = Math.floor(random() * (keys.length + 1))
    const blocks = [keys.slice(0, cut), keys.slice(cut)].filter(({ length }) => length > 0)
    const apart = random() < 0.5
    const text = blocks.map(block => privateFile(block, { apart })).join('')
    const read = parsePrivateKeys(Buffer.from(text))
    if (E.isLeft(read)) throw new Error(`seed ${seed}, round ${round}: ${read.left}`)
    const found = read.right.map(key => (key.type === 'rsa' ? 'rsa' : hex(key.publicKey)))
    assert.equal(
      found,
      keys.map(({ publicKey }) => hex(publicKey)),
      `seed ${seed}`,
    )
  }
})

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

test('a public key is the first line of its file', () => {
  const of = (text: string): string => {
    const key = parsePublicKey(text)
    if (E.isLeft(key)) return key.left
    return key.right.type === 'rsa' ? 'rsa' : hex(key.right.bytes)
  }
  const own = hex(keyA.publicKey)
  assert.is(of(publicLine(keyA)), own)
  assert.is(of(publicLine(keyA, '')), own)
  assert.is(of(publicLine(keyA) + publicLine(keyB)), own)
  assert.is(of(publicLine(keyA).replace('\n', '\r\n')), own)
  assert.is(of(''), 'invalid key format')
  assert.is(of(`\n${publicLine(keyA)}`), 'invalid key format')
  assert.is(of('ssh-ed25519'), 'invalid key format')
  assert.is(of('ssh-ed25519 AAAA!'), 'invalid key format')
  assert.is(of(publicLine(keyA).replace('ssh-ed25519', 'ssh-rsa')), 'invalid key format')
  assert.is(of('ecdsa-sha2-nistp256 AAAA'), 'unsupported key type "ecdsa-sha2-nistp256"')
  const blob = Buffer.concat([string('ssh-rsa'), string('e'), string('n')])
  assert.is(of(`ssh-rsa ${blob.toString('base64')}`), 'rsa')
  // No point of the curve has this y.
  const none = { ...keyA, publicKey: Uint8Array.from({ length: 32 }, (_, i) => (i ? 0 : 2)) }
  assert.is(of(publicLine(none)), 'invalid key format')
})

test('a key file is root’s alone', () => {
  assert.is(whyNotSafe({ uid: 0, mode: 0o100600 }), null)
  assert.is(whyNotSafe({ uid: 0, mode: 0o100400 }), null)
  assert.match(whyNotSafe({ uid: 0, mode: 0o100640 }) ?? '', "Key's mode must be 0600")
  assert.match(whyNotSafe({ uid: 0, mode: 0o100700 }) ?? '', "Key's mode must be 0600")
  assert.match(whyNotSafe({ uid: 1, mode: 0o100600 }) ?? '', 'Key must be owned by root')
})

test.run()
