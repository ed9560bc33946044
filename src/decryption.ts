/**
 * Secrets of a specification, decrypted for a start. The key file is read anew, so that a key
 * that was replaced counts at once. What was decrypted lasts for the turn: a host that starts
 * five hundred instances of a process opens its boxes once, and afterwards all of it is wiped.
 */
import * as E from 'fp-ts/lib/Either.js'
import type { Prepared } from '../actors/knots.ts'
import { decryptAll, wipeAll } from './secrets/decrypt.ts'
import type { Decrypted, Undecrypted } from './secrets/decrypt.ts'
import { readKeyFile } from './secrets/keyFile.ts'
import { wipeKeys } from './secrets/privateKeys.ts'
import { wipe } from './secrets/wipe.ts'
import type { SpecSecrets } from './spec.ts'

export interface Secrets {
  readonly environ: Decrypted
  readonly files: Decrypted
}

export interface Undecryptable {
  /** Of the key file as a whole; nothing else has been tried then. */
  readonly key: { readonly message: string; readonly code: string } | null
  readonly environ: readonly Undecrypted[]
  readonly files: readonly Undecrypted[]
}

/** Everything, or everything that is in the way. The secrets are the caller's to wipe. */
export const decrypt = (secrets: SpecSecrets): E.Either<Undecryptable, Secrets> => {
  const { keyFile, namespaces } = secrets
  if (keyFile === null)
    return withoutKey('No secrets key file defined to decode secrets: set `secrets-private-key`')
  const keys = readKeyFile(keyFile)
  if (E.isLeft(keys)) return withoutKey(keys.left.message, keys.left.code)
  const [environ, files] = [secrets.environ, secrets.files].map(some =>
    decryptAll(keys.right, some, namespaces),
  ) as [Outcome, Outcome]
  wipeKeys(keys.right)
  if (E.isRight(environ) && E.isRight(files))
    return E.right({ environ: environ.right, files: files.right })
  for (const some of [environ, files]) if (E.isRight(some)) wipeAll(some.right)
  const failed = (outcome: Outcome) => (E.isLeft(outcome) ? outcome.left : [])
  return E.left({ key: null, environ: failed(environ), files: failed(files) })
}

type Outcome = E.Either<readonly Undecrypted[], Decrypted>

const withoutKey = (message: string, code = 'ENOKEY'): E.Either<Undecryptable, Secrets> =>
  E.left({ key: { message, code }, environ: [], files: [] })

export const wipeSecrets = ({ environ, files }: Secrets): void => {
  wipeAll(environ)
  wipeAll(files)
}

export type Refusal = Extract<Prepared, { refused: unknown }>['refused']

export interface Decryption {
  /** By the hash of the specification. What is returned lasts until the turn is over. */
  readonly of: (hash: string, secrets: SpecSecrets) => E.Either<Refusal, Secrets>
  /** Bytes that are wiped with them. */
  readonly wipeToo: (bytes: Uint8Array) => void
}

/** `atEnd` calls back when the turn is over. */
export const createDecryption = (
  atEnd: (forget: () => void) => void = forget => void setImmediate(forget),
): Decryption => {
  const known = new Map<string, E.Either<Refusal, Secrets>>()
  const others: Uint8Array[] = []
  const forget = (): void => {
    for (const outcome of known.values()) if (E.isRight(outcome)) wipeSecrets(outcome.right)
    known.clear()
    wipe(...others.splice(0))
  }
  return {
    of: (hash, secrets) => {
      const before = known.get(hash)
      if (before !== undefined) return before
      const outcome = E.mapLeft((why: Undecryptable) => refusal(secrets, why))(decrypt(secrets))
      if (known.size === 0) atEnd(forget)
      known.set(hash, outcome)
      return outcome
    },
    wipeToo: bytes => void others.push(bytes),
  }
}

/** It goes to the journal at each try, and an image may hold any number of secrets. */
const MESSAGES_MAX = 5
const MESSAGE_MAX = 1000

const shortened = (messages: readonly string[]): string => {
  const shown = messages
    .slice(0, MESSAGES_MAX)
    .map(text => (text.length > MESSAGE_MAX ? `${text.slice(0, MESSAGE_MAX)}…` : text))
  const more = messages.length - shown.length
  return [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join('; ')
}

/** The names of what was wanted, and why there is nothing. */
const refusal = ({ environ, files }: SpecSecrets, { key, ...failed }: Undecryptable): Refusal => {
  const step = 'decrypting secrets'
  if (key !== null) {
    const names = [...environ, ...files].map(([name]) => name)
    return { step, about: `${names.join(', ')}: ${key.message}`, code: key.code }
  }
  const messages = [...failed.environ, ...failed.files].map(({ message }) => message)
  return { step, about: shortened(messages), code: 'EKEYREJECTED' }
}
