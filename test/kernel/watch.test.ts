/**
 * Goal: the knot finds out in each of five ways that an application is ready, and well, believes
 *   nobody else, and is hurt by nothing that it is told.
 * Method: a real knot in real namespaces and an application that becomes what it is told to be;
 *   what the knot says is read in its status file. What must not happen is asked for after
 *   something that comes later.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { ProbeKind, Step } from '../../native/plan.ts'
import { addressBits } from '../../src/config/addresses.ts'
import { skipUnless } from '../skip.ts'
import { freePort } from './serving.ts'
import { canContain, compile, fork, makeWorld, placeSteps, whyNot } from './world.ts'
import type { Running, World } from './world.ts'

const contained = skipUnless(canContain, whyNot)
let world: World
let files: string

test.before(() => {
  if (!canContain) return
  world = makeWorld()
  compile('watched.c', join(world.image, 'bin/watched'), '-static')
  files = join(world.dir, 'volume')
})
test.after.each(() => {
  world?.calm()
  if (canContain) for (const name of readdirSync(files)) rmSync(join(files, name))
})
test.after(() => world?.close())

const probe = (
  what: 'ready' | 'healthy',
  how: ProbeKind,
  times: Partial<Extract<Step, { do: 'probe' }>> = {},
): Step => ({
  do: 'probe',
  what,
  how,
  attemptMs: 10_000,
  timeoutMs: 60_000,
  periodMs: 20,
  failures: 3,
  startDelayMs: 0,
  ...times,
})

const proc: Step = { do: 'mount', type: 'proc', target: '/proc', options: [], flags: {} }
const notify: Step = { do: 'notify', directory: '/proc/driver' }

interface Watching {
  readonly before: readonly Step[]
  readonly after?: readonly Step[]
  readonly words: readonly string[]
  readonly killMs?: number
  readonly again?: boolean
}

/** As user 1000, in a place with a `/proc` and a directory to leave files in. */
const start = ({ before, after = [], words, killMs = 60_000, again = false }: Watching) =>
  world.start({
    name: 'sb/p.0',
    logLevel: 'warn',
    killTimeoutMs: killMs,
    restartTimeoutMs: 0,
    restartProcessOnly: again,
    isDaemon: true,
    normalExitCodes: [],
    steps: [
      ...placeSteps(world),
      proc,
      { do: 'bind', base: files, path: '/', target: '/data', flags: {} },
      ...before,
      { do: 'pivot' },
      fork,
      { do: 'setGroups', gids: [] },
      ...after,
      { do: 'setGid', gid: 1000 },
      { do: 'setUid', uid: 1000 },
      {
        do: 'exec',
        executable: '/bin/watched',
        arguments: words,
        environment: ['NOTIFY_SOCKET=/proc/driver/notify'],
        pidVariables: [],
      },
    ],
  })

const end = async (running: Running) => {
  process.kill(running.pid, 'SIGTERM')
  return running.over
}

const touch = (name: string, text = ''): void => writeFileSync(join(files, name), text)
const inside = (...names: string[]): string[] => names.map(name => `await=/data/${name}`)
const listening = (port: number, isGiven = false): ProbeKind => ({ kind: 'tcp', port, isGiven })
const http = (port: number): ProbeKind => ({
  kind: 'http',
  host: { text: '127.0.0.1', ...addressBits('127.0.0.1') },
  port,
  request: 'GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
})
const exec = (...words: string[]): ProbeKind => ({
  kind: 'exec',
  words: ['/bin/watched', ...words],
})

const ready = /^ready /m

// ---------------------------------------------------------------------------
// Ready
// ---------------------------------------------------------------------------

contained('tcp: when it listens, and not when somebody else does', async () => {
  const port = await freePort()
  const thief = createServer().listen(port, '127.0.0.1')
  await new Promise(resolve => thief.once('listening', resolve))
  const running = await start({
    before: [probe('ready', listening(port), { timeoutMs: 300 })],
    words: [...inside('go'), `listen=${port}`],
  })
  await running.sees('status', new RegExp(`^waiting \\S+ 2 ${port}$`, 'm'))
  await new Promise(resolve => thief.close(resolve))
  touch('go')
  await running.sees('status', ready)
  const { status } = await end(running)
  assert.equal(status.slice(2), [`waiting T 2 ${port}`, 'ready T', 'exited T 15 T term'])
})

contained('tcp: a child that listens counts', async () => {
  const port = await freePort()
  const running = await start({
    before: [probe('ready', listening(port))],
    words: ['child', `listen=${port}`],
  })
  await running.sees('status', ready)
  await end(running)
})

for (const how of ['accept', 'poll', 'epoll', 'select'])
  contained(`tcp: a socket that it was given counts when it waits by ${how}`, async () => {
    const port = await freePort()
    const running = await start({
      before: [probe('ready', listening(port, true), { timeoutMs: 300 })],
      words: [`listen=${port}`, ...inside('go'), `wait-by-${how}=3`],
    })
    await running.sees('status', new RegExp(`^waiting \\S+ 3 ${port}$`, 'm'))
    touch('go')
    await running.sees('status', ready)
    await end(running)
  })

contained('fd: a line, and neither words nor the end', async () => {
  const running = await start({
    before: [probe('ready', { kind: 'fd', fd: 7 }, { timeoutMs: 200 })],
    after: [{ do: 'readyFd', fd: 7 }],
    words: ['words=7', ...inside('go'), 'line=7'],
  })
  await running.sees('status', /^waiting \S+ 11 0$/m)
  touch('go')
  await running.sees('status', ready)
  await end(running)
})

contained('fd: in each start of it, where it is started again in its place', async () => {
  const running = await start({
    before: [probe('ready', { kind: 'fd', fd: 5 })],
    after: [{ do: 'readyFd', fd: 5 }],
    words: ['line=5', ...inside('go'), 'exit=1'],
    again: true,
  })
  await running.sees('status', ready)
  touch('go')
  await running.sees('status', /^ready [^]*^died [^]*^ready /m)
  await end(running)
})

contained('exec: as the application is, until it ends with 0, and nothing stays', async () => {
  const running = await start({
    before: [probe('ready', exec('show', 'there=/data/up'), { timeoutMs: 400 })],
    words: [...inside('go'), 'make=/data/never'],
  })
  await running.sees('status', /^waiting \S+ 8 1792$/m)
  touch('up')
  await running.sees('status', ready)
  assert.match(readFileSync(world.outputPath, 'utf8'), /^uid 1000 gid 1000 fds none$/m)
  await end(running)
})

contained('exec: one that hangs is killed with all that it has started', async () => {
  const running = await start({
    before: [probe('ready', exec('hang-with-children'), { attemptMs: 100, timeoutMs: 2_000 })],
    words: [],
  })
  await running.sees('status', /^waiting \S+ 5 100$/m)
  const counts: number[] = []
  // Between two attempts there is the knot, the application, and who looks.
  for (let i = 0; i < 2_000 && !counts.includes(3); i++) {
    counts.push(processesIn(running.pid))
    await new Promise(resolve => setTimeout(resolve, 2))
  }
  assert.ok(counts.includes(3), `processes in the container: ${[...new Set(counts)].join(' ')}`)
  await end(running)
})

const processesIn = (knot: number): number => {
  const here = (pid: string | number) => {
    try {
      return /^NSpid:\s+(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? ''
    } catch {
      return ''
    }
  }
  const parents = new Map(
    readdirSync('/proc')
      .filter(name => /^\d+$/.test(name) && here(name).split('\t').length > 1)
      .map(name => {
        try {
          const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
          return [Number(name), Number(stat.slice(stat.lastIndexOf(')')).split(' ')[2])] as const
        } catch {
          return [Number(name), 0] as const
        }
      }),
  )
  const isBelow = (pid: number): boolean =>
    pid === knot || (parents.has(pid) && isBelow(parents.get(pid) ?? 0))
  return [...parents.keys()].filter(isBelow).length
}

contained('http: when it answers so, and not when it answers otherwise', async () => {
  const port = await freePort()
  touch('status', '503')
  const running = await start({
    before: [probe('ready', http(port), { timeoutMs: 300 })],
    words: [`listen=${port}`, 'serve=/data/status'],
  })
  await running.sees('status', /^waiting \S+ 6 503$/m)
  touch('status', '302')
  await running.sees('status', ready)
  await end(running)
})

// ---------------------------------------------------------------------------
// sd_notify
// ---------------------------------------------------------------------------

contained('notify: ready, reloading, ready, stopping, and what it says', async () => {
  const running = await start({
    before: [notify, probe('ready', { kind: 'notify' })],
    words: [
      'notify=STATUS=half | of it|EXTEND_TIMEOUT_USEC=1500000',
      ...inside('a'),
      'notify=READY=1|STATUS=up',
      ...inside('b'),
      'notify=RELOADING=1|MONOTONIC_USEC=5',
      ...inside('c'),
      'child',
      'notify=READY=1',
      ...inside('d'),
      'notify=STOPPING=1',
    ],
  })
  await running.sees('status', /^notified \S+ 1500 half $/m)
  touch('a')
  await running.sees('status', /^ready \S+\nnotified \S+ 0 up$/m)
  touch('b')
  await running.sees('status', /^unready \S+ reloading$/m)
  touch('c')
  await running.sees('status', /reloading\nready \S+$/m)
  touch('d')
  await running.sees('status', /^unready \S+ stopping$/m)
  await end(running)
})

contained(
  'notify: nobody outside of the container is heard, and nobody can claim a pid',
  async () => {
    const running = await start({
      before: [notify, probe('ready', { kind: 'notify' })],
      words: ['forge', ...inside('go'), 'notify=STATUS=its own'],
    })
    await running.sees('output', /^forged -1$/m)
    const path = `/proc/${running.pid}/root/proc/driver/notify`
    const { status: code } = spawnSync(
      join(world.image, 'bin/watched'),
      ['notify=READY=1', 'exit=0'],
      {
        env: { NOTIFY_SOCKET: path },
      },
    )
    assert.is(code, 0)
    touch('go')
    await running.sees('status', /^notified \S+ 0 its own$/m)
    const { status } = await end(running)
    assert.not.ok(
      status.some(line => line.startsWith('ready')),
      status.join('\n'),
    )
  },
)

contained('notify: a sender without end is slowed down, and fills nothing', async () => {
  const running = await start({
    before: [notify, probe('ready', { kind: 'notify' })],
    words: ['flood=3000', 'notify=READY=1|STATUS=calm'],
  })
  const began = Date.now()
  await running.sees('output', /^flooded$/m)
  await running.sees('status', /^ready /m)
  await running.sees('status', /^notified \S+ \d+ calm$/m)
  const seconds = (Date.now() - began) / 1000
  const { status } = await end(running)
  const told = status.filter(line => line.startsWith('notified'))
  assert.ok(told.length <= 14 + seconds, `${told.length} words in ${seconds} s`)
  assert.ok(told.every(line => line.length < 260))
})

// ---------------------------------------------------------------------------
// Well
// ---------------------------------------------------------------------------

contained(
  'healthy: so many failures in a row, told once, and none where one is well between',
  async () => {
    const port = await freePort()
    touch('status', '200')
    const running = await start({
      before: [probe('ready', listening(port)), probe('healthy', http(port), { attemptMs: 300 })],
      words: [`listen=${port}`, 'serve=/data/status'],
    })
    await running.sees('status', ready)
    touch('status', '500')
    await running.sees('status', /^unhealthy \S+ 3 6 500$/m)
    touch('status', 'junk')
    touch('status', '200')
    const { status } = await end(running)
    assert.is(status.filter(line => line.startsWith('unhealthy')).length, 1, status.join('\n'))
  },
)

for (const [what, status, expected] of [
  ['one that hangs', 'hang', /^unhealthy \S+ 2 5 100$/m],
  ['one that speaks otherwise', 'junk', /^unhealthy \S+ 2 7 0$/m],
] as const)
  contained(`healthy: ${what} is not well`, async () => {
    const port = await freePort()
    touch('status', status)
    const running = await start({
      before: [probe('healthy', http(port), { attemptMs: 100, failures: 2 })],
      words: [`listen=${port}`, 'serve=/data/status'],
    })
    await running.sees('status', expected)
    await end(running)
  })

contained('healthy: an answer without end is an answer', async () => {
  const port = await freePort()
  touch('status', 'long')
  const running = await start({
    before: [probe('ready', http(port))],
    words: [`listen=${port}`, 'serve=/data/status'],
  })
  await running.sees('status', ready)
  await end(running)
})

contained('healthy: nobody looks before start-delay after it was ready', async () => {
  const running = await start({
    before: [
      probe('ready', exec('there=/data/up')),
      probe('healthy', exec('make=/data/looked', 'exit=1'), { startDelayMs: 400, failures: 1 }),
    ],
    words: [],
  })
  await running.sees('status', /^started /m)
  assert.not.ok(existsSync(join(files, 'looked')))
  touch('up')
  await running.sees('status', /^unhealthy \S+ 1 8 256$/m)
  const { status } = await end(running)
  assert.is(status[2], 'ready T')
  const times = timesIn(running)
  assert.ok(times['unhealthy']! - times['ready']! >= 400, JSON.stringify(times))
})

const timesIn = (running: Running): Record<string, number> =>
  Object.fromEntries(
    running
      .said()
      .split('\n')
      .map(line => line.split(' '))
      .map(([word, time]) => [word, Number(time)]),
  )

contained('healthy: a watchdog that is heard in time, and then no more', async () => {
  const running = await start({
    before: [
      notify,
      probe('ready', { kind: 'notify' }),
      probe('healthy', { kind: 'notify' }, { periodMs: 400, failures: 1 }),
    ],
    words: ['notify=READY=1', 'keep-notifying=WATCHDOG=1'],
  })
  await running.sees('status', ready)
  await new Promise(resolve => setTimeout(resolve, 1_000))
  assert.not.match(running.said(), /unhealthy/)
  const [app] = childrenOf(running.pid)
  process.kill(app!, 'SIGSTOP')
  await running.sees('status', /^unhealthy \S+ 1 9 400$/m)
  process.kill(app!, 'SIGCONT')
  await end(running)
})

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number)

// ---------------------------------------------------------------------------
// The end
// ---------------------------------------------------------------------------

contained('pre-stop: runs when that is ordered, as the application is, and is told', async () => {
  const running = await start({
    before: [
      {
        do: 'preStop',
        program: '/bin/watched',
        arguments: ['show', 'say=good bye', 'exit=3'],
        timeoutMs: 10_000,
      },
    ],
    words: [],
  })
  await running.sees('status', /^started /m)
  process.kill(running.pid, 'SIGWINCH')
  await running.sees('status', /^prestop \S+ 768$/m)
  assert.match(readFileSync(world.outputPath, 'utf8'), /^uid 1000 gid 1000 fds none\ngood bye$/m)
  const { status } = await end(running)
  assert.is(status.at(-1), 'exited T 15 T term')
})

contained('pre-stop: one that hangs is killed at its limit, with its children', async () => {
  const running = await start({
    before: [
      {
        do: 'preStop',
        program: '/bin/watched',
        arguments: ['hang-with-children'],
        timeoutMs: 200,
      },
    ],
    words: [],
  })
  await running.sees('status', /^started /m)
  process.kill(running.pid, 'SIGWINCH')
  await running.sees('status', /^prestop \S+ 31744$/m)
  assert.is(processesIn(running.pid), 2)
  await end(running)
})

contained(
  'stop: one signal after the other, each with its time, then everybody is killed',
  async () => {
    const signals = (last: number): Step => ({
      do: 'stop',
      signals: [
        { signal: 28, waitMs: 0 },
        { signal: 15, waitMs: last },
      ],
    })
    const { status } = await end(await start({ before: [signals(60_000)], words: [] }))
    assert.is(status.at(-1), 'exited T 15 T term')
    const deaf = await start({
      before: [
        {
          do: 'stop',
          signals: [
            { signal: 28, waitMs: 0 },
            { signal: 17, waitMs: 0 },
          ],
        },
      ],
      words: [],
    })
    await deaf.sees('status', /^started /m)
    assert.is((await end(deaf)).status.at(-1), 'exited T 9 T killed')
  },
)

test.run()
