/**
 * Goal: the knot finds out in each of five ways that an application is ready, believes nobody
 *   else, and is hurt by nothing that it is told.
 * Method: a real knot in real namespaces and an application that becomes what it is told to be;
 *   what the knot says is read in its status file. What must not happen is asked for after
 *   something that comes later.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { Step } from '../../native/plan.ts'
import { skipUnless } from '../skip.ts'
import { freePort } from './serving.ts'
import {
  end,
  exec,
  http,
  inside,
  listening,
  notify,
  probe,
  processesIn,
  ready,
  start,
  startComplaining,
  touch,
  world,
} from './watching.ts'
import { canContain, whyNot } from './world.ts'

const contained = skipUnless(canContain, whyNot)

// ---------------------------------------------------------------------------
// Ready
// ---------------------------------------------------------------------------

contained('tcp: when it listens, and not when somebody else does', async () => {
  const port = await freePort()
  const thief = createServer().listen(port, '127.0.0.1')
  await new Promise(resolve => thief.once('listening', resolve))
  const running = await startComplaining(
    timeoutMs => ({
      before: [probe('ready', listening(port), { timeoutMs })],
      words: [...inside('go'), `listen=${port}`],
    }),
    new RegExp(`^waiting \\S+ 2 ${port}$`, 'm'),
  )
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
    const running = await startComplaining(
      timeoutMs => ({
        before: [probe('ready', listening(port, true), { timeoutMs })],
        words: [`listen=${port}`, ...inside('go'), `wait-by-${how}=3`],
      }),
      new RegExp(`^waiting \\S+ 3 ${port}$`, 'm'),
    )
    touch('go')
    await running.sees('status', ready)
    await end(running)
  })

contained('fd: a line, and neither words nor the end', async () => {
  const running = await startComplaining(
    timeoutMs => ({
      before: [probe('ready', { kind: 'fd', fd: 7 }, { timeoutMs })],
      after: [{ do: 'readyFd', fd: 7 }],
      words: ['words=7', ...inside('go'), 'line=7'],
    }),
    /^waiting \S+ 11 0$/m,
  )
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
  const running = await startComplaining(
    timeoutMs => ({
      before: [probe('ready', exec('show', 'there=/data/up'), { timeoutMs })],
      words: [...inside('go'), 'make=/data/never'],
    }),
    /^waiting \S+ 8 1792$/m,
  )
  touch('up')
  await running.sees('status', ready)
  assert.match(readFileSync(world.outputPath, 'utf8'), /^uid 1000 gid 1000 fds none$/m)
  await end(running)
})

contained('exec: one that hangs is killed with all that it has started', async () => {
  const running = await startComplaining(
    timeoutMs => ({
      before: [probe('ready', exec('hang-with-children'), { attemptMs: 100, timeoutMs })],
      words: [],
    }),
    /^waiting \S+ 5 100$/m,
  )
  const counts: number[] = []
  // Between two attempts there is the knot, the application, and who looks.
  for (let i = 0; i < 2_000 && !counts.includes(3); i++) {
    counts.push(processesIn(running.pid))
    await new Promise(resolve => setTimeout(resolve, 2))
  }
  assert.ok(counts.includes(3), `processes in the container: ${[...new Set(counts)].join(' ')}`)
  await end(running)
})

contained('http: when it answers so, and not when it answers otherwise', async () => {
  const port = await freePort()
  touch('status', '503')
  const running = await startComplaining(
    timeoutMs => ({
      before: [probe('ready', http(port), { timeoutMs })],
      words: [`listen=${port}`, 'serve=/data/status'],
    }),
    /^waiting \S+ 6 503$/m,
  )
  touch('status', '302')
  await running.sees('status', ready)
  await end(running)
})

contained(
  'tcp, http: in a network and with users of its own, and not in those of the host',
  async () => {
    const port = await freePort()
    const thief = createServer().listen(port, '0.0.0.0')
    await new Promise(resolve => thief.once('listening', resolve))
    const ids = [{ inside: 0, outside: 100_000, count: 65_536 }]
    try {
      const running = await startComplaining(
        timeoutMs => ({
          before: [
            probe('ready', listening(port), { timeoutMs }),
            // Not as soon as the time is over, when it does not listen yet.
            probe('healthy', http(port), { failures: 1, startDelayMs: 1_500 }),
          ],
          first: [{ do: 'users', uidMap: ids, gidMap: ids }, { do: 'network' }],
          after: [{ do: 'enterUsers' }],
          words: [...inside('go'), `listen=${port}`, ...inside('on'), 'serve=/data/status'],
        }),
        new RegExp(`^waiting \\S+ 1 ${port}$`, 'm'),
      )
      touch('go')
      await running.sees('status', ready)
      touch('status', '404')
      touch('on')
      await running.sees('status', /^unhealthy \S+ 1 6 404$/m)
      await end(running)
    } finally {
      await new Promise(resolve => thief.close(resolve))
    }
  },
)

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

contained('notify: no more time until it is ready than is allowed', async () => {
  const running = await start({
    before: [
      { ...notify, extendTo: { readyMs: 60_000 } } as Step,
      probe('ready', { kind: 'notify' }),
    ],
    words: ['notify=EXTEND_TIMEOUT_USEC=3600000000|STATUS=slow'],
  })
  await running.sees('status', /^notified \S+ \d+ slow$/m)
  const [, more] = /^notified \S+ (\d+) /m.exec(running.said()) ?? []
  assert.ok(Number(more) > 0 && Number(more) <= 60_000, `${more} ms`)
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
    const path = join('/proc', String(running.pid), 'root', 'proc/driver/notify')
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

test.run()
