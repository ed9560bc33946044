/** The first line of a file such as `id_ed25519.pub`: `TYPE BASE64 [COMMENT]`. */
import * as E from 'fp-ts/lib/Either.js'
import ed2curve from 'ed2curve'
import { decodeBase64 } from './base64.ts'
import { readerOf, textOf } from './sshBytes.ts'

export type PublicKey =
  | { readonly type: 'ed25519'; readonly bytes: Uint8Array }
  /** Understood, and of no use here. */
  | { readonly type: 'rsa' }

export const INVALID_FORMAT = 'invalid key format'

/** A type is a word; a file that is none may hold anything, which nobody wants in a message. */
export const unsupportedType = (type: string): string =>
  /^[\w@.+-]{1,64}$/.test(type) ? `unsupported key type "${type}"` : INVALID_FORMAT

export const parsePublicKey = (text: string): E.Either<string, PublicKey> => {
  const [line = ''] = text.split('\n', 1)
  const [type = '', encoded] = line.trim().split(/\s+/)
  if (encoded === undefined) return E.left(INVALID_FORMAT)
  if (type !== 'ssh-ed25519' && type !== 'ssh-rsa') return E.left(unsupportedType(type))
  const blob = decodeBase64(Buffer.from(encoded))
  if (E.isLeft(blob)) return E.left(INVALID_FORMAT)
  const reader = readerOf(blob.right)
  if (textOf(reader.string()) !== type) return E.left(INVALID_FORMAT)
  if (type === 'ssh-rsa') return E.right({ type: 'rsa' })
  const bytes = reader.string()
  return bytes?.length === 32 && reader.isAtEnd() && ed2curve.convertPublicKey(bytes) !== null
    ? E.right({ type: 'ed25519', bytes })
    : E.left(INVALID_FORMAT)
}
