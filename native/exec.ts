/**
 * This program again, in place, with the same pid and the same children: on purpose, when it
 * crashes, or when it hangs in one turn. The new image learns why from its environment.
 */
import { constants } from 'node:os'
import type * as E from 'fp-ts/lib/Either.js'
import { answer, orThrow } from './attempt.ts'
import type { CallFailed } from './attempt.ts'
import * as libc from './libc.ts'
import { packWords } from './spawn.ts'

const crashVariable = 'LITHOS_CRASH'
const generationVariable = 'LITHOS_GENERATION'
const wordsVariable = 'LITHOS_WORDS'
const ours: readonly string[] = [crashVariable, generationVariable, wordsVariable]

export interface Image {
  readonly path: string
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
}

export interface Past {
  /** How many images before this one have crashed in a row. */
  readonly generation: number
  /** What ended the last one: a signal's name, `hung`, `exception`; null: it was on purpose. */
  readonly crash: string | null
  /** Its last words, such as the message of an exception, or what V8 said when it gave up. */
  readonly words: string | null
}

/** In exec.c; no signal has this number. */
const thrown = 90

/** What the image before this one has left in the environment. */
export const readPast = (env: Image['env']): Past => {
  const number = Number(env[crashVariable] ?? 0)
  const name = Object.entries(constants.signals).find(([, value]) => value === number)?.[0]
  return {
    generation: Number(env[generationVariable] ?? 0),
    crash:
      number === 0
        ? null
        : number === thrown
          ? 'exception'
          : name === 'SIGALRM'
            ? 'hung'
            : (name ?? `signal ${number}`),
    words: number === 0 ? null : env[wordsVariable]?.trim() || null,
  }
}

/**
 * Copies what to become to where a signal handler finds it. From then on `execNow`,
 * `catchCrashes` and `watchTurns` may be called.
 */
export const prepareImage = ({ path, argv, env }: Image): E.Either<CallFailed, number> => {
  const { generation } = readPast(env)
  const pairs = Object.entries(env)
    .filter(([name]) => !ours.includes(name))
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]))
  const words = packWords([path, ...argv, ...pairs])
  const result = libc.lithosImage(words, words.length, argv.length, pairs.length, generation)
  return answer('preparing to exec', path, result)
}

/** Which descriptors, besides 0, 1 and 2, survive an exec from now on. All others do not. */
export const keepDescriptors = (fds: readonly number[]): void => {
  orThrow(answer('keeping descriptors', 'exec', libc.lithosKeep(Int32Array.from(fds), fds.length)))
}

/** Returns only if it failed; then everything is as before. Write the journal first. */
export const execNow = (about: string): E.Either<CallFailed, number> =>
  answer('execve', about, libc.lithosExec())

/** What comes from now on waits, for `releaseSignals` or for the next image. */
export const holdSignals = (): void => {
  orThrow(answer('blocking', 'signals', libc.lithosHold()))
}

/** What came before anybody listened comes now; see hold.c. To be called from the main thread. */
export const releaseSignals = (): void => {
  orThrow(answer('unblocking', 'signals', libc.lithosRelease()))
}

/**
 * From now on SEGV, BUS, ILL, FPE, ABRT, TRAP and SYS of this process become a new image,
 * whatever thread they hit, with a growing pause where crashes follow one another sooner than
 * `healthyMs` after a start.
 */
export const catchCrashes = (healthyMs = 60_000): void => {
  orThrow(answer('sigaction', 'fatal signals', libc.lithosCatch(healthyMs)))
}

/** An exception that nobody catches is a crash like others. Returns only if exec failed. */
export const crashWith = (words: string): void => void libc.lithosThrown(words)

export interface Watch {
  /** Called when a turn begins, and again when it has ended. */
  readonly begin: () => void
  readonly end: () => void
}

/**
 * A native thread that starts this program anew if one turn takes longer than `patienceSeconds`.
 * Between turns it sleeps, and so may we: an idle event loop is not a hung one.
 */
export const watchTurns = (patienceSeconds: number): Watch => {
  // Its own page outside the heap: the thread keeps the address for ever.
  const cells = new Uint32Array(Buffer.allocUnsafeSlow(4096).fill(0).buffer)
  pages.push(cells)
  orThrow(answer('pthread_create', 'watchdog', libc.lithosWatch(cells, patienceSeconds)))
  return {
    begin: () => {
      Atomics.add(cells, 0, 1)
      if (Atomics.exchange(cells, 1, 0) === 1) libc.lithosWake(cells)
    },
    end: () => {
      Atomics.add(cells, 0, 1)
    },
  }
}

const pages: Uint32Array[] = []
