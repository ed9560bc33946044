/**
 * The control socket: `control` in the runtime directory, for root only. Lines of JSON in both
 * directions, see README. No policy: a line that is one request is handed on, together with who
 * has sent it, as the kernel knows it; whoever handles it answers.
 *
 * Everything is bounded: the length of a line, how many clients there are, and what waits for a
 * client that does not read, which is dropped.
 */
import { chmodSync, closeSync, constants, mkdirSync, openSync, renameSync, rmSync } from 'node:fs'
import type { Server, Socket } from 'node:net'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { peerOf } from '../native/peer.ts'

export const protocolVersion = 1
const lineBytesMax = 64 * 1024
const clientsMax = 64
/** What may wait for one client; a turn of a thousand instances has a few hundred KiB. */
const waitingBytesMax = 8 * 1024 * 1024

export interface Request {
  /** Chosen by the client; comes back in every answer. */
  readonly id: string | number
  readonly do: string
  readonly fields: Readonly<Record<string, unknown>>
}

export interface Client {
  /** For the journal: `pid 12, uid 0`. */
  readonly by: string
  /** The one answer to a request. */
  readonly done: (id: Request['id'], what: object) => void
  readonly failed: (id: Request['id'] | null, code: string, message: string) => void
  /** Something on the way to the answer. Resolves when there is room for more. */
  readonly event: (id: Request['id'], what: object) => Promise<void>
  readonly isOpen: () => boolean
  readonly whenClosed: (callback: () => void) => void
}

export interface ControlOptions {
  readonly directory: string
  readonly handle: (request: Request, client: Client) => void
}

export interface Control {
  readonly close: () => void
}

/** Rejects with what the file system says. A socket that an earlier life has left is replaced. */
export const openControl = async ({ directory, handle }: ControlOptions): Promise<Control> => {
  const { createServer } = await import('node:net')
  const path = join(directory, 'control')
  const clients = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, socket => {
    clients.add(socket)
    socket.on('close', () => clients.delete(socket))
    serve(socket, clients.size > clientsMax, handle)
  })
  try {
    await listen(server, directory, path)
  } catch (error) {
    server.close()
    throw error
  }
  server.unref()
  return {
    close: () => {
      rmSync(path, { force: true })
      server.close()
      for (const socket of clients) socket.destroy()
    },
  }
}

/**
 * Made where nobody can reach it and moved into place with its rights: there is no moment in
 * which the name leads to nothing, or to a socket that everybody may use. A path of a socket has
 * room for 107 bytes, hence the way through /proc.
 */
const listen = async (server: Server, directory: string, path: string): Promise<void> => {
  const nursery = join(directory, '.control.new')
  rmSync(nursery, { recursive: true, force: true })
  mkdirSync(nursery, { mode: 0o700 })
  const fd = openSync(nursery, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(`/proc/self/fd/${fd}/control`, () => {
        server.off('error', reject)
        // What cannot be accepted now, for want of descriptors, is tried again by its client.
        server.on('error', () => {})
        resolve()
      })
    })
    chmodSync(join(nursery, 'control'), 0o600)
    renameSync(join(nursery, 'control'), path)
  } finally {
    closeSync(fd)
    rmSync(nursery, { recursive: true, force: true })
  }
}

interface Served extends Client {
  readonly ask: () => void
  readonly endWhenAnswered: () => void
}

const serve = (socket: Socket, isOneTooMany: boolean, handle: ControlOptions['handle']): void => {
  const client = clientOf(socket)
  // Gone in the middle of something: `close` follows, and tells whoever has to know.
  socket.on('error', () => {})
  if (client === null) return void socket.destroy()
  if (isOneTooMany) return end(client, socket, 'busy', `there are ${clientsMax} clients already`)
  let rest = ''
  socket.setEncoding('utf8')
  // It has asked everything, and still listens.
  socket.on('end', client.endWhenAnswered)
  socket.on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of [...lines, rest])
      if (Buffer.byteLength(line) > lineBytesMax)
        return end(client, socket, 'too-long', `a line may have ${lineBytesMax} bytes`)
    for (const line of lines) take(line, client, handle)
  })
}

const end = (client: Client, socket: Socket, code: string, message: string): void => {
  socket.removeAllListeners('data')
  client.failed(null, code, message)
  socket.end()
  socket.resume()
}

const take = (line: string, client: Served, handle: ControlOptions['handle']): void => {
  if (line.trim() === '' || !client.isOpen()) return
  client.ask()
  const request = requestOf(line)
  if (E.isLeft(request)) client.failed(request.left.id, 'bad-request', request.left.message)
  else handle(request.right, client)
}

interface Wrong {
  readonly id: Request['id'] | null
  readonly message: string
}

export const requestOf = (line: string): E.Either<Wrong, Request> => {
  const value = E.tryCatch(
    () => JSON.parse(line) as unknown,
    error => (error instanceof Error ? error.message : String(error)),
  )
  if (E.isLeft(value)) return E.left({ id: null, message: `not JSON: ${value.left}` })
  if (typeof value.right !== 'object' || value.right === null || Array.isArray(value.right))
    return E.left({ id: null, message: 'expected an object such as {"v":1,"id":1,"do":"ping"}' })
  const { v, id, do: what, ...fields } = value.right as Readonly<Record<string, unknown>>
  if (typeof id !== 'string' && typeof id !== 'number')
    return E.left({ id: null, message: '"id": expected a text or a number' })
  if (v !== protocolVersion)
    return E.left({ id, message: `"v": expected ${protocolVersion}, the version of the protocol` })
  if (typeof what !== 'string')
    return E.left({ id, message: '"do": expected the name of a request' })
  return E.right({ id, do: what, fields })
}

/** Null: it has gone before anybody could ask who it was. */
const clientOf = (socket: Socket): Served | null => {
  const { _handle: handle } = socket as unknown as { _handle: { readonly fd: number } | null }
  const peer = handle === null ? null : peerOf(handle.fd)
  if (peer === null || E.isLeft(peer)) return null
  const { pid, uid } = peer.right
  const send = (message: object): void => {
    if (socket.destroyed) return
    socket.write(`${JSON.stringify({ v: protocolVersion, ...message })}\n`)
    if (socket.writableLength > waitingBytesMax) socket.destroy()
  }
  let unanswered = 0
  let isAllAsked = false
  const answer = (message: object): void => {
    send(message)
    unanswered -= 1
    if (isAllAsked && unanswered <= 0) socket.end()
  }
  return {
    ask: () => void (unanswered += 1),
    endWhenAnswered: () => {
      isAllAsked = true
      if (unanswered <= 0) socket.end()
    },
    by: `pid ${pid}, uid ${uid}`,
    done: (id, what) => answer({ id, done: what }),
    failed: (id, code, message) => answer({ id, failed: { code, message } }),
    event: async (id, what) => {
      send({ id, event: what })
      if (socket.writableNeedDrain) await drained(socket)
    },
    isOpen: () => !socket.destroyed && !socket.writableEnded,
    whenClosed: callback => void socket.once('close', callback),
  }
}

/** Of a client that does not read for so long nobody knows whether it ever will. */
const drainPatienceMs = 10_000

const drained = (socket: Socket): Promise<void> =>
  new Promise(resolve => {
    const drop = setTimeout(() => socket.destroy(), drainPatienceMs).unref()
    const over = (): void => {
      clearTimeout(drop)
      socket.off('drain', over).off('close', over)
      resolve()
    }
    socket.once('drain', over).once('close', over)
  })
