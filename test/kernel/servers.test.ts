/**
 * Goal: servers as they are, which know nothing of lithos, take the sockets they are given: a
 *   pool of Python workers, gunicorn's way of activation, nginx, a program of libsystemd; one
 *   process or many behind a port, and no connection is refused while they are replaced.
 * Method: programs of this host, in images that borrow its `/usr`; a client that connects all the
 *   time. A program that the host does not have is skipped.
 */
import { existsSync, mkdirSync, symlinkSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { addSandbox, imageDir, writeIn } from '../../src/demo/world.ts'
import { skipUnless } from '../skip.ts'
import { compile } from './compile.ts'
import { ask, freePort } from './serving.ts'
import { kill, run, runs, supervised, until } from './supervised.ts'
import type { Supervised } from './supervised.ts'
import { canContain, whyNot } from './world.ts'

const has = (...paths: readonly string[]): boolean => paths.every(path => existsSync(path))
const using = (...paths: readonly string[]) =>
  skipUnless(canContain && has(...paths), canContain ? `needs ${paths.join(', ')}` : whyNot)

const python = '/usr/bin/python3'
const nginx = '/usr/sbin/nginx'
const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64'
const sdDaemon = `/usr/lib/${machine}-linux-gnu/libsystemd.so.0`

/** Image `host`: all programs are the host's, and only `/tmp` can be written to. */
const borrow = (self: Supervised, container: string, process: string): void => {
  const image = imageDir(self.world, 'img')
  for (const place of ['usr', 'tmp', 'var/log/nginx', 'var/lib/nginx'])
    mkdirSync(join(image, place), { recursive: true })
  for (const name of ['lib', 'lib64', 'sbin']) symlinkSync(`usr/${name}`, join(image, name))
  writeIn(image, 'config/app.yaml', `${container}volumes:\n${volumes}`)
  addSandbox(self.world, 'web', {
    sandbox: `readonly-paths: { /host: /usr }
allow-users: [1-70000]
allow-groups: [1-70000]
allow-tcp-ports: [1-65535]
default-user: 1000
default-group: 1000
`,
    processes: `app:\n  image: img\n  config: /config/app.yaml\n${process}`,
  })
}
const volumes = `  /usr: !Readonly /host
  /tmp: !Tmpfs { size: 8Mi, mode: 0o1777 }
`

/** One GET of HTTP/1.0. */
const get = async (port: number): Promise<string> => (await ask(port, '127.0.0.1', 20_000)).trim()

/** Asks all the time until told to stop; what it did not get is listed. */
const hammer = (port: number, expected: RegExp) => {
  const wrong: string[] = []
  let asked = 0
  let isOver = false
  const work = (async () => {
    for (; !isOver; asked += 1) {
      const answer = await get(port)
      if (!expected.test(answer)) wrong.push(answer)
    }
  })()
  return async () => {
    isOver = true
    await work
    return { wrong, asked }
  }
}

/** Nothing is refused, whoever is replaced; the death of a server cuts off its answers only. */
const replaceUnderLoad = async (self: Supervised, port: number, expected: RegExp) => {
  const stop = hammer(port, expected)
  kill(self.tree().pid, 'SIGKILL')
  await self.tree().ended
  const before = self.appOf('web/app.0')
  kill(before)
  await self.start()
  await runs(self, 'web/app.0')
  await until('another one answers', () => ![null, before].includes(self.appOf('web/app.0')))
  assert.match(await get(port), expected)
  const { wrong, asked } = await stop()
  assert.ok(asked > 0)
  assert.equal(
    wrong.filter(answer => answer !== '' && answer !== 'ECONNRESET'),
    [],
  )
}

const worker = `
import os, socket
listening = socket.socket(fileno=0)
assert listening.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) == 1
while True:
    connection, _ = listening.accept()
    connection.sendall(os.environ['LITHOS_NAME'].encode())
    connection.close()
`

using(python)(
  'a pool of Python workers behind one port, at descriptor 0',
  supervised(async self => {
    const port = await freePort()
    borrow(
      self,
      `executable: ${python}
arguments: [/app.py]
variables: { port: !TcpPort }
tcp-ports: { "@{port}": { fd: 0, host: 127.0.0.1, listen-backlog: 1000 } }
restart-timeout: 0
`,
      `  instances: 3\n  variables: { port: ${port} }\n`,
    )
    writeIn(imageDir(self.world, 'img'), 'app.py', worker)
    assert.is(run('lithos_check', '--config', self.world.master).status, 0)
    await self.start()
    await runs(self, 'web/app.0', 'web/app.1', 'web/app.2')
    const seen = new Set<string>()
    for (let n = 0; n < 500 && seen.size < 3; n += 1) seen.add(await get(port))
    assert.ok([...seen].every(name => /^web\/app\.[012]$/.test(name)))
    await replaceUnderLoad(self, port, /^web\/app\.[012]$/)
    assert.is(await self.stop(), 0)
    assert.equal(self.leftovers(), [])
  }),
)

/** As gunicorn and others read the environment: sockets that were not for us are left alone. */
const activated = `
import os, socket
from http.server import BaseHTTPRequestHandler, HTTPServer
assert int(os.environ['LISTEN_PID']) == os.getpid()
assert os.environ['LISTEN_FDNAMES'] == 'admin:port'
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'served')
    def log_message(self, *words):
        pass
sockets = [socket.socket(fileno=3 + n) for n in range(int(os.environ['LISTEN_FDS']))]
server = HTTPServer(sockets[1].getsockname(), Handler, bind_and_activate=False)
server.socket = sockets[1]
server.serve_forever()
`

/** The body of an answer; nothing is kept for the next request. */
const http = (port: number): Promise<string> =>
  new Promise(resolve => {
    const asked = request({ host: '127.0.0.1', port, agent: false }, answer => {
      let text = ''
      answer.on('data', (data: Buffer) => (text += data.toString()))
      answer.on('end', () => resolve(text)).on('error', error => resolve(error.message))
    })
    asked.on('error', error => resolve(error.message)).end()
  })

using(python)(
  'a Python server that is activated as by systemd',
  supervised(async self => {
    const [port, admin] = [await freePort(), await freePort()]
    borrow(
      self,
      `executable: ${python}
arguments: [-u, /app.py]
variables:
  port: !TcpPort { activation: systemd }
  admin: !TcpPort { activation: systemd }
`,
      `  variables: { port: ${port}, admin: ${admin} }\n`,
    )
    writeIn(imageDir(self.world, 'img'), 'app.py', activated)
    await self.start()
    await runs(self, 'web/app.0')
    assert.is(await http(port), 'served')
  }),
)

using(nginx)(
  'nginx takes the socket as from its former master, and serves with workers',
  supervised(async self => {
    const port = await freePort()
    borrow(
      self,
      `executable: ${nginx}
arguments: [-e, stderr, -c, /nginx.conf]
environ: { NGINX: "3;" }
tcp-ports: { ${port}: { fd: 3, host: 127.0.0.1, listen-backlog: 511, set-non-block: true } }
restart-timeout: 0
`,
      '',
    )
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    writeIn(
      imageDir(self.world, 'img'),
      'nginx.conf',
      `daemon off;
pid /tmp/nginx.pid;
error_log stderr;
worker_processes 2;
events {}
http {
${temporary.map(name => `  ${name}_temp_path /tmp/${name};`).join('\n')}
  access_log off;
  server { listen 127.0.0.1:${port}; location / { return 200 "served"; } }
}
`,
    )
    await self.start()
    await runs(self, 'web/app.0')
    assert.is(await http(port), 'served', self.log('stderr/web.log'))
    // What its workers have accepted ends with them; who comes later is served.
    const app = self.appOf('web/app.0')
    kill(app)
    await until('another one runs', () => ![null, app].includes(self.appOf('web/app.0')))
    assert.is(await http(port), 'served')
  }),
)

using(sdDaemon)(
  'a program that asks libsystemd which sockets it was given',
  supervised(async self => {
    const port = await freePort()
    borrow(
      self,
      'executable: /bin/activated\nvariables: { http: !TcpPort { activation: systemd } }\n',
      `  variables: { http: ${port} }\n`,
    )
    compile('activated.c', join(imageDir(self.world, 'img'), 'bin', 'activated'), '-ldl')
    await self.start()
    await runs(self, 'web/app.0')
    assert.is(await get(port), 'http, of IPv4, listening')
  }),
)

test.run()
