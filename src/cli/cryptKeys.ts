/** The key files of `lithos_crypt`, which may belong to anybody and have any mode. */
import { readFileSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import { parsePrivateKeys, wipeKeys } from '../secrets/privateKeys.ts'
import type { PrivateKey } from '../secrets/privateKeys.ts'
import { parsePublicKey } from '../secrets/publicKey.ts'
import type { PublicKey } from '../secrets/publicKey.ts'
import { decryptSecret } from '../secrets/secret.ts'
import type { Secret } from '../secrets/secret.ts'
import { sayCode } from '../wait.ts'

/** Its message is what the user reads, whole. */
export class CryptError extends Error {}

export const publicKeyOf = (file: string): PublicKey => {
  const text = bytesOf(file).toString('utf8')
  return right(parsePublicKey(text), text.includes(' PRIVATE KEY-----') ? notPublic : '')
}

export const privateKeysOf = (file: string): readonly PrivateKey[] => {
  const bytes = bytesOf(file)
  const keys = parsePrivateKeys(bytes)
  const isPublic = /^ssh-[\w-]+ /.test(bytes.subarray(0, 64).toString('latin1'))
  bytes.fill(0)
  return right(keys, isPublic ? notPrivate : '')
}

const notPublic = '; this is a private key, and the public one is wanted: FILE.pub'
const notPrivate = '; this is a public key, and the private one is wanted'

const right = <T>(outcome: E.Either<string, T>, hint: string): T => {
  if (E.isLeft(outcome)) throw wrongKey(outcome.left + hint)
  return outcome.right
}

const wrongKey = (reason: string): CryptError =>
  new CryptError(`error: Invalid value for '--key-file <key>': ${reason}`)

const bytesOf = (file: string): Buffer => {
  try {
    return readFileSync(file)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error)
    throw wrongKey(`${file}: ${code === 'ENOENT' ? 'no such file' : sayCode(code)}`)
  }
}

/** Any key of the file may be the one; of several failures the last key's is told. */
export const decryptWith = (keys: readonly PrivateKey[], text: string): Secret => {
  let wrong = ''
  try {
    for (const key of keys) {
      const secret = decryptSecret(key, text)
      if (E.isRight(secret)) return secret.right
      wrong = secret.left
    }
  } finally {
    wipeKeys(keys)
  }
  throw new CryptError(wrong)
}
