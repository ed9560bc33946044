/**
 * The knots: launches them, signals them, and tells how they end. A knot talks through its
 * status file (see native/statusFile.ts) and by dying; both are watched with one descriptor,
 * so that a thousand at once are few turns of the event loop.
 *
 * Per life one of these stories is told, in this order, and no other:
 *
 *     launched → started → exited     launched → exited     launched → refused     refused
 *     adopted (by the caller) → [started →] exited
 *
 * `refused` and `exited` are told when nothing of that life is left but a zombie and its file.
 * Those stay until `forget`, so that a supervisor that dies before it has written the fact
 * down finds both again.
 */
import { closeSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import type { Effect, Hear, InputOf } from '../machines/vocabulary.ts'
import { errnoName } from '../native/attempt.ts'
import { createPoll } from '../native/epoll.ts'
import { watchDirectory } from '../native/inotify.ts'
import type { DirectoryWatch } from '../native/inotify.ts'
import { launchKnot } from '../native/knot.ts'
import { readTexts } from '../native/look.ts'
import * as pidfd from '../native/pidfd.ts'
import * as proc from '../native/proc.ts'
import type { Namespace } from '../native/spawn.ts'
import { fileName, readStatusFile, readStatusText, removeStatusFile } from '../native/statusFile.ts'
import type { StatusLine } from '../native/statusFile.ts'
import { findApp } from '../native/survey.ts'
import type { Found } from '../native/survey.ts'
import { endingOf, howItEnded } from '../native/heldKnot.ts'
import type { HeldKnot as Knot, HowItEnded, StepName } from '../native/heldKnot.ts'
import { isBetween, wasReady } from '../native/statusLife.ts'
import type { Kept } from '../native/statusLife.ts'
import { factOf, factsOf } from '../native/watching.ts'
import type { WatchFact } from '../native/watching.ts'

export type Launch = Extract<Effect, { type: 'launch' }>
type Signal = Extract<Effect, { type: 'signal' | 'preStop' }>
/** Nothing is done about these: a knot looks from its start to its end, with or without us. */
type Look = Extract<Effect, { type: 'probe' | 'stopProbes' }>

export type Prepared =
  | {
      readonly plan: Buffer
      /** The first word is the program. */
      readonly argv: readonly string[]
      /** What the fact of the launch says besides. */
      readonly record?: Pick<InputOf<'knot.launched'>, 'weaker' | 'filter'>
      /** Names a step of the plan by its number; -1 is the plan itself. */
      readonly about: (step: number) => StepName
      /** Beside mount, pid, uts and ipc. */
      readonly namespaces?: readonly Namespace[]
      /** Further descriptors: number in the knot, 5 and above, from number here. */
      readonly fds?: ReadonlyMap<number, number>
      /** Those of them that are for this knot only: closed here when it has them. */
      readonly given?: readonly number[]
    }
  | { readonly refused: StepName & { readonly code: string } }

export interface KnotsOptions {
  readonly stamp: () => { readonly at: number; readonly mono: number }
  /** `knots` in the runtime directory; made if missing. */
  readonly knotsDir: string
  /** The whole environment of a knot, `NAME=value`. */
  readonly env: readonly string[]
  readonly prepare: (effect: Launch, turn: number) => Prepared
  /** Called before anything is read: from then on until the loop has come round, there is work. */
  readonly awake?: () => void
  /** Of that directory, where somebody watches it already. */
  readonly changes?: DirectoryWatch
}

export interface Knots {
  readonly perform: (effect: Launch | Signal | Look, turn: number) => void
  /** Watches what a survey has found, also if it has ended: then the end is told soon. */
  readonly adopt: (found: Found, about?: Knot['about']) => void
  /** The same of one whose end is told by the caller: it is only kept until `forget`. */
  readonly keep: (found: Found) => HowItEnded
  /** The end of this life is in the journal: its zombie and its file may go. */
  readonly forget: (instance: string, incarnation: number) => void
  readonly reopenLogs: () => number
  /** How many of those that are watched have not ended. */
  readonly alive: () => number
  readonly close: () => void
}

const inotifyTag = 0
const fresh = { hasEnded: false, isReady: false, wasReady: false, isAgain: false, known: [] }
const unread = { offset: 0, startedAt: null, refused: null, exited: null, ...fresh }

export const createKnots = (hear: Hear, options: KnotsOptions): Knots => {
  const { stamp, knotsDir } = options
  mkdirSync(knotsDir, { recursive: true, mode: 0o700 })
  const lives = new Map<string, Knot>()
  const byFile = new Map<string, Knot>()
  const byTag = new Map<number, Knot>()
  let adopted: Knot[] = []
  let lastTag = inotifyTag
  let aliveCount = 0

  const { changes = watchDirectory(knotsDir) } = options
  const poll = createPoll(tags => {
    options.awake?.()
    // Files first: what was written before a death is told before it.
    if (tags.includes(inotifyTag)) readChanged()
    for (const tag of tags) {
      const knot = byTag.get(tag)
      if (knot !== undefined) end(knot)
    }
  })
  poll.add(changes.fd, inotifyTag, 'always')

  const watch = (fields: Omit<Knot, 'tag'>): Knot => {
    const knot = { ...fields, tag: (lastTag += 1) }
    lives.set(fileName(knot.instance, knot.incarnation), knot)
    byFile.set(knot.file, knot)
    byTag.set(knot.tag, knot)
    if (knot.hasEnded) return knot
    aliveCount += 1
    // The dead stay readable for ever.
    if (knot.pidfd !== null) poll.add(knot.pidfd, knot.tag, 'once')
    return knot
  }

  // ---- what they say ---------------------------------------------------------------------

  const readChanged = (): void => {
    const { names, isIncomplete } = changes.take()
    for (const name of isIncomplete ? [...byFile.keys()] : names) {
      const knot = byFile.get(name)
      if (knot !== undefined && !knot.hasEnded) readOn(knot)
    }
  }

  const readOn = (knot: Knot): void => {
    const { lines, offset } = readStatusFile(join(knotsDir, knot.file), knot.offset)
    knot.offset = offset
    takeAll(knot, lines)
  }

  const takeAll = (knot: Knot, lines: readonly StatusLine[]): void => {
    const isOver = lines.some(({ said }) => said === 'exited')
    for (const line of lines) take(knot, line, isOver)
  }

  const take = (knot: Knot, line: StatusLine, isOver: boolean): void => {
    if (line.said === 'refused') knot.refused = { step: line.step, errno: line.errno }
    if (line.said === 'exited') knot.exited = line
    // Where somebody asked for readiness, each start in its place is told; else only the first.
    if (line.said === 'died') knot.isAgain = knot.wasReady
    tell(knot, factOf(line, knot.isReady))
    if (line.said !== 'started' || (knot.startedAt !== null && !knot.isAgain)) return
    knot.startedAt ??= line.mono
    knot.isAgain = false
    knot.about = null
    // 0: its life was so short that nobody could look.
    const pid = (isOver ? null : findApp(proc.childrenOf(knot.pid), line.innerPid)) ?? 0
    hear({ type: 'app.started', ...stamp(), ...lifeOf(knot), pid })
  }

  const tell = (knot: Knot, fact: WatchFact | null): void => {
    if (fact === null) return
    if (fact.type === 'app.ready' || fact.type === 'app.unready')
      knot.isReady = fact.type === 'app.ready'
    knot.wasReady ||= knot.isReady
    hear({ ...fact, ...stamp(), ...lifeOf(knot) })
  }

  // ---- how they end ----------------------------------------------------------------------

  const end = (knot: Knot): void => {
    if (knot.hasEnded) return
    // That it has ended is the last that a knot says.
    if (knot.exited === null) readOn(knot)
    knot.hasEnded = true
    aliveCount -= 1
    // After a start, a refusal is of a restart inside of the container: an end like others.
    if (knot.refused !== null && knot.startedAt === null) tellRefusal(knot, knot.refused)
    else tellEnd(knot)
  }

  const tellRefusal = (knot: Knot, { step, errno }: NonNullable<Kept['refused']>): void => {
    const named = knot.about?.(step) ?? { step: `step ${step} of its plan`, about: knot.instance }
    hear({ type: 'knot.refused', ...stamp(), ...lifeOf(knot), ...named, code: errnoName(errno) })
  }

  const tellEnd = (knot: Knot): void => {
    const now = stamp()
    const end = endingOf(knot, now.mono)
    hear({ type: 'knot.exited', ...now, ...lifeOf(knot), pid: knot.pid, ...end })
  }

  /** The former supervisor may have read less, or told less, than there is. */
  const readAdopted = (): void => {
    const knots = adopted.filter(({ hasEnded }) => !hasEnded)
    adopted = []
    const texts = readTexts(knots.map(({ file }) => join(knotsDir, file)))
    knots.forEach((knot, index) => {
      const { lines, offset } = readStatusText(texts[index] ?? '', knot.offset)
      knot.offset = offset
      for (const fact of knot.known) tell(knot, fact)
      takeAll(knot, lines)
      if (knot.pidfd === null) end(knot)
    })
  }

  // ---- performing ------------------------------------------------------------------------

  const launch = (effect: Launch, turn: number): void => {
    const { instance, incarnation, wanted } = effect
    const refuse = (why: StepName & { readonly code: string }): void =>
      hear({ type: 'knot.refused', ...stamp(), instance, incarnation, ...why })
    const prepared = options.prepare(effect, turn)
    if ('refused' in prepared) return refuse(prepared.refused)
    const { namespaces = [], fds = new Map<number, number>(), given = [], about } = prepared
    const { plan, argv, record } = prepared
    const life = { knotsDir, instance, incarnation, spec: wanted.spec }
    const born = launchKnot({ ...life, plan, argv, env: options.env, namespaces, fds })
    for (const fd of given) closeSync(fd)
    if (E.isLeft(born)) {
      const { call, about, code } = born.left
      return refuse({ step: call, about, code })
    }
    const { pid, birth } = born.right
    const file = fileName(instance, incarnation)
    watch({ ...born.right, instance, incarnation, file, about, ...unread })
    hear({ type: 'knot.launched', ...stamp(), instance, incarnation, pid, birth, ...record })
  }

  /** The command before a stop is in the plan of a knot; those of older versions ignore this. */
  const signal = (effect: Signal): void => {
    const { instance, incarnation } = effect
    const knot = lives.get(fileName(instance, incarnation))
    if (knot === undefined || knot.pidfd === null || knot.hasEnded) return
    // That it is gone already is no news: its end is on the way to us.
    pidfd.signal(knot.pidfd, effect.type === 'signal' ? effect.signal : 'SIGWINCH')
  }

  const drop = (knot: Knot): void => {
    lives.delete(fileName(knot.instance, knot.incarnation))
    byFile.delete(knot.file)
    byTag.delete(knot.tag)
    if (knot.pidfd !== null) {
      pidfd.wait(knot.pidfd, false)
      pidfd.close(knot.pidfd)
    }
    removeStatusFile(join(knotsDir, knot.file))
  }

  return {
    perform: (effect, turn) => {
      if (effect.type === 'launch') launch(effect, turn)
      else if (effect.type === 'signal' || effect.type === 'preStop') signal(effect)
    },
    adopt: (found, about = null) => {
      const knot = watch({ ...knotOf(found), about, known: factsOf(found.kept.watched ?? []) })
      if (adopted.push(knot) === 1) setImmediate(readAdopted)
    },
    keep: found => howItEnded(watch({ ...knotOf(found), hasEnded: true })),
    forget: (instance, incarnation) => {
      const knot = lives.get(fileName(instance, incarnation))
      if (knot === undefined) removeStatusFile(join(knotsDir, fileName(instance, incarnation)))
      else if (knot.hasEnded) drop(knot)
    },
    // Knots of older versions have it blocked, and everybody else ignores it.
    reopenLogs: () =>
      [...lives.values()].filter(
        ({ hasEnded, pidfd: held }) =>
          !hasEnded && held !== null && E.isRight(pidfd.signal(held, 'SIGURG')),
      ).length,
    alive: () => aliveCount,
    close: () => {
      adopted = []
      poll.close()
      changes.close()
      for (const knot of byTag.values()) if (knot.pidfd !== null) pidfd.close(knot.pidfd)
      byTag.clear()
    },
  }
}

const lifeOf = ({ instance, incarnation }: Knot) => ({ instance, incarnation })

const knotOf = ({ instance, incarnation, pid, birth, pidfd, offset, kept, file }: Found) => ({
  ...{ instance, incarnation, pid, birth, pidfd, offset, ...kept, about: null, ...fresh },
  ...{ wasReady: wasReady(kept), isAgain: isBetween(kept) },
  file: file ?? fileName(instance, incarnation),
})
