/**
 * All secrets of a container: which of several alternatives each one is, and why it is none. The
 * keys go outermost, and the first success wins: so a key that is put first in its file opens
 * what it can, and the old one the rest.
 */
import { isUtf8 } from 'node:buffer'
import * as E from 'fp-ts/lib/Either.js'
import { wipe } from './wipe.ts'
import type { PrivateKey } from './privateKeys.ts'
import { decryptSecret } from './secret.ts'
import type { Secret } from './secret.ts'

/** A name and what it may be encrypted as. */
export type Alternatives = readonly (readonly [name: string, texts: readonly string[]])[]

/** A name and its bytes, which are the caller's to wipe. */
export type Decrypted = readonly (readonly [name: string, bytes: Uint8Array])[]

export interface Undecrypted {
  readonly name: string
  readonly message: string
}

/** Everything, or everything that is in the way. */
export const decryptAll = (
  keys: readonly PrivateKey[],
  secrets: Alternatives,
  namespaces: readonly string[],
): E.Either<readonly Undecrypted[], Decrypted> => {
  const done: (readonly [string, Uint8Array])[] = []
  const failed: Undecrypted[] = []
  for (const [name, texts] of secrets) {
    const found = decryptAny(keys, texts, namespaces)
    if (E.isRight(found)) done.push([name, found.right])
    else failed.push({ name, message: sayUndecrypted(name, found.left) })
  }
  if (failed.length === 0) return E.right(done)
  wipeAll(done)
  return E.left(failed)
}

export const wipeAll = (secrets: Decrypted): void => {
  for (const [, bytes] of secrets) wipe(bytes)
}

const sayUndecrypted = (name: string, errors: readonly string[]): string =>
  `Can't decrypt secret ${JSON.stringify(name)}, errors: ${errors.join(', ')}`

const decryptAny = (
  keys: readonly PrivateKey[],
  texts: readonly string[],
  namespaces: readonly string[],
): E.Either<readonly string[], Uint8Array> => {
  const errors: string[] = []
  for (const key of keys)
    for (const text of texts) {
      const secret = decryptSecret(key, text)
      if (E.isLeft(secret)) {
        errors.push(secret.left)
        continue
      }
      const wrong = whyNot(secret.right, namespaces)
      if (wrong === null) return E.right(secret.right.bytes)
      wipe(secret.right.bytes)
      errors.push(wrong)
    }
  return E.left(errors)
}

const whyNot = ({ namespace, bytes }: Secret, allowed: readonly string[]): string | null => {
  if (!allowed.includes(namespace)) {
    const listed = [...new Set(allowed)].sort().map(name => JSON.stringify(name))
    return `expected namespaces {${listed.join(', ')}} got ${JSON.stringify(namespace)}`
  }
  if (bytes.includes(0)) return 'no null bytes allowed in secret'
  return isUtf8(bytes) ? null : "Can't decode secret as utf-8"
}
