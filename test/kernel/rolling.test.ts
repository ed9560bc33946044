/**
 * Goal: servers as people write them, in node and in Python, are upgraded one instance after the
 *   other under constant load, over connections that stay and over new ones, while the supervisor
 *   is killed and executed anew: no request fails. A version that never gets ready is taken back,
 *   also over the death of the supervisor, and the former instances are untouched.
 * Method: real trees, servers that end as they should (no new connections, an answer to each
 *   request, with the word that it is the last), and two kinds of clients that count what they do
 *   not get. ROUNDS=50 for more upgrades.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { imageDir, program } from '../../src/demo/world.ts'
import { copyProgram } from '../../src/init/programs.ts'
import { skipUnless } from '../skip.ts'
import { freePort, restarted } from './serving.ts'
import { inputsOf, kill, supervised, until } from './supervised.ts'
import type { Supervised } from './supervised.ts'
import { canContain, whyNot } from './world.ts'

const rounds = Number(process.env['ROUNDS'] ?? 3)
const python = '/usr/bin/python3'
const real = skipUnless(canContain, whyNot)
const withPython = skipUnless(
  canContain && existsSync(python),
  canContain ? `needs ${python}` : whyNot,
)

// ---------------------------------------------------------------------------
// Servers
// ---------------------------------------------------------------------------

/** Each is given its version, and a socket at descriptor 3; `never` does not serve at all. */
const nodeServer = `
const { createServer } = require('node:http')
const version = process.argv[2]
let isLast = false
const server = createServer((request, response) => {
  if (isLast) response.setHeader('connection', 'close')
  setTimeout(() => response.end(version), Math.random() * 4)
})
server.keepAliveTimeout = 60_000
if (version === 'never') setInterval(() => {}, 60_000)
else {
  process.on('SIGTERM', () => {
    isLast = true
    // Who is between two requests is answered once more.
    server.closeIdleConnections = () => {}
    server.close()
  })
  server.listen({ fd: 3 })
}
`

const pythonServer = `
import signal, socket, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
version = sys.argv[1]
is_last = False
class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_GET(self):
        body = version.encode()
        self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        if is_last:
            self.send_header('Connection', 'close')
            self.close_connection = True
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *words):
        pass
class Server(ThreadingHTTPServer):
    daemon_threads = False
    disable_nagle_algorithm = True
listening = socket.socket(fileno=3)
server = Server(listening.getsockname(), Handler, bind_and_activate=False)
server.socket = listening
def end(*_):
    global is_last
    is_last = True
    threading.Thread(target=server.shutdown).start()
if version == 'never':
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    time.sleep(3600)
signal.signal(signal.SIGTERM, end)
server.serve_forever(poll_interval=0.05)
server.server_close()
`

interface Server {
  readonly program: string
  readonly file: string
  readonly source: string
  readonly prepare: (self: Supervised) => void
  readonly sandbox: string
  readonly container: string
}

const node: Server = {
  program: '/bin/node',
  file: 'app.js',
  source: nodeServer,
  prepare: ({ world }) => copyProgram(imageDir(world, 'img'), process.execPath, '/bin/node'),
  sandbox: '',
  container: '',
}

/** Its library is the host's. */
const ofPython: Server = {
  program: python,
  file: 'app.py',
  source: pythonServer,
  prepare: ({ world }) => borrowLibraries(imageDir(world, 'img')),
  sandbox: 'readonly-paths: { /host: /usr }\n',
  container: 'volumes: { /usr: !Readonly /host }\n',
}

const borrowLibraries = (image: string): void => {
  mkdirSync(join(image, 'usr'))
  copyProgram(image, python, '/bin/python3')
}

// ---------------------------------------------------------------------------
// Clients
// ---------------------------------------------------------------------------

const get = (port: number, agent: Agent): Promise<string> =>
  new Promise(resolve => {
    const asked = request({ host: '127.0.0.1', port, agent }, response => {
      let text = ''
      response.on('data', (data: Buffer) => (text += data.toString()))
      response.on('end', () => resolve(text))
      response.on('error', error => resolve(`error: ${error.message}`))
    })
    asked.on('error', error => resolve(`error: ${error.message}`))
    asked.end()
  })

/** Asks without a pause until it is told to stop. */
const load = (port: number, isVersion: (answer: string) => boolean) => {
  let isOver = false
  let asked = 0
  const wrong: string[] = []
  const last: string[] = []
  const agents = [new Agent({ keepAlive: true }), new Agent({ keepAlive: false })]
  const worker = async (agent: Agent, index: number): Promise<void> => {
    for (; !isOver; asked += 1) {
      const answer = await get(port, agent)
      if (isVersion(answer)) last[index] = answer
      else wrong.push(answer)
    }
  }
  const work = [0, 1, 2, 3, 4, 5].map(index => worker(agents[index % 2] as Agent, index))
  const stop = async (): Promise<void> => {
    isOver = true
    await Promise.all(work)
    for (const agent of agents) agent.destroy()
  }
  stops.push(stop)
  return { wrong, last, asked: () => asked, stop }
}

/** Also after a failure: they would ask for ever. */
const stops: (() => Promise<void>)[] = []
test.after.each(async () => {
  for (const stop of stops.splice(0)) await stop()
})

// ---------------------------------------------------------------------------
// Upgrades
// ---------------------------------------------------------------------------

const upgrades = ['{rolling: {max-unavailable: 0, surge: 1}}', 'rolling']

const entry = (version: string, upgrade: string): string =>
  `  variables: {version: ${version}}\n  upgrade: ${upgrade}\n`

/** Without holding up our own clients. */
const switchTo = (self: Supervised, version: string, upgrade: string, ...words: string[]) => {
  const file = join(self.world.root, `${version}.yaml`)
  writeFileSync(
    file,
    `app:\n  image: img\n  config: /config/${version === 'never' ? version : 'app'}.yaml\n` +
      `  instances: 2\n${entry(version, upgrade)}`,
  )
  const child = spawn(
    program('lithos_switch'),
    ['-C', self.world.master, '--timeout', '60', ...words, 'web', file],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let said = ''
  child.stdout.on('data', (data: Buffer) => (said += data.toString()))
  child.stderr.on('data', (data: Buffer) => (said += data.toString()))
  return new Promise<{ code: number | null; said: string }>(resolve =>
    child.on('close', code => resolve({ code, said })),
  )
}

const isLaunched = (self: Supervised, version: string): boolean =>
  self
    .turns()
    .some(({ effects }) =>
      effects.some(
        ({ type, wanted }) =>
          type === 'launch' && JSON.stringify(wanted).includes(`\\"${version}\\"`),
      ),
    )

/** In turn: left alone, killed and started again, executed anew. */
const disturb = async (self: Supervised, round: number, version: string): Promise<void> => {
  if (round % 3 === 1) return
  await until(`${version} begins`, () => isLaunched(self, version))
  await setTimeout((round * 37) % 400)
  if (round % 3 === 0) return restarted(self, 'SIGQUIT')
  kill(self.tree().pid)
  await self.tree().ended
  await setTimeout((round * 13) % 150)
  await self.start()
}

const story = (server: Server) =>
  supervised(async self => {
    server.prepare(self)
    writeFileSync(join(imageDir(self.world, 'img'), server.file), server.source)
    const port = await freePort()
    const container = (patience: number): string =>
      `executable: ${server.program}\narguments: [/${server.file}, "@{version}"]\n` +
      'variables: {version: !Name }\nrestart-timeout: 0\n' +
      `ready: {tcp: ${port}, timeout: ${patience}}\nstop: [TERM, 60, KILL]\n` +
      `tcp-ports: {${port}: {fd: 3, set-non-block: true}}\n${server.container}`
    self.configure(
      {
        app: { instances: 2, entry: entry('v0', 'rolling'), container: container(60) },
        // What it says of a version that never gets ready it says of no other.
        never: { instances: 0, entry: entry('never', 'all'), container: container(1) },
      },
      server.sandbox,
    )
    await self.start()
    await until('both are ready', () => inputsOf(self.turns(), 'app.ready').length >= 2)
    const clients = load(port, answer => /^v\d+$/.test(answer))
    for (let round = 1; round <= rounds; round++) {
      const version = `v${round}`
      const switched = switchTo(self, version, upgrades[round % 2] as string)
      await disturb(self, round, version)
      const { code, said } = await switched
      assert.is(code, 0, `round ${round}: ${said}`)
      assert.equal(clients.wrong, [], `round ${round}, of ${clients.asked()} requests`)
    }
    await until('all clients are answered by the last version', () =>
      clients.last.every(version => version === `v${rounds}`),
    )
    const former = [self.appOf('web/app.0'), self.appOf('web/app.1')]
    const switched = switchTo(self, 'never', upgrades[0] as string, '--auto-rollback')
    await disturb(self, 2, 'never')
    const { code, said } = await switched
    assert.is(code, 4, said)
    assert.match(said, /web\/app\.[012].*not ready in time: it does not wait for connections on/)
    assert.equal([self.appOf('web/app.0'), self.appOf('web/app.1')], former)
    await clients.stop()
    assert.equal(clients.wrong, [])
    process.stdout.write(`${clients.asked()} requests `)
  })

real(`node: ${rounds} upgrades under load, some over the death of the supervisor`, story(node))
withPython(
  `Python: ${rounds} upgrades under load, some over the death of the supervisor`,
  story(ofPython),
)

test.run()
