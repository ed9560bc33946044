/**
 * A switch, from the new file to the last word of the supervisor:
 *
 *     turn taken ─► read once ─► checked ─► replaced ─► told ─► settled
 *
 * Until "replaced" nothing is touched. From there on the new file is in place, whatever happens
 * to us, and a supervisor that starts later reads it anyway.
 */
import { existsSync, statSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import { stamp } from '../../actors/clock.ts'
import type { Fate } from '../outcome.ts'
import { sayNoSandbox } from '../noSandbox.ts'
import { checkSandbox } from '../check/everything.ts'
import { checkPortsAgainstOthers } from '../check/others.ts'
import { readFileText } from '../config/fileText.ts'
import { processesFile, sandboxFile } from '../config/places.ts'
import { readSandbox } from '../config/read.ts'
import type { Problem } from '../config/shapes.ts'
import type { Evaluator } from '../evaluate/evaluator.ts'
import { locate, textsOf } from '../evaluate/locate.ts'
import { isRefused } from '../evaluate/sandbox.ts'
import type { Evaluation } from '../evaluate/sandbox.ts'
import type { Settings } from '../evaluate/settings.ts'
import type { Failure } from '../control/client.ts'
import { keepGood, textOf, wayBack } from './good.ts'
import { takeTurn } from './lock.ts'
import { commit, settle, stage } from './replace.ts'
import type { Staged } from './replace.ts'
import type { Answer, Before } from './report.ts'
import { sinceBefore } from './report.ts'
import { findSupervisor, openLine } from './supervisor.ts'
import type { Line } from './supervisor.ts'

export interface Wish {
  readonly evaluator: Evaluator
  readonly settings: Settings
  readonly sandbox: string
  /** Null: back to the last good one. */
  readonly newFile: string | null
  readonly timeoutMs: number
  /** Ask the supervisor and wait; otherwise only signal it. */
  readonly isWaiting: boolean
  readonly warn: (text: string) => void
  /** Of each that has settled. */
  readonly onProgress?: (fate: Fate) => void
}

export type Result =
  | { readonly kind: 'refused'; readonly reason: string; readonly problems: readonly Problem[] }
  | {
      readonly kind: 'replaced'
      readonly target: string
      readonly problems: readonly Problem[]
      /** Null: nobody was asked, and why has been said. */
      readonly outcome: E.Either<Failure, Answer> | null
    }

export const switchTo = async (wish: Wish): Promise<Result> => {
  const { settings, sandbox, timeoutMs, isWaiting, warn } = wish
  const deadline = stamp().mono + timeoutMs
  const { runtimeDir, pidFile } = settings.places
  // Meanwhile we check: it takes no time of its own.
  let opening = isWaiting ? openLine(runtimeDir, pidFile, deadline) : null
  opening?.catch(() => {})
  const end = async (result: Result): Promise<Result> => {
    const opened = await opening
    if (opened != null && E.isRight(opened)) opened.right.close()
    return result
  }
  const refused = (reason: string, problems: readonly Problem[] = []): Promise<Result> =>
    end({ kind: 'refused', reason, problems })

  const file = sandboxFile(settings.places, sandbox)
  let turn: Awaited<ReturnType<typeof takeTurn>>
  try {
    turn = await takeTurn(file, timeoutMs, () =>
      warn(`another lithos_switch of ${sandbox} is at work: waiting for it`),
    )
  } catch (error) {
    return refused(
      existsSync(file)
        ? `Can't parse sandbox config: ${file}: ${reasonOf(error)}`
        : `Can't parse sandbox config: ${sayNoSandbox(settings, sandbox)}`,
    )
  }
  if (turn === null)
    return refused(`another lithos_switch of ${sandbox} has been at work all the time: try again`)
  // Not before it is our turn: what another has changed was there before us. The answer comes
  // while we check.
  const askBefore = (): Promise<Before | null> | null =>
    opening?.then(opened => (E.isRight(opened) ? livesBefore(opened.right, sandbox) : null)) ?? null
  let asking = askBefore()
  asking?.catch(() => {})
  try {
    const bytes = read(wish)
    if ('kind' in bytes) return end(bytes)
    const { target, text, mode } = bytes
    const cannotReplace = (error: unknown): Promise<Result> =>
      refused(`Error replacing file: ${target ?? file}: ${reasonOf(error)}`)
    let staged: Staged | null
    try {
      staged = target === null ? null : stage(target, sandbox, text, mode)
    } catch (error) {
      return cannotReplace(error)
    }
    // The disk writes it while we check.
    const checked = judge(wish, bytes)
    if ('kind' in checked || target === null || staged === null) {
      await staged?.isSafe.catch(() => {})
      staged?.discard()
      return end('kind' in checked ? checked : noTarget(sandbox, checked.problems))
    }
    const old = textOf(target)
    let line: Line | null
    let telling: ReturnType<typeof tell> | null
    try {
      await staged.isSafe
      let opened = (await opening) ?? null
      if (opened !== null && E.isLeft(opened) && opened.left === 'nobody') {
        // One may have begun while we checked.
        opening = openLine(runtimeDir, pidFile, deadline)
        asking = askBefore()
        opened = await opening
      }
      line = opened !== null && E.isRight(opened) ? opened.right : null
      line?.hearNow()
      const before = (await asking) ?? null
      commit(staged, target)
      telling = line === null ? null : tell(line, wish, before)
      if (telling === null)
        signalOld(pidFile, opened !== null && E.isLeft(opened) ? opened.left : null, warn)
    } catch (error) {
      staged.discard()
      return cannotReplace(error)
    }
    settle(target)
    if (old !== null && old !== text && isGood(wish, target, old))
      keepGood(runtimeDir, sandbox, 'before', old)
    keepGood(runtimeDir, sandbox, 'now', text)
    const problems = [...checked.problems, ...sharedPorts(wish, checked.evaluation, bytes)]
    return await end({ kind: 'replaced', target, problems, outcome: await telling })
  } finally {
    turn.release()
  }
}

type Refused = Extract<Result, { readonly kind: 'refused' }>
type Asked = Pick<Wish, 'evaluator' | 'settings' | 'sandbox' | 'newFile'>

interface Bytes {
  /** The file that is to be replaced. Null: the sandbox cannot be read. */
  readonly target: string | null
  readonly file: string
  readonly text: string
  readonly mode: number
}

/** What is checked is what will be written: the file is read once. */
const read = ({ settings, sandbox, newFile }: Asked): Bytes | Refused => {
  const target = targetOf(settings, sandbox)
  const file = newFile ?? (target && wayBack(settings.places.runtimeDir, sandbox, target))
  if (file === null) return refusal(nothingKept)
  const source = readFileText(file)
  if (source.value === null) return refusal(checkFailed, source.problems)
  // What was kept for the way back is for nobody else to read.
  const mode = statSync(newFile ?? target ?? '', { throwIfNoEntry: false })?.mode ?? 0o644
  return { target, file, text: source.value, mode }
}

interface Checked {
  readonly problems: readonly Problem[]
  readonly evaluation: Evaluation
}

const judge = ({ evaluator, settings, sandbox }: Asked, bytes: Bytes): Checked | Refused => {
  const checked = checkSandbox(settings, evaluator, sandbox, bytes)
  const isWrong = checked.problems.some(({ severity }) => severity === 'error')
  return isWrong ? refusal(checkFailed, checked.problems) : checked
}

/** All that is checked before a switch, and nothing more: for who only wants to know. */
export const check = (asked: Asked): Checked | Refused => {
  const bytes = read(asked)
  if ('kind' in bytes) return bytes
  const checked = judge(asked, bytes)
  if ('kind' in checked) return checked
  if (bytes.target === null) return noTarget(asked.sandbox, checked.problems)
  const ports = sharedPorts(asked, checked.evaluation, bytes)
  return { ...checked, problems: [...checked.problems, ...ports] }
}

const sharedPorts = (
  { evaluator, settings }: Asked,
  evaluation: Evaluation,
  bytes: Bytes,
): readonly Problem[] =>
  locate(checkPortsAgainstOthers(settings, evaluator, evaluation), textsOf(bytes))

const refusal = (reason: string, problems: readonly Problem[] = []): Refused => ({
  kind: 'refused',
  reason,
  problems,
})

const noTarget = (sandbox: string, problems: readonly Problem[]): Refused =>
  refusal(`Can't parse sandbox config: ${sandbox}`, problems)

const nothingKept =
  'there is no way back: nothing else was put in place with lithos_switch since the last boot'

const isGood = ({ evaluator, settings, sandbox }: Wish, file: string, text: string): boolean =>
  !isRefused(evaluator.sandbox(settings, sandbox, { file, text }))

/** The words of the original, which scripts may look for. */
const checkFailed = 'Configuration check failed with exit status: exit code: 1'

/** The file that a switch replaces. Null: the sandbox cannot be read. */
export const targetOf = (settings: Settings, sandbox: string): string | null => {
  const file = sandboxFile(settings.places, sandbox)
  const text = readFileText(file).value
  const value = text === null ? null : readSandbox(file, text).value
  return value === null ? null : processesFile(settings.places, sandbox, value)
}

// ---------------------------------------------------------------------------
// The supervisor
// ---------------------------------------------------------------------------

interface Status {
  readonly instances: readonly { readonly name: string; readonly incarnation: number | null }[]
}

/** Null: nobody can say any more. */
const livesBefore = async (line: Line, sandbox: string): Promise<Before | null> => {
  const answer = await line.ask('status', {})
  if (E.isLeft(answer)) return null
  const { instances } = answer.right as Status
  return new Map(
    instances.flatMap(({ name, incarnation }) =>
      incarnation !== null && name.startsWith(`${sandbox}/`) ? [[name, incarnation] as const] : [],
    ),
  )
}

const tell = async (
  line: Line,
  { sandbox, onProgress }: Wish,
  before: Before | null,
): Promise<E.Either<Failure, Answer>> => {
  const request = `switch ${process.pid} ${Math.floor(stamp().mono)}`
  const answer = await line.ask('reload', { sandbox, request }, event => {
    const { fate } = event as { readonly fate?: Fate }
    if (fate !== undefined) onProgress?.(fate)
  })
  return E.map((done: unknown) => sinceBefore(done as Answer, before))(answer)
}

/** As the original does it: whatever comes of it, the file is in place. */
const signalOld = (
  pidFile: string,
  unheard: 'nobody' | 'silent' | null,
  warn: (text: string) => void,
): void => {
  const found = findSupervisor(pidFile)
  switch (found.kind) {
    case 'unknown':
      return warn(`Can't read pid file ${pidFile}. Probably daemon is not running.`)
    case 'dead':
      return warn(`Process with pid ${found.pid} is not running...`)
    case 'alive':
      if (unheard !== null)
        warn(
          `the supervisor (pid ${found.pid}) ` +
            `${unheard === 'silent' ? 'has no control socket' : 'has only just begun'}: ` +
            'sending SIGQUIT, and what comes of it is in its log',
        )
      try {
        process.kill(found.pid, 'SIGQUIT')
      } catch (error) {
        warn(`Error sending QUIT to master: ${reasonOf(error)}`)
      }
  }
}

const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)
