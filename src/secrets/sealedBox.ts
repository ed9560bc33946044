/**
 * Sealed boxes as libsodium makes them: anybody can close one who knows the public key, only the
 * owner of the private key opens it.
 *
 *     box     ephemeral X25519 public key (32)   tag (16)   ciphertext
 *     nonce   BLAKE2b-24 of the ephemeral and the recipient's public key
 */
import blake from 'blakejs'
import nacl from 'tweetnacl'
import { secretBytes, wipe } from './wipe.ts'

export interface KeyPair {
  readonly publicKey: Uint8Array
  readonly secretKey: Uint8Array
}

const KEY_BYTES = 32
/** Of a box around nothing. */
export const BOX_BYTES_MIN = KEY_BYTES + nacl.box.overheadLength

/** `ephemeral`: only for tests, whose boxes have to be the same each time. */
export const seal = (
  message: Uint8Array,
  recipient: Uint8Array,
  ephemeral: KeyPair = nacl.box.keyPair(),
): Uint8Array => {
  const { publicKey, secretKey } = ephemeral
  const nonce = nonceOf(publicKey, recipient)
  const closed = nacl.box(message, nonce, recipient, secretKey)
  const box = new Uint8Array(KEY_BYTES + closed.length)
  box.set(publicKey)
  box.set(closed, KEY_BYTES)
  wipe(secretKey)
  return box
}

/** Null: it is for somebody else, or was changed. What is returned is the caller's to wipe. */
export const open = (box: Uint8Array, { publicKey, secretKey }: KeyPair): Uint8Array | null => {
  if (box.length < BOX_BYTES_MIN) return null
  const ephemeral = box.subarray(0, KEY_BYTES)
  const shared = nacl.box.before(ephemeral, secretKey)
  const nonce = nonceOf(ephemeral, publicKey)
  const closed = new Uint8Array(ZEROS + box.length - KEY_BYTES)
  closed.set(box.subarray(KEY_BYTES), ZEROS)
  const opened = secretBytes(closed.length)
  const failed = lowlevel.crypto_secretbox_open(opened, closed, closed.length, nonce, shared)
  wipe(shared)
  return failed === 0 ? opened.subarray(BEFORE_MESSAGE) : null
}

/** What the functions of NaCl itself want in front of a box, and put in front of a message. */
const ZEROS = 16
const BEFORE_MESSAGE = 32

/** Not in the types of the package, and used because it writes where it is told to. */
const { lowlevel } = nacl as unknown as {
  readonly lowlevel: {
    /** 0 where the box was whole. */
    readonly crypto_secretbox_open: (
      message: Uint8Array,
      box: Uint8Array,
      length: number,
      nonce: Uint8Array,
      key: Uint8Array,
    ) => number
  }
}

const nonceOf = (ephemeral: Uint8Array, recipient: Uint8Array): Uint8Array =>
  blake.blake2b(Buffer.concat([ephemeral, recipient]), undefined, nacl.box.nonceLength)
