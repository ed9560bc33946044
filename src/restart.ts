/**
 * This supervisor again, in place: same pid, same children, a new image from the same path. On
 * purpose (a signal), or because the old image crashed.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import {
  catchCrashes,
  execNow,
  keepDescriptors,
  prepareImage,
  readPast,
  watchTurns,
} from '../native/exec.ts'
import { say } from './say.ts'
import { nativeDir } from '../native/where.ts'

export interface Restart {
  /** Why this image was started, for the journal. */
  readonly reason: string
  /** There is work: until the event loop has come round, we count as busy. */
  readonly awake: () => void
  /** Returns only if it failed: the code of the error. */
  readonly execNow: (reason: string) => string
  /** Descriptors for the next image, beside those given at the beginning. */
  readonly keep: (fds: readonly number[]) => void
}

/** Node under our name, where the build has left such a link: never are we called `node`. */
const named = join(nativeDir, '..', 'lithos_tree')
const program = existsSync(named) ? named : process.execPath

/** A turn takes milliseconds, reading a thousand configurations a few seconds. */
const patienceSeconds = 20
const patienceVariable = 'LITHOS_PATIENCE'

const reasonVariable = 'LITHOS_REASON'
const imageVariables = ['LD_PRELOAD', 'LITHOS_HOLD']

/** `kept`: descriptors that the next image inherits; the lock must never lapse. */
export const createRestart = (masterFile: string, kept: readonly number[]): Restart => {
  const past = readPast(process.env)
  const asked = process.env[reasonVariable]
  // For the next image, and for no other child of ours.
  const forImage = Object.fromEntries(
    imageVariables.flatMap(name => {
      const value = process.env[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )
  for (const name of [reasonVariable, ...imageVariables]) delete process.env[name]

  const prepare = (reason: string | null): E.Either<{ readonly code: string }, number> =>
    prepareImage({
      path: program,
      argv: [process.execPath, ...process.execArgv, ...process.argv.slice(1)],
      env: { ...process.env, ...forImage, ...(reason !== null && { [reasonVariable]: reason }) },
    })

  prepare(null)
  keepDescriptors(kept)
  catchCrashes()
  const watch = watchTurns(Number(process.env[patienceVariable]) || patienceSeconds)
  let isBusy = false
  process.on('uncaughtException', error => {
    say(`lithos_tree: ${error.stack ?? String(error)}\n`)
    prepare(`uncaught exception: ${error.message}`)
    execNow('lithos_tree')
  })

  return {
    awake: () => {
      if (isBusy) return
      isBusy = true
      watch.begin()
      setImmediate(() => {
        isBusy = false
        watch.end()
      })
    },
    reason:
      past.crash !== null
        ? `after a crash (${past.crash}), generation ${past.generation}`
        : asked !== undefined
          ? `restarted in place (${asked})`
          : `started with ${masterFile}`,
    keep: fds => keepDescriptors([...kept, ...fds]),
    execNow: reason => {
      const prepared = prepare(reason)
      if (E.isLeft(prepared)) return prepared.left.code
      const failed = execNow(program)
      return E.isLeft(failed) ? failed.left.code : 'EIO'
    },
  }
}
