/** Can every secret be decrypted and put where it belongs, as a start will try to? */
import { getuid } from 'node:process'
import * as E from 'fp-ts/lib/Either.js'
import { decrypt, wipeSecrets } from '../decryption.ts'
import { mistake, warning } from '../evaluate/finding.ts'
import type { Finding, KeyPath } from '../evaluate/finding.ts'
import type { Examined } from '../evaluate/sandbox.ts'
import { nameOf } from '../evaluate/subject.ts'
import { SECRET_FILES_DIR } from '../plan/secretFiles.ts'
import type { Spec } from '../spec.ts'
import { wordMax } from './kernelBounds.ts'
import { viewOf } from './view.ts'

export const checkDecryption = ({ subject, spec }: Examined): readonly Finding[] => {
  if (spec.secrets === undefined) return []
  const outcome = decrypt(spec.secrets)
  const { container, secrets, sandbox } = subject
  const name = nameOf(subject)
  const at = (variable: string): readonly [file: string, path: KeyPath] =>
    secrets === undefined
      ? [container.file, ['secret-environ', variable]]
      : [secrets.file, [variable]]
  if (E.isRight(outcome)) {
    const large = outcome.right.environ
      .filter(([variable, bytes]) => variable.length + bytes.length + '=\0'.length > wordMax)
      .map(([variable]) => variable)
    wipeSecrets(outcome.right)
    return large.map(variable =>
      mistake(
        ...at(variable),
        `The secret ${variable} of ${name} is longer than the ${wordMax - 1} bytes that the ` +
          'kernel takes in a variable; `secret-files` have no such limit',
      ),
    )
  }
  const { key, environ, files } = outcome.left
  if (key !== null) {
    // Only root can read it; that somebody else cannot is as it should be.
    const severity = key.code === 'EACCES' && getuid?.() !== 0 ? warning : mistake
    return [severity(sandbox.file, ['secrets-private-key'], `${key.message} (needed by ${name})`)]
  }
  return [
    ...environ.map(failed => mistake(...at(failed.name), `${failed.message}, in ${name}`)),
    ...files.map(failed =>
      mistake(container.file, ['secret-files', failed.name], `${failed.message}, in ${name}`),
    ),
  ]
}

/** The mount point is made where it is missing, unless that is in what nobody can write. */
export const inspectSecretFiles = (examined: Examined): readonly Finding[] => {
  const { subject, spec, image } = examined
  if ((spec.secrets?.files ?? []).length === 0) return []
  const found = viewOf(examined).look(SECRET_FILES_DIR)
  const reason =
    found.kind === 'missing' && !isInWritable(spec, found.at)
      ? `is not in the image ${image}: ${found.at} ${found.reason}`
      : found.kind === 'found' && !found.stats.isDirectory()
        ? 'is no directory'
        : null
  const place = `The mount point ${SECRET_FILES_DIR} of the secrets of ${nameOf(subject)}`
  return reason === null
    ? []
    : [mistake(subject.container.file, ['secret-files'], `${place} ${reason}`)]
}

const isInWritable = ({ volumes }: Spec, path: string): boolean => {
  const volume = volumes.findLast(({ target }) => path.startsWith(`${target}/`))
  return volume !== undefined && volume.kind !== 'readonly'
}
