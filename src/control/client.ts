/**
 * The other end of the control socket. What goes wrong is a value: a supervisor that becomes a
 * new image in the middle of an answer is nothing unusual.
 */
import { closeSync, constants, openSync } from 'node:fs'
import { connect as connectTo } from 'node:net'
import type { Socket } from 'node:net'
import * as E from 'fp-ts/lib/Either.js'

export interface Failure {
  /** `lost`: the connection ended before there was an answer. Else what the supervisor says. */
  readonly code: string
  readonly message: string
}

export interface Connection {
  readonly ask: (
    what: string,
    fields: Readonly<Record<string, unknown>>,
    onEvent?: (event: unknown) => void,
  ) => Promise<E.Either<Failure, unknown>>
  readonly close: () => void
}

/** Left: the code of the error, such as ECONNREFUSED where nobody listens. */
export const connect = (runtimeDir: string): Promise<E.Either<string, Connection>> =>
  new Promise(resolve => {
    let directory: number
    try {
      // The path of a socket has room for 107 bytes; this one always fits.
      directory = openSync(runtimeDir, constants.O_RDONLY | constants.O_DIRECTORY)
    } catch (error) {
      return resolve(E.left((error as NodeJS.ErrnoException).code ?? 'EIO'))
    }
    const socket = connectTo({ path: `/proc/self/fd/${directory}/control` })
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(E.left(error.code ?? 'EIO')))
    socket.once('connect', () => resolve(E.right(talk(socket))))
    // Node has made the system call already.
    closeSync(directory)
  })

interface Waiting {
  readonly answer: (answer: E.Either<Failure, unknown>) => void
  readonly event: (event: unknown) => void
}

interface Message {
  readonly id: number | null
  readonly done?: unknown
  readonly event?: unknown
  readonly failed?: Failure
}

const talk = (socket: Socket): Connection => {
  const waiting = new Map<number, Waiting>()
  let last = 0
  let rest = ''
  socket.setEncoding('utf8')
  socket.on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) hear(JSON.parse(line) as Message)
  })

  const hear = ({ id, done, event, failed }: Message): void => {
    // A complaint about no request in particular is about all of them.
    if (id === null) return lose(failed ?? lost)
    if (event !== undefined) return waiting.get(id)?.event(event)
    waiting.get(id)?.answer(failed === undefined ? E.right(done) : E.left(failed))
    waiting.delete(id)
  }

  const lose = (failure: Failure): void => {
    for (const { answer } of waiting.values()) answer(E.left(failure))
    waiting.clear()
  }
  socket.on('error', () => {})
  socket.on('close', () => lose(lost))

  return {
    ask: (what, fields, onEvent = () => {}) =>
      new Promise(answer => {
        if (socket.destroyed) return answer(E.left(lost))
        last += 1
        waiting.set(last, { answer, event: onEvent })
        socket.write(`${JSON.stringify({ v: 1, id: last, do: what, ...fields })}\n`)
      }),
    close: () => void socket.destroy(),
  }
}

const lost: Failure = { code: 'lost', message: 'the supervisor has gone before it answered' }
