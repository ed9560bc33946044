/**
 * Goal: whole systems as people run them, with everything at once: a pool of node servers behind a
 *   shared port, images in directories of two levels, variables, secrets of two keys, a user
 *   namespace, volumes, limits; each is as confined as was promised.
 * Method: the real commands; what a process is allowed is read back from the kernel.
 */
import { existsSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { copyProgram } from '../../src/init/programs.ts'
import { addSandbox, makeImage, writeIn } from '../../src/demo/world.ts'
import { skipUnless } from '../skip.ts'
import { keyA, keyB, privateFile } from '../src/secrets/keys.ts'
import { descriptorsOf } from './canary.ts'
import { sealed } from './secretWorld.ts'
import { ask, freePort } from './serving.ts'
import { run, runs, supervised, until } from './supervised.ts'
import type { Supervised } from './supervised.ts'
import { canContain, whyNot } from './world.ts'

const real = skipUnless(canContain, whyNot)

/** Answers with what it is; the shared socket is descriptor 3, as systemd would have it. */
const server = `
const { createServer } = require('node:net')
const { appendFileSync, readFileSync } = require('node:fs')
const e = process.env
const ready = e.LISTEN_PID === String(process.pid) && e.LISTEN_FDS === '1'
appendFileSync('/state/lives', e.LITHOS_NAME + '\\n')
appendFileSync('/tmp/x', 'x')
const words = [e.LITHOS_NAME, e.NAME, process.argv.slice(2).join(' '), e.LISTEN_FDNAMES, ready,
  process.getuid(), e.ONE, e.TWO, e.PID === String(process.pid),
  readFileSync('/run/secrets/two', 'utf8')]
createServer(socket => socket.end(words.join('|'))).listen({ fd: 3 })
`

const pool = (self: Supervised, port: number): void => {
  const { world } = self
  const image = makeImage(world, 'app/v1.2')
  for (const place of ['state', 'run/secrets']) writeIn(image, `${place}/.keep`, '')
  copyProgram(image, process.execPath, '/bin/node')
  writeIn(image, 'server.js', server)
  const twice = `[${sealed(keyB, 'second', 'b')}, ${sealed(keyA, 'unused', 'other')}]`
  writeIn(
    image,
    'config/pool.yaml',
    `kind: Daemon
variables:
  port: !TcpPort { activation: systemd }
  host: !DottedName
  name: !Name
  mode: !Choice [fast, slow]
executable: /bin/node
arguments: [/server.js, "@{host}:@{name}:@{mode}", "@{lithos:config_filename}"]
environ: { NAME: "@{lithos:name}", PID: "@{lithos:pid}" }
secret-environ: { ONE: ${sealed(keyA, 'first', 'a')}, TWO: ${twice} }
secret-files: { two: ${twice} }
user-id: 0
memory-limit: 256Mi
fileno-limit: 512
pids-limit: 40
restart-timeout: 0
volumes:
  /tmp: !Tmpfs { size: 1Mi, mode: 0o1777 }
  /state: !Persistent { path: /state/pool, mkdir: true, mode: 0o700 }
`,
  )
  const map = '[{inside: 0, outside: 200000, count: 1000}]'
  addSandbox(world, 'web', {
    sandbox: `image-dir-levels: 2
allow-users: [0, 200000-200999]
allow-groups: [0, 200000-200999]
allow-tcp-ports: [${port}]
uid-map: ${map}
gid-map: ${map}
writable-paths: { /state: ${world.root}/state }
secrets-private-key: ${world.root}/etc/key
secrets-namespaces: [a]
`,
    processes: `pool:
  image: app/v1.2
  config: /config/pool.yaml
  instances: 4
  extra-secrets-namespaces: [b]
  variables: { port: ${port}, host: a-b.example_c.org, name: blue_1, mode: slow }
`,
  })
  writeFileSync(join(world.root, 'etc/key'), privateFile([keyA, keyB]), { mode: 0o600 })
}

const fieldsOf = (text: string): ReadonlyMap<string, string> =>
  new Map([...text.matchAll(/^(\w+):\t?(.*)$/gm)].map(([, key = '', value = '']) => [key, value]))

/** The fourteen that root of a user namespace has. */
const usual = '00000000a80425fb'

const checkConfined = (self: Supervised, instance: string): void => {
  const pid = self.appOf(instance)
  const status = fieldsOf(readFileSync(`/proc/${pid}/status`, 'utf8'))
  const promised = {
    ...{ CapEff: usual, CapPrm: usual, CapBnd: usual },
    ...{ NoNewPrivs: '1', Seccomp: '2', Uid: '200000\t200000\t200000\t200000', Groups: ' ' },
  }
  for (const [key, value] of Object.entries(promised)) assert.is(status.get(key), value, key)

  const limits = readFileSync(`/proc/${pid}/limits`, 'utf8')
  assert.match(limits, /^Max open files +512 +512 /m)
  assert.match(limits, /^Max core file size +0 /m)
  const groups = readFileSync(`/proc/${pid}/cgroup`, 'utf8')
  assert.match(groups, new RegExp(`:memory:.*${self.world.cgroup}`))

  const knot = self.knotOf(instance)
  const ns = (of: number | string | null, kind: string) => readlinkSync(`/proc/${of}/ns/${kind}`)
  for (const kind of ['mnt', 'pid', 'uts', 'ipc', 'user', 'cgroup'])
    assert.is.not(ns(pid, kind), ns('self', kind), kind)
  assert.is(ns(knot, 'user'), ns('self', 'user'), 'the knot is of the host')

  const mounts = readFileSync(`/proc/${pid}/mountinfo`, 'utf8')
    .trim()
    .split('\n')
    .map(line => line.split(' '))
  const writable = mounts.filter(([, , , , , options]) => options?.startsWith('rw'))
  const places = writable.map(([, , , , at]) => at).sort()
  assert.equal(places, ['/dev/pts', '/proc', '/state', '/tmp'])
  for (const [, , , , at, options] of mounts) assert.match(options ?? '', 'nosuid', at)

  // Descriptors of node's own are anonymous, pipes, or of devices; of files it has none.
  const logs = join(self.world.root, 'log')
  const open = descriptorsOf(pid ?? 0)
  const alien = open.filter(to => /^\/(?!dev\/)/.test(to) && !to.startsWith(logs))
  assert.equal(alien, [])
}

real(
  'a pool of four node servers behind one port, with everything on',
  supervised(async self => {
    const port = await freePort()
    pool(self, port)
    const checked = run('lithos_check', '--config', self.world.master)
    assert.is(checked.status, 0, checked.stderr)
    await self.start()
    const names = [0, 1, 2, 3].map(index => `web/pool.${index}`)
    await runs(self, ...names)
    // Only they may make it: of another's they could not write a word.
    const file = join(self.world.root, 'state/pool/lives')
    const lives = (): string => (existsSync(file) ? readFileSync(file, 'utf8') : '')
    await until('all of them serve', () => lives().split('\n').length > 4)

    const heard = new Set<string>()
    for (let tries = 0; tries < 400 && heard.size < 2; tries += 1) {
      const answers = await Promise.all(Array.from({ length: 8 }, () => ask(port)))
      for (const answer of answers) {
        const [name = '', ...rest] = answer.split('|')
        heard.add(name)
        assert.ok(names.includes(name), answer)
        assert.equal(rest, [
          ...[name, 'a-b.example_c.org:blue_1:slow /config/pool.yaml', 'port', 'true', '0'],
          ...['first', 'second', 'true', 'second'],
        ])
      }
    }
    assert.ok(heard.size >= 2, 'more than one of them accepts')
    for (const name of names) checkConfined(self, name)
    assert.is(await self.stop(), 0)
    assert.equal(self.leftovers(), [])
  }, 'cgroup-controllers: [name, cpu, memory, pids]\n'),
)

test.run()
