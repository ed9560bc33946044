/**
 * One secret as it stands in a configuration:
 *
 *     v2:KEYHASH:NSHASH:SECRETHASH:BOX
 *
 * The hashes tell people which key, namespace and secret it is, and whether two are the same. BOX
 * is a sealed box (sealedBox.ts) of `NAMESPACE:SECRET`. Whoever makes one needs only the public
 * key, so the namespace is no proof of who it comes from: it keeps apart what one key opens.
 */
import { isUtf8 } from 'node:buffer'
import * as E from 'fp-ts/lib/Either.js'
import blake from 'blakejs'
import ed2curve from 'ed2curve'
import { decodeBase64, encodeBase64 } from './base64.ts'
import type { PrivateKey } from './privateKeys.ts'
import { INVALID_FORMAT } from './publicKey.ts'
import type { PublicKey } from './publicKey.ts'
import { open, seal } from './sealedBox.ts'
import type { KeyPair } from './sealedBox.ts'
import { copySecret, wipe } from './wipe.ts'

export interface Secret {
  readonly namespace: string
  /** The caller's to wipe. */
  readonly bytes: Uint8Array
}

const ONLY_ED25519 = 'Only ed25519 keys are supported'
const HASH_BYTES = 6

/** The last block that blakejs has hashed stays in its memory, unless another one follows. */
const hashOf = (bytes: Uint8Array): string => {
  const state = blake.blake2bInit(HASH_BYTES)
  blake.blake2bUpdate(state, bytes)
  const hash = encodeBase64(blake.blake2bFinal(state))
  wipe(state.b)
  blake.blake2b(state.b)
  return hash
}

/** `ephemeral`: only for tests. */
export const encryptSecret = (
  key: PublicKey,
  namespace: string,
  secret: Uint8Array,
  ephemeral?: KeyPair,
): E.Either<string, string> => {
  if (key.type !== 'ed25519') return E.left(ONLY_ED25519)
  const recipient = ed2curve.convertPublicKey(key.bytes)
  if (recipient === null) return E.left(INVALID_FORMAT)
  const space = Buffer.from(namespace)
  const message = Buffer.concat([space, Buffer.from(':'), secret])
  const box = encodeBase64(seal(message, recipient, ephemeral))
  wipe(message)
  return E.right(['v2', hashOf(key.bytes), hashOf(space), hashOf(secret), box].join(':'))
}

/** The hashes are looked at last: where the key is wrong, nothing else is known to be right. */
export const decryptSecret = (key: PrivateKey, text: string): E.Either<string, Secret> => {
  if (key.type !== 'ed25519') return E.left(ONLY_ED25519)
  if (!text.startsWith('v2:')) return E.left('Only v2 secrets are supported')
  const parts = text.split(':')
  const [, keyHash, namespaceHash, secretHash, encoded = ''] = parts
  if (parts.length !== 5) return E.left(INVALID_FORMAT)
  const box = decodeBase64(Buffer.from(encoded))
  if (E.isLeft(box)) return box
  const message = open(box.right, key.box)
  if (message === null) return E.left('decryption error. This usually means the key is wrong.')

  const secret = divide(message)
  wipe(message)
  if (E.isLeft(secret)) return secret
  const { namespace, bytes } = secret.right
  const wrong =
    hashOf(key.publicKey) !== keyHash
      ? 'invalid key hash'
      : hashOf(Buffer.from(namespace)) !== namespaceHash
        ? 'invalid namespace hash'
        : hashOf(bytes) !== secretHash
          ? 'invalid secret hash'
          : null
  if (wrong === null) return secret
  wipe(bytes)
  return E.left(wrong)
}

const COLON = 0x3a

/** A namespace may hold no colon, a secret may. */
const divide = (message: Uint8Array): E.Either<string, Secret> => {
  const colon = message.indexOf(COLON)
  if (colon === -1) return E.left('decrypted data is invalid')
  const namespace = message.subarray(0, colon)
  return isUtf8(namespace)
    ? E.right({
        namespace: Buffer.from(namespace).toString('utf8'),
        bytes: copySecret(message.subarray(colon + 1)),
      })
    : E.left("Can't decode namespace as utf-8")
}

/** Null: the secret was made for this key, if its hash is to be believed. */
export const checkKey = (key: PublicKey, text: string): string | null => {
  if (key.type !== 'ed25519') return ONLY_ED25519
  // The number is that of the original, which scripts know.
  if (!text.startsWith('v2:')) return 'Only v1 secrets are supported'
  const [, keyHash, ...more] = text.split(':')
  if (more.length === 0) return 'bad format of data'
  return keyHash === hashOf(key.bytes) ? null : "key doesn't match"
}
