/**
 * What tweetnacl wants of `crypto`: random bytes, and those only where something is encrypted.
 * Loading Node's own takes longer than opening a secret.
 */
import { createRequire } from 'node:module'

export const randomBytes = (count: number): Buffer =>
  (createRequire(__filename)('node:crypto') as typeof import('node:crypto')).randomBytes(count)
