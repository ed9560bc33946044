/**
 * A state directory that is mounted whole holds the generated files of its container. Whoever may
 * write the directory can put others in their place.
 */
import { warning } from '../evaluate/finding.ts'
import type { Finding } from '../evaluate/finding.ts'
import { componentsOf } from '../evaluate/inside.ts'
import type { Examined } from '../evaluate/sandbox.ts'
import { nameOf } from '../evaluate/subject.ts'

const everyone = 0o002

export const checkStateDirs = (all: readonly Examined[]): readonly Finding[] =>
  all.flatMap(({ subject }) =>
    [...subject.container.value.volumes].flatMap(([mountPoint, volume]) =>
      volume.kind === 'Statedir' &&
      componentsOf(volume.path).length === 0 &&
      (volume.mode & everyone) !== 0
        ? [
            warning(
              subject.container.file,
              ['volumes', mountPoint],
              `${mountPoint} of ${nameOf(subject)} is its whole state directory, and any user in ` +
                'it may replace its hosts and resolv.conf: give it a `path` or a `mode` of its own',
            ),
          ]
        : [],
    ),
  )
