/** For tests of listening sockets: an application that answers, clients, and who keeps what. */
import { existsSync, readFileSync, readlinkSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { Server } from 'node:net'
import { join } from 'node:path'
import { imageDir, keepers } from '../../src/demo/world.ts'
import { compile } from './compile.ts'
import { inputsOf, kill, until } from './supervised.ts'
import type { Configured, Supervised } from './supervised.ts'

/** `words`: the descriptors it serves. `ports`: what stands behind each in `tcp-ports`. */
export const serving = (
  words: readonly string[],
  ports: Readonly<Record<string, string>>,
  instances = 1,
  more = 'restart-timeout: 0',
): Configured => ({
  instances,
  container:
    `executable: /bin/serve\narguments: [${words.map(word => `"${word}"`).join(', ')}]\n${more}\n` +
    'tcp-ports:\n' +
    Object.entries(ports)
      .map(([port, options]) => `  ${port}: { ${options} }\n`)
      .join(''),
})

export const addServer = (self: Supervised): void => {
  const program = join(imageDir(self.world, 'img'), 'bin', 'serve')
  if (!existsSync(program)) compile('serve.c', program, '-static')
}

/** What the server says; or the code of the error; or `silence` after that time. */
export const ask = (port: number, host = '127.0.0.1', patienceMs = 30_000): Promise<string> =>
  new Promise(resolve => {
    const socket = connect({ port, host })
    let text = ''
    socket.setTimeout(patienceMs, () => end('silence'))
    const end = (answer: string): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.on('data', (data: Buffer) => (text += data.toString()))
    socket.on('end', () => end(text))
    socket.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? String(error)))
  })

/**
 * Free at this moment, below what the kernel gives to those who ask for any, and not given to
 * another test while this one lives: its number is claimed by a name that only one can have.
 */
export const freePort = async (): Promise<number> => {
  for (;;) {
    const port = (lastPort += 1)
    if ((await listening(`\0lithos-test-port-${port}`)) === null) continue
    const server = await listening(port)
    if (server === null) continue
    await new Promise(resolve => server.close(resolve))
    return port
  }
}

const listening = (place: number | string): Promise<Server | null> =>
  new Promise(resolve => {
    const server = createServer().unref()
    server.on('error', () => resolve(null))
    server.listen(place, () => resolve(server))
  })

/** As the kernel lists it, in hexadecimal. */
export const isListening = (port: number): boolean =>
  readFileSync('/proc/net/tcp', 'utf8').includes(
    `:${port.toString(16).toUpperCase().padStart(4, '0')} 00000000:0000 0A`,
  )

let lastPort = 20_000 + (process.pid % 1_000) * 10

export const keepersOf = ({ world }: Supervised): readonly number[] => keepers(world)

/** Names the socket behind a descriptor of an application. */
export const inodeOf = (self: Supervised, instance: string, fd: number): string =>
  readlinkSync(`/proc/${self.appOf(instance)}/fd/${fd}`)

/** How often recovery was completed, as far as the hot journal reaches. */
export const surveyed = (self: Supervised): number => inputsOf(self.turns(), 'tree.surveyed').length

export const restarted = async (self: Supervised, signal: NodeJS.Signals): Promise<void> => {
  const before = surveyed(self)
  kill(self.tree().pid, signal)
  await until(`it serves after ${signal}`, () => surveyed(self) > before)
}

/** It may be dying already, of what was done to it before. */
export const killIfThere = (pid: number | null, signal: NodeJS.Signals = 'SIGKILL'): void => {
  try {
    if (pid !== null) kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
