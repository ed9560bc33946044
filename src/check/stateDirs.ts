/**
 * A state directory that is mounted whole holds the generated files of its container. Whoever may
 * write the directory can put others in their place.
 */
import { mistake, warning } from '../evaluate/finding.ts'
import type { Finding } from '../evaluate/finding.ts'
import { componentsOf } from '../evaluate/inside.ts'
import type { Examined } from '../evaluate/sandbox.ts'
import { nameOf } from '../evaluate/subject.ts'
import { stateSteps } from '../plan/fileSystem.ts'

const everyone = 0o002

export const checkStateDirs = (all: readonly Examined[]): readonly Finding[] => [
  ...all.flatMap(checkNames),
  ...all.flatMap(({ subject }) =>
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
  ),
]

/** A file of ours is written at every start, and before any directory is made. */
const checkNames = ({ subject, spec }: Examined): readonly Finding[] => {
  const written = stateSteps(spec, { hostname: '', hostAddress: '' }, 'x').flatMap(step =>
    step.do === 'copyFile' || step.do === 'writeFile' ? [step.path] : [],
  )
  return [...subject.container.value.volumes].flatMap(([mountPoint, volume]) => {
    if (volume.kind !== 'Statedir') return []
    const path = `/${componentsOf(volume.path)[0] ?? ''}`
    return written.includes(path)
      ? [
          mistake(
            subject.container.file,
            ['volumes', mountPoint],
            `The state directory ${volume.path} of ${nameOf(subject)}, at ${mountPoint}, cannot ` +
              `be made: ${path} is the name of a file that is written there`,
          ),
        ]
      : []
  })
}
