/**
 * `secret-environ-file`: a file of encrypted secrets, in the image or in a volume of it. It is
 * found as the container would find it, so that no link leads out, and a file that is swapped
 * for another one on the way is noticed.
 */
import { realpathSync } from 'node:fs'
import { readSecretEnviron } from '../config/read.ts'
import type { Decoded } from '../config/report.ts'
import type { Container, Sandbox } from '../config/shapes.ts'
import type { SpecVolume } from '../spec.ts'
import type { Files } from './files.ts'
import { mistake } from './finding.ts'
import type { Finding } from './finding.ts'
import { lookInside, reasonOf } from './inside.ts'
import { placeVolumes } from './volumes.ts'

export interface SecretFile {
  /** On the host. */
  readonly file: string
  readonly content: Decoded<Container['secretEnviron']>
}

interface Where {
  /** The root of the image on the host, the container configuration in it and on the host. */
  readonly image: string
  readonly config: string
  readonly file: string
}

interface Gained {
  readonly secretFile: SecretFile | null
  readonly findings: readonly Finding[]
}

export const gainSecrets = (
  { image, config, file }: Where,
  sandbox: Sandbox,
  { container, files }: { readonly container: Container | null; readonly files: Files },
): Gained => {
  const named = container?.secretEnvironFile ?? null
  if (container === null || named === null) return { secretFile: null, findings: [] }
  const volumes = placeVolumes(sandbox, container)
  const path = named.startsWith('/')
    ? named
    : `${config.slice(0, config.lastIndexOf('/') + 1)}${named}`
  const found = lookInside(image, path, new Map(volumes.map(each => [each.target, hostOf(each)])))
  const refused = (reason: string): Gained => ({
    secretFile: null,
    findings: [
      mistake(
        file,
        ['secret-environ-file'],
        `Can't read secret environ file ${JSON.stringify(path)}: ${reason}`,
      ),
    ],
  })
  if (found.kind === 'missing') return refused(`${found.at} ${found.reason}`)
  if (found.kind === 'unknown') return refused(`${found.mount} is filled only at the start`)

  const volume = volumes.findLast(({ target }) => target === found.mount)
  const root = volume !== undefined && 'base' in volume ? volume.base : image
  try {
    // The administrator's part of the path may lead through links, the rest does not.
    const place = realpathSync(root) + found.host.slice(root.length)
    const content = files.read(found.host, readSecretEnviron, place)
    return { secretFile: { file: found.host, content }, findings: [] }
  } catch (error) {
    return refused(`${root} ${reasonOf(error)}`)
  }
}

/** Null: nobody knows before the start. */
const hostOf = (volume: SpecVolume): string | null => {
  if (volume.kind === 'tmpfs' || volume.kind === 'statedir') return null
  const found = lookInside(volume.base, volume.path)
  return found.kind === 'found' ? found.host : null
}
