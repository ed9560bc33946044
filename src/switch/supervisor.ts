/**
 * The supervisor as a command sees it that wants something of it: whether there is one, and one
 * request that survives its restarts and its deaths, because whoever comes next is asked again.
 */
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { stamp } from '../../actors/clock.ts'
import { commandLine, isAlive } from '../../native/proc.ts'
import { connect } from '../control/client.ts'
import type { Connection, Failure } from '../control/client.ts'

export type Presence =
  | { readonly kind: 'alive'; readonly pid: number }
  | { readonly kind: 'dead'; readonly pid: number }
  | { readonly kind: 'unknown' }

/** A pid that has gone to something else is a dead supervisor's. */
export const findSupervisor = (pidFile: string): Presence => {
  const pid = readPid(pidFile)
  if (pid === null) return { kind: 'unknown' }
  // Ours has its title in the first word, and its launcher's name among them before that.
  const words = isAlive(pid) ? (commandLine(pid) ?? []).flatMap(word => word.split(' ')) : []
  const isTree = words.slice(0, 8).some(word => basename(word) === 'lithos_tree')
  return { kind: isTree ? 'alive' : 'dead', pid }
}

const readPid = (file: string): number | null => {
  try {
    const digits = /^\s*(\d+)\s*$/m.exec(readFileSync(file, 'utf8'))?.[1]
    return digits === undefined ? null : Number(digits)
  } catch {
    return null
  }
}

const againMs = 10
/** A supervisor that has just begun has no socket for a moment; an older one never has. */
const silentMs = 2_000

/** Asks until there is an answer, of this supervisor or of the next. */
export type Line = Connection

/**
 * Left: there is nobody to talk to. `silent`: one that lives and has no socket. Whoever has been
 * reached once is waited for until the deadline, an instant of `stamp().mono`. `asksAgain`: the
 * failures after which the same is asked again.
 */
export const openLine = async (
  runtimeDir: string,
  pidFile: string,
  deadline: number,
  asksAgain: (failure: Failure) => boolean = isPassing,
): Promise<E.Either<'nobody' | 'silent', Line>> => {
  const began = stamp().mono
  let connection: Connection | null = null
  for (;;) {
    const tried = connect(runtimeDir)
    if (E.isRight(tried)) {
      connection = tried.right
      break
    }
    if (findSupervisor(pidFile).kind !== 'alive') return E.left('nobody')
    const patience = tried.left === 'ECONNREFUSED' ? deadline : began + silentMs
    if (stamp().mono >= Math.min(patience, deadline)) return E.left('silent')
    await pause()
  }

  let isOver = false
  const reconnect = async (): Promise<void> => {
    connection?.close()
    connection = null
    while (connection === null && !isOver && stamp().mono < deadline) {
      await pause()
      const tried = isOver ? E.left('over') : connect(runtimeDir)
      if (E.isRight(tried)) connection = tried.right
    }
  }

  return E.right({
    ask: async (what, fields, onEvent) => {
      for (;;) {
        const answer = await untilDeadline(connection?.ask(what, fields, onEvent), deadline)
        if (answer === null) return E.left(tooLate)
        if (E.isRight(answer) || isOver || !asksAgain(answer.left)) return answer
        await reconnect()
        if (connection === null) return E.left(tooLate)
      }
    },
    hearNow: () => connection?.hearNow(),
    close: () => {
      isOver = true
      connection?.close()
    },
  })
}

/** It was not taken. */
export const isUntaken = ({ code }: Failure): boolean => code === 'not-serving' || code === 'busy'

/** It was not, or may not have been, taken: the next supervisor is asked the same. */
const isPassing = (failure: Failure): boolean => failure.code === 'lost' || isUntaken(failure)

const tooLate: Failure = { code: 'timeout', message: 'there was no answer in time' }

const untilDeadline = <A>(answer: Promise<A> | undefined, deadline: number): Promise<A | null> =>
  new Promise(resolve => {
    if (answer === undefined) return resolve(null)
    const late = setTimeout(() => resolve(null), Math.max(0, deadline - stamp().mono))
    void answer.then(value => {
      clearTimeout(late)
      resolve(value)
    })
  })

const pause = (): Promise<void> => new Promise(resolve => setTimeout(resolve, againMs))
