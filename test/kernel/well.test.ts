/**
 * Goal: the knot finds out that an application is not well any more, and ends it as its plan says.
 * Method: as ready.test.ts: a real knot, and what it says in its status file.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Step } from '../../native/plan.ts'
import { skipUnless } from '../skip.ts'
import { freePort } from './serving.ts'
import { until } from './supervised.ts'
import {
  end,
  exec,
  files,
  http,
  listening,
  notify,
  probe,
  processesIn,
  ready,
  start,
  touch,
  world,
} from './watching.ts'
import { canContain, whyNot } from './world.ts'
import type { Running } from './world.ts'

const contained = skipUnless(canContain, whyNot)

// ---------------------------------------------------------------------------
// Well
// ---------------------------------------------------------------------------

contained(
  'healthy: so many failures in a row, told once, and none where one is well between',
  async () => {
    const port = await freePort()
    touch('status', '200')
    const running = await start({
      before: [probe('ready', listening(port)), probe('healthy', http(port))],
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

for (const [what, status, attemptMs, expected] of [
  ['one that hangs', 'hang', 100, /^unhealthy \S+ 2 5 100$/m],
  ['one that speaks otherwise', 'junk', 10_000, /^unhealthy \S+ 2 7 0$/m],
] as const)
  contained(`healthy: ${what} is not well`, async () => {
    const port = await freePort()
    touch('status', status)
    const running = await start({
      before: [
        probe('ready', listening(port)),
        probe('healthy', http(port), { attemptMs, failures: 2 }),
      ],
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
  assert.not.ok(existsSync(join(files(), 'looked')))
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
      probe('healthy', { kind: 'notify' }, { periodMs: 1_000, failures: 1 }),
    ],
    words: ['notify=READY=1', 'keep-notifying=WATCHDOG=1'],
  })
  await running.sees('status', ready)
  await new Promise(resolve => setTimeout(resolve, 1_500))
  assert.not.match(running.said(), /unhealthy/)
  const [app] = childrenOf(running.pid)
  process.kill(app!, 'SIGSTOP')
  await running.sees('status', /^unhealthy \S+ 1 9 1000$/m)
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
  await until('its children are gone', () => processesIn(running.pid) === 2)
  await end(running)
})

const leaving = ['block-term', 'notify=READY=1', 'await-term']

contained('stop: one that asks for more time gets it, and what it says is heard', async () => {
  const running = await start({
    before: [notify, probe('ready', { kind: 'notify' })],
    words: [
      ...leaving,
      'notify=STOPPING=1|STATUS=busy|EXTEND_TIMEOUT_USEC=60000000',
      ...['await=/data/end', 'exit=0'],
    ],
    killMs: 1_000,
  })
  await running.sees('status', ready)
  process.kill(running.pid, 'SIGTERM')
  await running.sees('status', /^unready \S+ stopping\nnotified \S+ 60000 busy$/m)
  // It would have been killed by now.
  await new Promise(resolve => setTimeout(resolve, 1_100))
  touch('end')
  const { status } = await running.over
  assert.is(status.at(-1), 'exited T 0 T term')
})

contained('stop: no more time than is allowed', async () => {
  const running = await start({
    before: [
      { ...notify, extendTo: { stopMs: 1_500 } } as Step,
      probe('ready', { kind: 'notify' }),
    ],
    words: [...leaving, 'notify=EXTEND_TIMEOUT_USEC=60000000'],
    killMs: 1_000,
  })
  await running.sees('status', ready)
  process.kill(running.pid, 'SIGTERM')
  const { status } = await running.over
  assert.is(status.at(-1), 'exited T 9 T killed')
  const [, more] = /^notified \S+ (\d+) /m.exec(running.said()) ?? []
  assert.ok(Number(more) > 0 && Number(more) <= 1_500, `${more} ms`)
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
    const obedient = await start({ before: [signals(60_000)], words: [] })
    await obedient.sees('status', /^started /m)
    assert.is((await end(obedient)).status.at(-1), 'exited T 15 T term')
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
