/**
 * Private keys as ssh-keygen writes them, not encrypted. A file may hold several blocks one after
 * the other, and a block several keys: so one key can be replaced by another while secrets for
 * both are about. A block that cannot be read refuses the file, for a key that is silently left
 * out would be missed only when the other one is gone.
 *
 *     block   "openssh-key-v1" NUL   string cipher   string kdf   string kdf options
 *             u32 number of keys   strings: public keys   string: private keys
 *     keys    u32 check, twice   of each: string type, strings of the type, string comment
 *
 * The original reads, instead of one string of all private keys, one after each public key. For
 * one key this is the same; of more, both are read.
 */
import * as E from 'fp-ts/lib/Either.js'
import ed2curve from 'ed2curve'
import { decodeBase64 } from './base64.ts'
import { INVALID_FORMAT, unsupportedType } from './publicKey.ts'
import type { KeyPair } from './sealedBox.ts'
import { readerOf, textOf } from './sshBytes.ts'
import type { Reader } from './sshBytes.ts'
import { wipe } from './wipe.ts'

export type PrivateKey =
  | {
      readonly type: 'ed25519'
      readonly publicKey: Uint8Array
      /** What opens boxes, made of the two. */
      readonly box: KeyPair
    }
  | { readonly type: 'rsa' }

type Keys = E.Either<string, readonly PrivateKey[]>

const invalid: Keys = E.left(INVALID_FORMAT)

const OPENSSH = ['-----BEGIN OPENSSH PRIVATE KEY-----', '-----END OPENSSH PRIVATE KEY-----']
const RSA = ['-----BEGIN RSA PRIVATE KEY-----', '-----END RSA PRIVATE KEY-----']

/**
 * In the order of the file; at least one. They are the caller's to wipe, and so is the file: not
 * a string, because only bytes can be wiped.
 */
export const parsePrivateKeys = (file: Buffer): Keys => {
  const keys: PrivateKey[] = []
  for (let rest = file; rest.length > 0 || keys.length === 0;) {
    const block = takeBlock(rest)
    if (E.isLeft(block)) {
      wipeKeys(keys)
      return block
    }
    keys.push(...block.right.keys)
    rest = block.right.rest
  }
  return E.right(keys)
}

export const wipeKeys = (keys: readonly PrivateKey[]): void => {
  for (const key of keys) if (key.type === 'ed25519') wipe(key.box.secretKey)
}

interface Block {
  readonly keys: readonly PrivateKey[]
  readonly rest: Buffer
}

const takeBlock = (bytes: Buffer): E.Either<string, Block> => {
  const found = [OPENSSH, RSA].find(([begin = '']) => bytes.indexOf(begin) === 0)
  if (found === undefined) return E.left(INVALID_FORMAT)
  const [begin = '', finish = ''] = found
  const end = bytes.indexOf(finish)
  if (end === -1) return E.left(INVALID_FORMAT)
  const rest = withoutSpace(bytes.subarray(end + finish.length))
  if (found === RSA) return E.right({ keys: [{ type: 'rsa' }], rest })
  const letters = bytes.subarray(begin.length, end).filter(byte => !isSpace(byte))
  const body = decodeBase64(letters)
  wipe(letters)
  if (E.isLeft(body)) return E.left(INVALID_FORMAT)
  const keys = readBlock(body.right)
  wipe(body.right)
  return E.isLeft(keys) ? keys : E.right({ keys: keys.right, rest })
}

const isSpace = (byte: number): boolean => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)

const withoutSpace = (bytes: Buffer): Buffer => {
  const first = bytes.findIndex(byte => !isSpace(byte))
  return first === -1 ? bytes.subarray(bytes.length) : bytes.subarray(first)
}

const MAGIC = 'openssh-key-v1\0'
/** More would be a mistake, and is read before anyone has looked at it. */
const KEYS_MAX = 64

const readBlock = (bytes: Uint8Array): Keys => {
  if (textOf(bytes.subarray(0, MAGIC.length)) !== MAGIC) return invalid
  const reader = readerOf(bytes.subarray(MAGIC.length))
  const [cipher, kdf, options] = [reader.string(), reader.string(), reader.string()]
  const count = reader.number()
  if (cipher === null || kdf === null || options === null || count === null) return invalid
  if (textOf(cipher) !== 'none' || textOf(kdf) !== 'none' || options.length > 0)
    return E.left('key was encrypted')
  if (count === 0 || count > KEYS_MAX) return invalid

  const strings: Uint8Array[] = []
  while (!reader.isAtEnd()) {
    const string = reader.string()
    if (string === null) return invalid
    strings.push(string)
  }
  if (strings.length === count + 1) return readSection(strings[count]!, strings.slice(0, count))
  if (strings.length !== 2 * count) return invalid
  const each = Array.from({ length: count }, (_, index) =>
    readSection(strings[2 * index + 1]!, [strings[2 * index]!]),
  )
  const wrong = each.find(E.isLeft)
  const all = each.flatMap(keys => (E.isRight(keys) ? keys.right : []))
  if (wrong === undefined) return E.right(all)
  wipeKeys(all)
  return wrong
}

/** What stands after the last key is padding. */
const readSection = (section: Uint8Array, publicBlobs: readonly Uint8Array[]): Keys => {
  const reader = readerOf(section)
  const check = reader.number()
  if (check === null || check !== reader.number()) return invalid
  const keys: PrivateKey[] = []
  for (const blob of publicBlobs) {
    const key = readKey(reader, blob)
    if (E.isLeft(key)) {
      wipeKeys(keys)
      return key
    }
    keys.push(key.right)
  }
  return E.right(keys)
}

/** n, e, d, iqmp, p and q. */
const RSA_NUMBERS = 6

const readKey = (reader: Reader, publicBlob: Uint8Array): E.Either<string, PrivateKey> => {
  const type = textOf(reader.string())
  if (type === null) return E.left(INVALID_FORMAT)
  if (type === 'ssh-rsa') {
    const parts = Array.from({ length: RSA_NUMBERS + 1 }, () => reader.string())
    return parts.includes(null) ? E.left(INVALID_FORMAT) : E.right({ type: 'rsa' })
  }
  if (type !== 'ssh-ed25519') return E.left(unsupportedType(type))
  const [publicKey, secretKey, comment] = [reader.string(), reader.string(), reader.string()]
  if (publicKey?.length !== 32 || secretKey?.length !== 64 || comment === null)
    return E.left(INVALID_FORMAT)
  const outer = readerOf(publicBlob)
  const isOne =
    textOf(outer.string()) === type &&
    isSame(outer.string(), publicKey) &&
    isSame(secretKey.subarray(32), publicKey)
  const box = isOne ? ed2curve.convertKeyPair({ publicKey, secretKey }) : null
  return box === null
    ? E.left(INVALID_FORMAT)
    : E.right({ type: 'ed25519', publicKey: Uint8Array.from(publicKey), box })
}

const isSame = (one: Uint8Array | null, other: Uint8Array): boolean =>
  one !== null && Buffer.compare(one, other) === 0
