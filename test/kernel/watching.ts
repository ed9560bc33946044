/** For tests of what a knot knows of its application: `watched.c`, and plans with probes. */
import { readdirSync, readlinkSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import type { ProbeKind, Step } from '../../native/plan.ts'
import { addressBits } from '../../src/config/addresses.ts'
import { compile } from './compile.ts'
import { canContain, fork, ownWorld, placeSteps } from './world.ts'
import type { Running } from './world.ts'

export const probe = (
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
export const notify: Step = {
  do: 'notify',
  directory: '/proc/driver',
  extendTo: {},
}

export interface Watching {
  readonly before: readonly Step[]
  readonly after?: readonly Step[]
  /** Namespaces. */
  readonly first?: readonly Step[]
  readonly words: readonly string[]
  readonly killMs?: number
  readonly again?: boolean
}

/** Its directory of files is `/data` in the container, empty for each test. */
export const world = ownWorld(() =>
  compile('watched.c', join(world.image, 'bin/watched'), '-static'),
)

export const files = (): string => join(world.dir, 'volume')

test.after.each(() => {
  if (canContain) for (const name of readdirSync(files())) rmSync(join(files(), name))
})

/** As user 1000, in a place with a `/proc` and a directory to leave files in. */
export const start = ({
  before,
  after = [],
  first = [],
  words,
  killMs = 60_000,
  again = false,
}: Watching) =>
  world.start({
    name: 'sb/p.0',
    logLevel: 'warn',
    killTimeoutMs: killMs,
    restartTimeoutMs: 0,
    restartProcessOnly: again,
    isDaemon: true,
    normalExitCodes: [],
    steps: [
      ...placeSteps(world).slice(0, 2),
      ...first,
      ...placeSteps(world).slice(2),
      proc,
      { do: 'bind', base: files(), path: '/', target: '/data', flags: {} },
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

export const end = async (running: Running) => {
  process.kill(running.pid, 'SIGTERM')
  return running.over
}

/** Whole from the beginning: it may be read at any moment. */
export const touch = (name: string, text = ''): void => {
  const written = join(world.dir, 'touched')
  writeFileSync(written, text)
  renameSync(written, join(files(), name))
}

/**
 * What is said of one that is not ready in time is what was so then. On a slow host that may have
 * been too early: then it gets more time, until it is said so.
 */
export const startComplaining = async (
  make: (timeoutMs: number) => Watching,
  pattern: RegExp,
): Promise<Running> => {
  for (let timeoutMs = 200; ; timeoutMs *= 4) {
    const running = await start(make(timeoutMs))
    await running.sees('status', /^waiting .*\n/m)
    if (pattern.test(running.said())) return running
    if (timeoutMs > 10_000) throw new Error(`no ${pattern}:\n${running.said()}`)
    await end(running)
  }
}
export const inside = (...names: string[]): string[] => names.map(name => `await=/data/${name}`)
export const listening = (port: number, isGiven = false): ProbeKind => ({
  kind: 'tcp',
  port,
  isGiven,
})
export const http = (port: number): ProbeKind => ({
  kind: 'http',
  host: { text: '127.0.0.1', ...addressBits('127.0.0.1') },
  port,
  request: 'GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
})
export const exec = (...words: string[]): ProbeKind => ({
  kind: 'exec',
  words: ['/bin/watched', ...words],
})

export const ready = /^ready /m

/** How many live in the container. */
export const processesIn = (knot: number): number => {
  const spaceOf = (pid: number | string): string | null => {
    try {
      return readlinkSync(`/proc/${pid}/ns/pid`)
    } catch {
      return null
    }
  }
  const space = spaceOf(knot)
  return readdirSync('/proc').filter(name => /^\d+$/.test(name) && spaceOf(name) === space).length
}
