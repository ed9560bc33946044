/**
 * What an administrator may weaken for a sandbox, because an image needs it, or make stricter.
 * None of this can stand in a file of the image.
 */
import type { Fields } from './codec.ts'
import { listOf, optional } from './codec.ts'
import { capabilities } from './capabilities.ts'
import { flag, nullable, oneOf, word } from './words.ts'

export interface Confinement {
  readonly seccomp: 'default' | 'off'
  readonly landlock: 'default' | 'off'
  readonly noNewPrivileges: boolean
  /** The list kept, names without `cap_`; null: as documented, mostly none. */
  readonly capabilities: readonly string[] | null
  /** Whether root in a container may change settings of the kernel. */
  readonly writableProcSys: boolean
  /** In place of the usual ones; null: those. */
  readonly maskedPaths: readonly string[] | null
  /** Whether programs in volumes can be executed, as with lithos 0.18. */
  readonly executableVolumes: boolean
}

const maskedPath = word('a path in /proc or /sys', source =>
  /^\/(?:proc|sys)(?:\/[^/]+)+$/.test(source) && !/\/\.\.?(?:\/|$)/.test(source)
    ? { means: source }
    : { hint: 'what is in other places comes from the image, where nothing needs a mask' },
)

export const confinementFields: Fields<Confinement> = {
  seccomp: optional(oneOf<Confinement['seccomp']>(['default', 'off']), 'default'),
  landlock: optional(oneOf<Confinement['landlock']>(['default', 'off']), 'default'),
  noNewPrivileges: optional(flag, true),
  capabilities: optional(nullable(capabilities), null),
  writableProcSys: optional(flag, false),
  maskedPaths: optional(nullable(listOf('a list of paths in /proc or /sys', maskedPath)), null),
  executableVolumes: optional(flag, true),
}
