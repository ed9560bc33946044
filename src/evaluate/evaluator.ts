/**
 * Configuration on disk to what is wanted, again and again. Nothing is stopped for the sake of a
 * file: whoever asks gets every mistake with its place, or a sandbox that can be taken whole.
 */
import type { Problem } from '../config/shapes.ts'
import { createFileCache } from './files.ts'
import { gather, isSame } from './gather.ts'
import type { Alternate, Gathered } from './gather.ts'
import { askHost } from './host.ts'
import type { HostName } from './host.ts'
import { reasonOf } from './inside.ts'
import { listSandboxes } from './listing.ts'
import { isRefused, judge } from './sandbox.ts'
import type { Evaluation } from './sandbox.ts'
import { readSettings } from './settings.ts'
import type { Settings } from './settings.ts'

export interface Evaluator {
  readonly settings: () => {
    readonly value: Settings | null
    readonly problems: readonly Problem[]
  }
  /** The names in the directory of the sandboxes, or why it cannot be read. */
  readonly sandboxes: (settings: Settings) => Listing
  readonly sandbox: (settings: Settings, name: string, alternate?: Alternate) => Evaluation
}

export interface Listing {
  readonly names: readonly string[] | null
  readonly problems: readonly Problem[]
}

/** `now`: milliseconds since 1970. */
export const createEvaluator = (
  masterFile: string,
  now: () => number,
  host: () => HostName = askHost,
): Evaluator => {
  const cache = createFileCache(now)
  const known = new Map<string, Known>()
  return {
    settings: () => readSettings(masterFile),
    sandboxes: settings => {
      const listing = list(settings.places.sandboxesDir)
      if (listing.names !== null) {
        cache.forgetOthers(listing.names)
        for (const name of known.keys()) if (!listing.names.includes(name)) known.delete(name)
      }
      return listing
    },
    sandbox: (settings, name, alternate) => {
      const gathered = gather(settings, name, cache.open(name), alternate)
      const before = known.get(name)
      if (before?.settings === settings && isSame(before.gathered, gathered))
        return before.evaluation
      const evaluation = judge(settings, gathered, host())
      // A refusal may be due to more than files, such as the name of this host.
      if (isRefused(evaluation)) known.delete(name)
      else known.set(name, { settings, gathered, evaluation })
      return evaluation
    },
  }
}

/** What a sandbox was evaluated from, and to what. */
interface Known {
  readonly settings: Settings
  readonly gathered: Gathered
  readonly evaluation: Evaluation
}

const list = (directory: string): Listing => {
  try {
    return { names: listSandboxes(directory), problems: [] }
  } catch (error) {
    return {
      names: null,
      problems: [
        {
          file: directory,
          line: null,
          column: null,
          severity: 'error',
          message: `Can't read config directory: it ${reasonOf(error)}`,
        },
      ],
    }
  }
}
