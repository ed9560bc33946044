/**
 * Goal: what happens between the start of an application and the end of its container, told word
 * for word in both logs and in the status file, and as the exit code.
 * Method: a real knot in real namespaces, an application that does what it is told. Nothing
 * waits for a length of time: deadlines are either zero or never reached.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { readdirSync, readFileSync } from 'node:fs'
import { skipUnless } from '../skip.ts'
import { canContain, ownWorld, planOf, untimed, whyNot } from './world.ts'

const contained = skipUnless(canContain, whyNot)
const world = ownWorld()

interface Row {
  readonly words: readonly string[]
  readonly says: string
  readonly wait: number
  readonly code: number
  readonly head?: { readonly isDaemon?: boolean; readonly normalExitCodes?: readonly number[] }
}

const ends: readonly Row[] = [
  { words: ['exit=0'], says: 'exited with code 0', wait: 0, code: 2 },
  { words: ['exit=0'], says: 'exited with code 0', wait: 0, code: 0, head: { isDaemon: false } },
  { words: ['exit=1'], says: 'exited with code 1', wait: 256, code: 2, head: { isDaemon: false } },
  { words: ['exit=200'], says: 'exited with code 200', wait: 51200, code: 2 },
  {
    words: ['exit=200'],
    says: 'exited with code 200',
    wait: 51200,
    code: 0,
    head: { normalExitCodes: [3, 200] },
  },
  {
    words: ['exit=0'],
    says: 'exited with code 0',
    wait: 0,
    code: 2,
    head: { isDaemon: false, normalExitCodes: [3] },
  },
  { words: ['kill=15'], says: 'killed by signal SIGTERM[15]', wait: 15, code: 0 },
  { words: ['kill=9'], says: 'killed by signal SIGKILL[9]', wait: 9, code: 2 },
  { words: ['kill=40'], says: 'killed by signal SIGRT[40]', wait: 40, code: 2 },
]

for (const { words, says, wait, code, head } of ends)
  contained(`${words.join(' ')} with ${JSON.stringify(head ?? {})} ends with ${code}`, async () => {
    const result = await world.run(planOf(world, words, { head: head ?? {} }))
    assert.is(result.code, code)
    assert.equal(result.status, ['launched T', 'started T 2', `exited T ${wait} T itself`])
    assert.is(
      untimed(result.log),
      '[NOW][WARN] Starting "sb/p.0": "/bin/guest"\n' +
        `[NOW][ERROR] Process "sb/p.0" ${says}, uptime Us\n`,
    )
    assert.is(
      untimed(result.output),
      'NOW: ----- Starting "sb/p.0": "/bin/guest" -----\n' +
        `NOW: ----- Process "sb/p.0" ${says}, uptime Us -----\n`,
    )
    assert.is(result.stderr, '')
  })

contained('the time of a line is UTC and is now', async () => {
  const before = Math.floor(Date.now() / 1000)
  const { log } = await world.run(planOf(world, ['exit=0']))
  const stamp = Date.parse(log.slice(1, 21)) / 1000
  assert.ok(stamp >= before && stamp <= Date.now() / 1000, log)
})

contained('markers are written at every log level, lines of the log are filtered', async () => {
  const quiet = await world.run(planOf(world, ['exit=1'], { head: { logLevel: 'error' } }))
  assert.not.match(quiet.log, 'Starting')
  assert.match(quiet.log, 'exited with code 1')
  assert.match(quiet.output, '----- Starting')
  const chatty = await world.run(planOf(world, ['exit=1'], { head: { logLevel: 'info' } }))
  assert.match(chatty.log, '][INFO] [sb/p.0] Starting container\n')
})

contained('SIGTERM is passed on, and whatever the application ends with is well', async () => {
  const running = await world.start(planOf(world, ['exit-on-term', 'say=ready', 'sleep']))
  await running.sees('output', /ready/)
  process.kill(running.pid, 'SIGTERM')
  const { code, status, log } = await running.over
  assert.is(code, 0)
  assert.equal(status, ['launched T', 'started T 2', 'exited T 1280 T term'])
  assert.match(log, 'exited with code 5')
})

contained('SIGINT stops as SIGTERM does', async () => {
  const running = await world.start(planOf(world, ['exit-on-term', 'say=ready', 'sleep']))
  await running.sees('output', /ready/)
  process.kill(running.pid, 'SIGINT')
  const { code, status } = await running.over
  assert.is(code, 0)
  assert.is(status[2], 'exited T 1280 T term')
})

contained('a second SIGTERM is not passed on', async () => {
  const running = await world.start(planOf(world, ['hear-term', 'say=ready', 'sleep']))
  await running.sees('output', /ready/)
  process.kill(running.pid, 'SIGTERM')
  await running.sees('output', /got SIGTERM/)
  process.kill(running.pid, 'SIGTERM')
  process.kill(running.pid, 'SIGTERM')
  // Signals are taken one at a time: once the wait status below is known, all were.
  await untilTaken(running.pid)
  process.kill(running.pid, 'SIGKILL')
  const { output } = await running.over
  assert.is(output.match(/got SIGTERM/g)?.length, 1)
})

/** No signal is pending any more for the knot. */
const untilTaken = async (pid: number): Promise<void> => {
  const pending = (): boolean =>
    /^(?:ShdPnd|SigPnd):\s*0*[1-9a-f]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  while (pending()) await new Promise(resolve => setTimeout(resolve, 2))
}

contained('who does not obey until the deadline is killed, with everybody', async () => {
  const plan = planOf(world, ['orphans=3', 'hear-term', 'say=ready', 'sleep'], {
    head: { killTimeoutMs: 100 },
  })
  const running = await world.start(plan)
  await running.sees('output', /ready/)
  process.kill(running.pid, 'SIGTERM')
  const { code, status, log, output } = await running.over
  assert.is(code, 3)
  assert.equal(status.slice(2), ['exited T 9 T killed'])
  assert.match(
    untimed(log),
    '[NOW][ERROR] Process "sb/p.0" did not respond to SIGTERM in 0.1s, uptime Us. ' +
      'Killing container so hanging process will die.\n',
  )
  assert.match(
    untimed(output),
    'NOW: ----- Process "sb/p.0" did not respond to SIGTERM in 0.1, uptime Us. Killing.. -----\n',
  )
})

contained('orphans are reaped while the application runs', async () => {
  const running = await world.start(planOf(world, ['dying-orphans=20', 'say=ready', 'sleep']))
  await running.sees('output', /ready/)
  const children = (): string[] =>
    readFileSync(`/proc/${running.pid}/task/${running.pid}/children`, 'utf8').trim().split(' ')
  while (children().length !== 1) await new Promise(resolve => setTimeout(resolve, 2))
  process.kill(running.pid, 'SIGKILL')
  await running.over
})

contained('orphans that live end with the container', async () => {
  const running = await world.start(planOf(world, ['orphans=5', 'say=ready', 'sleep']))
  await running.sees('output', /ready/)
  assert.ok(guests().length >= 5)
  process.kill(running.pid, 'SIGTERM')
  const { status } = await running.over
  assert.equal(status.slice(2), ['exited T 15 T term'])
  assert.equal(guests(), [])
})

/** Processes of this world's guest, wherever they are. */
const guests = (): string[] =>
  readdirSync('/proc').filter(pid => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith(
        '/bin/guest\x00orphans\x005\x00',
      )
    } catch {
      return false
    }
  })

contained('restart-process-only starts again in the same place', async () => {
  const plan = planOf(world, ['first-time-exit=/tmp/seen', 'say=second', 'sleep'], {
    before: [{ do: 'mount', type: 'tmpfs', target: '/tmp', options: [], flags: {} }],
    head: { restartProcessOnly: true },
  })
  const running = await world.start(plan)
  await running.sees('output', /second/)
  process.kill(running.pid, 'SIGTERM')
  const { code, status, output } = await running.over
  assert.is(code, 0)
  assert.equal(status, [
    'launched T',
    'started T 2',
    'died T 2304 T',
    'started T 3',
    'exited T 15 T term',
  ])
  assert.is(output.match(/----- Starting/g)?.length, 2)
})

contained('restart-process-only waits, and a stop ends the wait', async () => {
  const plan = planOf(world, ['exit=4'], {
    head: { restartProcessOnly: true, restartTimeoutMs: 3_600_000 },
  })
  const running = await world.start(plan)
  await running.sees('status', /died/)
  process.kill(running.pid, 'SIGTERM')
  const { code, status } = await running.over
  assert.is(code, 0)
  assert.equal(status.slice(1), ['started T 2', 'died T 1024 T', 'exited T 1024 T term'])
})

contained(
  'restart-process-only restarts no sooner than restart-timeout after a start',
  async () => {
    const plan = planOf(world, ['exit=4'], {
      head: { restartProcessOnly: true, restartTimeoutMs: 50 },
    })
    const running = await world.start(plan)
    await running.sees('status', /(?:started[^]*){3}/)
    process.kill(running.pid, 'SIGKILL')
    await running.over
    const starts = [...readStatus().matchAll(/started (\d+\.\d+)/g)].map(found => Number(found[1]))
    for (let i = 1; i < starts.length; i++) assert.ok(starts[i]! - starts[i - 1]! >= 50)
  },
)

/** The newest status file, with its times. */
const readStatus = (): string => {
  const newest = readdirSync(world.dir)
    .filter(name => name.startsWith('status.'))
    .sort((one, other) => Number(other.slice(7)) - Number(one.slice(7)))[0]
  return readFileSync(`${world.dir}/${newest}`, 'utf8')
}

contained('logs that cannot be written stop nothing', async () => {
  const plan = planOf(world, ['exit=7'], { head: { normalExitCodes: [7] } })
  const steps = plan.steps.map(step =>
    step.do === 'openLog' ? { ...step, path: '/dev/full' } : step,
  )
  const { code, status, stderr } = await world.run({ ...plan, steps })
  assert.is(code, 0)
  assert.equal(status, ['launched T', 'started T 2', 'exited T 1792 T itself'])
  assert.is(stderr, '')
})

contained('only a daemon is restarted in place', async () => {
  const plan = planOf(world, ['exit=4'], { head: { restartProcessOnly: true, isDaemon: false } })
  const { code, status } = await world.run(plan)
  assert.is(code, 2)
  assert.equal(status.slice(1), ['started T 2', 'exited T 1024 T itself'])
})

contained('times in the status file are monotonic, with the start of what ended', async () => {
  await world.run(planOf(world, ['exit=0']))
  const [launched, started, ended, again] = [...readStatus().matchAll(/\d+\.\d{3}/g)].map(Number)
  assert.ok(launched! <= started! && started! <= ended!)
  assert.is(again, started)
})

test.run()
