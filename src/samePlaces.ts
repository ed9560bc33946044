/**
 * What a running supervisor cannot change its mind about: the places where it finds what it
 * runs. An image with others of them would find an empty journal, another lock and no
 * containers, and start everything a second time beside them.
 */
import { sayProblem } from './config/report.ts'
import { mistake } from './evaluate/finding.ts'
import { locate } from './evaluate/locate.ts'
import type { Settings } from './evaluate/settings.ts'

/** Sentences, each with its place, or nothing. */
export const whyNotInPlace = (now: Settings, next: Settings): readonly string[] => {
  const places: readonly (readonly [key: string, was: string | null, is: string | null])[] = [
    ['runtime-dir', now.places.runtimeDir, next.places.runtimeDir],
    ['state-dir', now.places.stateDir, next.places.stateDir],
    ['cgroup-name', now.master.cgroupName, next.master.cgroupName],
  ]
  const findings = places
    .filter(([, was, is]) => was !== is)
    .map(([key, was, is]) =>
      mistake(
        next.file,
        [key],
        `${key} cannot change from ${was ?? 'null'} to ${is ?? 'null'} while this supervisor ` +
          'runs: what it runs is found there. Stop it with SIGTERM, which stops all containers, ' +
          'and start it again; or change it back',
      ),
    )
  // A relative state-dir follows the runtime directory: one cause is one sentence.
  const isMoved = findings.some(({ path: [key] }) => key === 'runtime-dir')
  const isFollowing = now.master.stateDir === next.master.stateDir
  return locate(
    findings.filter(({ path: [key] }) => !(key === 'state-dir' && isMoved && isFollowing)),
    new Map([[next.file, next.text]]),
  ).map(sayProblem)
}
