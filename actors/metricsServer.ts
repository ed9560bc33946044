/**
 * A page that can be fetched over HTTP, and nothing else: on a unix socket in the runtime
 * directory, and on a loopback address. As little of HTTP/1.1 as a scraper needs, by hand: Node's
 * own server would be loaded into every supervisor for it. Everything is bounded: clients, the
 * length of a request, and its time.
 */
import { chmodSync, closeSync, constants, mkdirSync, openSync, renameSync, rmSync } from 'node:fs'
import type { Server, Socket } from 'node:net'
import { join } from 'node:path'

export interface Page {
  readonly type: string
  readonly body: string
}

export interface MetricsServer {
  readonly close: () => void
}

/** `accept`: what the client says it can read. */
export type Render = (accept: string) => Promise<Page>

const clientsMax = 16
const requestBytesMax = 8 * 1024
const patienceMs = 10_000

/** `NAME` in this directory, for root only. Rejects with what the file system says. */
export const serveUnix = async (
  directory: string,
  name: string,
  render: Render,
): Promise<MetricsServer> => {
  const server = await createServer(render)
  const nursery = join(directory, `.${name}.new`)
  rmSync(nursery, { recursive: true, force: true })
  mkdirSync(nursery, { mode: 0o700 })
  // The path of a socket has room for 107 bytes; and it gets its name with its rights.
  const fd = openSync(nursery, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    await listening(server, () => server.listen(`/proc/self/fd/${fd}/${name}`))
    chmodSync(join(nursery, name), 0o600)
    renameSync(join(nursery, name), join(directory, name))
  } catch (error) {
    server.close()
    throw error
  } finally {
    closeSync(fd)
    rmSync(nursery, { recursive: true, force: true })
  }
  return {
    close: () => {
      rmSync(join(directory, name), { force: true })
      server.close()
    },
  }
}

/** Rejects where nobody can listen there, with the code of the kernel. */
export const serveTcp = async (
  host: string,
  port: number,
  render: Render,
): Promise<MetricsServer> => {
  const server = await createServer(render)
  try {
    await listening(server, () => server.listen({ host, port }))
  } catch (error) {
    server.close()
    throw error
  }
  return { close: () => void server.close() }
}

const createServer = async (render: Render): Promise<Server> => {
  const { createServer: create } = await import('node:net')
  let clients = 0
  const server = create({ allowHalfOpen: true }, socket => {
    clients += 1
    socket.on('close', () => (clients -= 1))
    socket.on('error', () => {})
    if (clients > clientsMax) return void socket.destroy()
    serve(socket, render)
  })
  server.unref()
  return server
}

const listening = (server: Server, listen: () => void): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.once('listening', () => {
      server.off('error', reject)
      server.on('error', () => {})
      resolve()
    })
    listen()
  })

const serve = (socket: Socket, render: Render): void => {
  let head = ''
  socket.unref()
  socket.setEncoding('latin1')
  const late = setTimeout(() => socket.destroy(), patienceMs).unref()
  socket.on('close', () => clearTimeout(late))
  socket.on('end', () => {
    if (!head.includes('\r\n\r\n')) socket.destroy()
  })
  const take = (text: string): void => {
    head += text
    const isWhole = head.includes('\r\n\r\n')
    if (!isWhole && head.length <= requestBytesMax) return
    socket.off('data', take)
    socket.resume()
    void answer(isWhole ? head : '', render).then(
      text => socket.end(text),
      () => socket.destroy(),
    )
  }
  socket.on('data', take)
}

export const answer = async (head: string, render: Render): Promise<string> => {
  const [first = '', ...lines] = (head.split('\r\n\r\n')[0] ?? '').split('\r\n')
  const [, method, path] = /^([A-Z]+) (\S+) HTTP\/1\.[01]$/.exec(first) ?? []
  if (method === undefined || path === undefined) return refuse(400, 'this is no HTTP request')
  const headers = new Map(
    lines.map(line => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const
    }),
  )
  // A page of a browser may call a name of its own what is this host to us.
  if (!isLocal(headers.get('host') ?? '')) return refuse(403, 'the host is not called so')
  if (method !== 'GET' && method !== 'HEAD') return refuse(405, 'only GET', 'Allow: GET, HEAD\r\n')
  if (!/^\/(?:metrics)?(?:\?|$)/.test(path)) return refuse(404, 'there is only /metrics')
  const { type, body } = await render(headers.get('accept') ?? '')
  return respond('200 OK', type, body, '', method === 'HEAD')
}

const isLocal = (host: string): boolean =>
  host === '' || /^(?:localhost|127(?:\.\d+){3}|\[::1\])(?::\d+)?$/i.test(host)

const reasons: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
}

const refuse = (code: number, why: string, extra = ''): string =>
  respond(`${code} ${reasons[code]}`, 'text/plain; charset=utf-8', `${why}\n`, extra, false)

const respond = (
  status: string,
  type: string,
  body: string,
  extra: string,
  isHead: boolean,
): string =>
  `HTTP/1.1 ${status}\r\nContent-Type: ${type}\r\n` +
  `Content-Length: ${Buffer.byteLength(body)}\r\n${extra}Connection: close\r\n\r\n` +
  (isHead ? '' : body)
