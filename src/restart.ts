/**
 * This supervisor again, in place: same pid, same children, a new image from the path by which it
 * was started. On purpose (a signal), or because the old image crashed, threw or hung.
 */
import * as E from 'fp-ts/lib/Either.js'
import {
  catchCrashes,
  crashWith,
  execNow,
  keepDescriptors,
  prepareImage,
  readPast,
  watchTurns,
} from '../native/exec.ts'
import { createNextImage } from './nextImage.ts'
import { say } from './say.ts'
import { managerVariables } from './systemd.ts'

export interface Restart {
  /** Why this image was started, for the journal. */
  readonly reason: string
  /** There is work: until the event loop has come round, we count as busy. */
  readonly awake: () => void
  /** Why what is installed now could not take over, or null. */
  readonly whyNot: () => Promise<string | null>
  /** Where the service manager wants to be told of us. */
  readonly notifySocket: string | undefined
  /** Descriptors of ours that a service manager has kept since an earlier life. */
  readonly stored: number
  /** Returns only if it failed: the code. `handed`: variables for an image of the same build. */
  readonly execNow: (reason: string, handed: Readonly<Record<string, string>>) => string
  /** Descriptors for the next image, beside those given at the beginning and other people's. */
  readonly keep: (whose: string, fds: readonly number[]) => void
}

/** A turn takes milliseconds, reading a thousand configurations a few seconds. */
const patienceSeconds = 20

const patienceVariable = 'LITHOS_PATIENCE'
const reasonVariable = 'LITHOS_REASON'
const launcherVariable = 'LITHOS_LAUNCHER'
/** The launcher sets them anew; they are for no other child of ours. */
const imageVariables = ['LD_PRELOAD', 'LITHOS_HOLD', launcherVariable]
const notifyVariable = 'NOTIFY_SOCKET'

/** `kept`: descriptors that the next image inherits; the lock must never lapse. */
export const createRestart = (masterFile: string, kept: readonly number[]): Restart => {
  const past = readPast(process.env)
  const asked = process.env[reasonVariable]
  const next = createNextImage(process.env[launcherVariable] ?? null)
  const stored =
    Number(process.env['LISTEN_PID']) === process.pid ? Number(process.env['LISTEN_FDS']) || 0 : 0
  const notifySocket = process.env[notifyVariable]
  const forImage = Object.fromEntries(
    imageVariables.flatMap(name => {
      const value = process.env[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )
  for (const name of [reasonVariable, notifyVariable, ...imageVariables, ...managerVariables])
    delete process.env[name]

  const prepare = (
    reason: string | null,
    way: 'direct' | 'launcher',
    handed: Readonly<Record<string, string>> = {},
  ): E.Either<{ readonly code: string }, number> =>
    prepareImage({
      ...next.image(way),
      env: {
        ...process.env,
        // What we preload may be gone with an old version.
        ...(way === 'direct' && { ...forImage, ...handed }),
        ...(notifySocket !== undefined && { [notifyVariable]: notifySocket }),
        ...(reason !== null && { [reasonVariable]: reason }),
      },
    })

  // A handler cannot look what is installed: the launcher does.
  prepare(null, 'launcher')
  keepDescriptors(kept)
  catchCrashes()
  const watch = watchTurns(Number(process.env[patienceVariable]) || patienceSeconds)
  const others = new Map<string, readonly number[]>()
  let isBusy = false
  process.on('uncaughtException', error => {
    say(`lithos_tree: ${error.stack ?? String(error)}\n`)
    crashWith(String(error))
  })

  return {
    reason: sayReason(past, asked, masterFile),
    awake: () => {
      if (isBusy) return
      isBusy = true
      watch.begin()
      setImmediate(() => {
        isBusy = false
        watch.end()
      })
    },
    whyNot: next.whyNot,
    notifySocket,
    stored,
    keep: (whose, fds) => {
      others.set(whose, fds)
      keepDescriptors([...kept, ...[...others.values()].flat()])
    },
    execNow: (reason, handed) => {
      const prepared = prepare(reason, next.hasChanged() ? 'launcher' : 'direct', handed)
      if (E.isLeft(prepared)) return prepared.left.code
      const failed = execNow('lithos_tree')
      prepare(null, 'launcher')
      return E.isLeft(failed) ? failed.left.code : 'EIO'
    },
  }
}

const sayReason = (
  { crash, words, generation }: ReturnType<typeof readPast>,
  asked: string | undefined,
  masterFile: string,
): string => {
  if (crash !== null) {
    const what = words === null ? crash : `${crash}: ${words}`
    return `after a crash (${what}), generation ${generation}`
  }
  return asked !== undefined ? `restarted in place (${asked})` : `started with ${masterFile}`
}
