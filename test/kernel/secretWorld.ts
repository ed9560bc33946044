/** What tests of secrets share: keys, secrets for them, and where to look what came of these. */
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { encryptSecret } from '../../src/secrets/secret.ts'
import { keyA, privateFile } from '../src/secrets/keys.ts'
import type { TestKey } from '../src/secrets/keys.ts'
import { filesBelow, textOf } from './canary.ts'
import { inputsOf } from './supervised.ts'
import type { Supervised } from './supervised.ts'

export const sealed = (key: TestKey, secret: string, namespace = ''): string => {
  const recipient = { type: 'ed25519', bytes: key.publicKey } as const
  const made = encryptSecret(recipient, namespace, Buffer.from(secret))
  if (E.isLeft(made)) throw new Error(made.left)
  return JSON.stringify(made.right)
}

export const keyFile = ({ world }: Supervised): string => join(world.root, 'etc', 'key')

/** After `configure`: the sandbox has a key, and perhaps more to say. */
export const giveKey = (self: Supervised, keys: readonly TestKey[] = [keyA], more = ''): void => {
  writeFileSync(keyFile(self), privateFile(keys), { mode: 0o600 })
  appendFileSync(
    join(self.world.root, 'etc/sandboxes/web.yaml'),
    `secrets-private-key: ${keyFile(self)}\n${more}`,
  )
}

export const guest = (...words: readonly string[]): string =>
  `executable: /bin/guest\narguments: ${JSON.stringify(words)}\n`

export const refusals = (self: Supervised) => inputsOf(self.turns(), 'knot.refused')

export const journalOf = (self: Supervised): string =>
  filesBelow(self.world.root)
    .filter(path => path.includes('journal'))
    .map(textOf)
    .join('')
