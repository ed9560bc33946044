/**
 * This supervisor again, in place: same pid, same children, a new image from the same path. On
 * purpose (a signal), or because the old image crashed.
 */
import * as E from 'fp-ts/lib/Either.js'
import { catchCrashes, execNow, keepDescriptors, prepareImage, readPast } from '../native/exec.ts'

export interface Restart {
  /** Why this image was started, for the journal. */
  readonly reason: string
  /** Returns only if it failed: the code of the error. */
  readonly execNow: (reason: string) => string
}

const reasonVariable = 'LITHOS_REASON'

export const createRestart = (masterFile: string): Restart => {
  const past = readPast(process.env)
  const asked = process.env[reasonVariable]
  delete process.env[reasonVariable]

  const prepare = (reason: string | null): E.Either<{ readonly code: string }, number> =>
    prepareImage({
      path: process.execPath,
      argv: [process.execPath, ...process.execArgv, ...process.argv.slice(1)],
      env: { ...process.env, ...(reason !== null && { [reasonVariable]: reason }) },
    })

  prepare(null)
  keepDescriptors([])
  catchCrashes()
  process.on('uncaughtException', error => {
    process.stderr.write(`lithos_tree: ${error.stack ?? String(error)}\n`)
    prepare(`uncaught exception: ${error.message}`)
    execNow('lithos_tree')
  })

  return {
    reason:
      past.crash !== null
        ? `after a crash (${past.crash}), generation ${past.generation}`
        : asked !== undefined
          ? `restarted in place (${asked})`
          : `started with ${masterFile}`,
    execNow: reason => {
      const prepared = prepare(reason)
      if (E.isLeft(prepared)) return prepared.left.code
      const failed = execNow(process.execPath)
      return E.isLeft(failed) ? failed.left.code : 'EIO'
    },
  }
}
