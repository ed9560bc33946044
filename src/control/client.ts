/**
 * The other end of the control socket. What goes wrong is a value: a supervisor that becomes a
 * new image in the middle of an answer is nothing unusual.
 */
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'
import type { Socket } from 'node:net'
import { StringDecoder } from 'node:string_decoder'
import * as E from 'fp-ts/lib/Either.js'
import { connectUnix } from '../../native/unix.ts'

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
  /** Hears what has come already. Nothing waits for this, it only saves time. */
  readonly hearNow: () => void
  readonly close: () => void
}

/** Left: the code of the error, such as ECONNREFUSED where nobody listens. */
export const connect = (runtimeDir: string): E.Either<string, Connection> => {
  let directory: number
  try {
    // The path of a socket has room for 107 bytes; this one always fits.
    directory = openSync(runtimeDir, constants.O_RDONLY | constants.O_DIRECTORY)
  } catch (error) {
    return E.left((error as NodeJS.ErrnoException).code ?? 'EIO')
  }
  const connected = connectUnix(`/proc/self/fd/${directory}/control`)
  closeSync(directory)
  return E.isLeft(connected) ? E.left(connected.left.code) : E.right(talk(connected.right))
}

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

/**
 * The first requests go out by a plain write, and the first answers can be read so: what hears
 * the rest is loaded when there is nothing better to do, which is while the supervisor works.
 */
const talk = (fd: number): Connection => {
  const waiting = new Map<number, Waiting>()
  let socket: Socket | null = null
  let isClosed = false
  let last = 0
  let rest = ''

  const decoder = new StringDecoder('utf8')

  const hear = (bytes: Buffer): void => {
    const lines = (rest + decoder.write(bytes)).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) take(JSON.parse(line) as Message)
  }

  const take = ({ id, done, event, failed }: Message): void => {
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

  const close = (): void => {
    if (isClosed) return
    isClosed = true
    if (socket === null) closeSync(fd)
    else socket.destroy()
    lose(lost)
  }

  const adopt = async (): Promise<void> => {
    const { Socket } = await import('node:net')
    if (isClosed) return
    socket = new Socket({ fd, readable: true, writable: true })
    socket
      .on('data', hear)
      .on('error', () => {})
      .on('close', close)
  }
  setImmediate(() => void adopt())

  /** False: it cannot be said. A request is far shorter than the room there is for it. */
  const write = (line: string): boolean => {
    try {
      if (socket === null) return writeSync(fd, line) === Buffer.byteLength(line)
      return socket.writable && (socket.write(line), true)
    } catch {
      return false
    }
  }

  return {
    ask: (what, fields, onEvent = () => {}) =>
      new Promise(answer => {
        last += 1
        const line = `${JSON.stringify({ v: 1, id: last, do: what, ...fields })}\n`
        if (isClosed || !write(line)) return answer(E.left(lost))
        waiting.set(last, { answer, event: onEvent })
      }),
    hearNow: () => {
      const bytes = Buffer.alloc(hearBytes)
      try {
        while (socket === null && !isClosed) {
          const count = readSync(fd, bytes)
          if (count === 0) return close()
          hear(bytes.subarray(0, count))
        }
      } catch {
        // Nothing has come yet. If it never will, that is heard later.
      }
    },
    close,
  }
}

const hearBytes = 64 * 1024

const lost: Failure = { code: 'lost', message: 'the supervisor has gone before it answered' }
