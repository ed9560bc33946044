/** The key files of `lithos_crypt`, which may belong to anybody and have any mode. */
import { readFileSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import { parsePrivateKeys, wipeKeys } from '../secrets/privateKeys.ts'
import type { PrivateKey } from '../secrets/privateKeys.ts'
import { parsePublicKey } from '../secrets/publicKey.ts'
import type { PublicKey } from '../secrets/publicKey.ts'
import { decryptSecret } from '../secrets/secret.ts'
import type { Secret } from '../secrets/secret.ts'

/** Its message is what the user reads, whole. */
export class CryptError extends Error {}

export const publicKeyOf = (file: string): PublicKey =>
  right(parsePublicKey(bytesOf(file).toString('utf8')))

export const privateKeysOf = (file: string): readonly PrivateKey[] => {
  const bytes = bytesOf(file)
  const keys = parsePrivateKeys(bytes)
  bytes.fill(0)
  return right(keys)
}

const right = <T>(outcome: E.Either<string, T>): T => {
  if (E.isLeft(outcome)) throw wrongKey(outcome.left)
  return outcome.right
}

const wrongKey = (reason: string): CryptError =>
  new CryptError(`error: Invalid value for '--key-file <key>': ${reason}`)

const bytesOf = (file: string): Buffer => {
  try {
    return readFileSync(file)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error)
    throw wrongKey(`${file}: ${code === 'ENOENT' ? 'no such file' : code}`)
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
