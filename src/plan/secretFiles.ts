/** Secrets as files, for programs that can read them: an environment is inherited and printed. */
import type { Step } from '../../native/plan.ts'
import type { Secrets } from '../decryption.ts'
import type { Spec } from '../spec.ts'
import { idsOnHost } from './namespaces.ts'

/** Where other runtimes have them as well. */
export const SECRET_FILES_DIR = '/run/secrets'

export const secretFileSteps = (spec: Spec, secrets: Secrets | null): readonly Step[] => {
  const names = (spec.secrets?.files ?? []).map(([name]) => name)
  if (names.length === 0) return []
  const values = new Map(secrets?.files)
  return [
    {
      do: 'secretFiles',
      target: SECRET_FILES_DIR,
      ...idsOnHost(spec),
      files: names.map(name => ({ name, bytes: values.get(name) ?? null })),
    },
  ]
}
