/**
 * What every test of the knot needs: an image with a guest in it, a way to start the knot in
 * namespaces of its own, and its words. Everything lives in one temporary directory; every
 * process dies with the test.
 */
import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import {
  appendFileSync,
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Stream } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { setTimeout as pause } from 'node:timers/promises'
import { test } from 'uvu'
import type { Plan, Step } from '../../native/plan.ts'
import { encodePlan } from '../../native/wire.ts'
import { nativeDir } from '../../native/where.ts'
import { isRoot } from '../skip.ts'
import { compile } from './compile.ts'

const here = fileURLToPath(new URL('.', import.meta.url))

/** Long enough for a slow machine; only a test that fails waits so long. */
const patienceMs = 60_000

export const canContain =
  isRoot && spawnSync('unshare', ['--mount', '--pid', '--fork', 'true']).status === 0
export const whyNot = 'needs root and new namespaces'

export interface Outcome {
  readonly code: number | null
  readonly signal: string | null
  /** Lines of the status file, without their times. */
  readonly status: readonly string[]
  readonly stderr: string
  readonly log: string
  readonly output: string
}

export interface Running {
  /** Of the knot, on the host. */
  readonly pid: number
  readonly over: Promise<Outcome>
  /** Resolves when a line of the status file, or of a log, matches. */
  readonly sees: (file: 'status' | 'log' | 'output', pattern: RegExp) => Promise<void>
  /** The status file. */
  readonly said: () => string
}

export interface World {
  readonly dir: string
  readonly image: string
  readonly mountPoint: string
  /** Where a plan made by `plan` logs. */
  readonly logPath: string
  readonly outputPath: string
  readonly start: (plan: Plan | Buffer, between?: (pid: number) => void) => Promise<Running>
  readonly run: (plan: Plan | Buffer) => Promise<Outcome>
  /** Ends what a failed test has left running. */
  readonly calm: () => void
  readonly close: () => void
}

/** What `npm run build` has made, and what is newer than that anew. */
const build = (outDir: string): void => {
  if (existsSync(nativeDir))
    cpSync(nativeDir, outDir, { recursive: true, preserveTimestamps: true })
  const recipe = join(here, '../../native/build.mjs')
  const { status, stderr } = spawnSync(process.execPath, [recipe, outDir], { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
}

const furnish = (dir: string, image: string): void => {
  for (const name of ['dev', 'proc', 'sys', 'tmp', 'etc', 'bin', 'data', 'other', 'logs'])
    mkdirSync(join(image, name), { recursive: true })
  for (const name of ['mnt', 'state', 'volume']) mkdirSync(join(dir, name))
  writeFileSync(join(image, 'etc/hosts'), 'of the image\n')
  build(join(dir, 'native'))
  compile('guest.c', join(image, 'bin/guest'), '-static')
  compile('spawn.c', join(dir, 'spawn'))
}

export const makeWorld = (): World => {
  const dir = mkdtempSync(join(tmpdir(), 'knot-'))
  const image = join(dir, 'image')
  try {
    furnish(dir, image)
  } catch (error) {
    rmSync(dir, { recursive: true, force: true })
    throw error
  }

  let runs = 0
  const living = new Set<ChildProcess>()
  const calm = (): void => living.forEach(child => child.kill('SIGKILL'))
  const logPath = join(dir, 'log')
  const outputPath = join(dir, 'output')
  const start: World['start'] = async plan => {
    const statusPath = join(dir, `status.${++runs}`)
    const planPath = join(dir, 'plan')
    for (const path of [logPath, outputPath]) rmSync(path, { force: true })
    writeFileSync(planPath, Buffer.isBuffer(plan) ? plan : encodePlan(plan))
    appendFileSync(statusPath, '')
    const descriptors = [openSync(planPath, 'r'), openSync(statusPath, 'a')]
    const child = spawn(
      join(dir, 'spawn'),
      [join(dir, 'native/lithos_knot'), '--name', 'sb/p.0', '--master', '/m', '--config', '{}'],
      { stdio: ['ignore', 'ignore', 'pipe', ...descriptors, 'pipe'], env: { TERM: 'dumb' } },
    )
    descriptors.forEach(closeSync)
    living.add(child)
    child.once('close', () => living.delete(child))
    const over = outcome(child, { status: statusPath, log: logPath, output: outputPath })
    const pid = await pidFrom(child)
    const files = { status: statusPath, log: logPath, output: outputPath }
    return {
      pid,
      over,
      sees: (file, pattern) => sees(files[file], pattern),
      said: () => textOf(files.status),
    }
  }
  return {
    dir,
    image,
    mountPoint: join(dir, 'mnt'),
    logPath,
    outputPath,
    start,
    run: async plan => (await start(plan)).over,
    calm,
    close: () => {
      calm()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

const textOf = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '')

const sees = async (path: string, pattern: RegExp): Promise<void> => {
  for (let waited = 0; !pattern.test(textOf(path)); waited += 5) {
    if (waited > patienceMs) throw new Error(`${path} has no ${pattern}:\n${textOf(path)}`)
    await pause(5)
  }
}

const pidFrom = (child: ChildProcess): Promise<number> =>
  new Promise((resolve, reject) => {
    const pipe = (child.stdio as readonly (Stream | null | undefined)[])[5]
    pipe?.once('data', (text: Buffer) => resolve(Number(text.toString())))
    child.once('error', reject)
  })

const outcome = (
  child: ChildProcess,
  files: { readonly status: string; readonly log: string; readonly output: string },
): Promise<Outcome> =>
  new Promise((resolve, reject) => {
    let stderr = ''
    child.stderr?.on('data', (text: Buffer) => (stderr += text.toString()))
    child.once('error', reject)
    child.once('close', (code, signal) => {
      const status = textOf(files.status)
        .split('\n')
        .filter(line => line !== '')
      resolve({
        code,
        signal,
        status: status.map(line => line.replaceAll(/ \d+\.\d{3}(?= |$)/g, ' T')),
        stderr,
        log: textOf(files.log),
        output: textOf(files.output),
      })
    })
  })

/** For all tests of a file: empty before the first one, and calm again after each. */
export const ownWorld = (furnishMore: () => void = () => {}): World => {
  const world = {} as World
  test.before(() => {
    if (!canContain) return
    Object.assign(world, makeWorld())
    furnishMore()
  })
  test.after.each(() => world.calm?.())
  test.after(() => world.close?.())
  return world
}

/** Those below it: other tests may mount things of their own at the same time. */
export const mountsOf = (world: World): readonly string[] =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter(line => line.includes(world.dir))

/** A line of a log without its time, a marker without its time. */
export const untimed = (text: string): string =>
  text.replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, 'NOW').replaceAll(/uptime \d+s/g, 'uptime Us')

/** The steps that make the smallest place: logs, image, root. */
export const placeSteps = (world: World): Step[] => [
  { do: 'openLog', log: 'output', path: world.outputPath },
  { do: 'openLog', log: 'log', path: world.logPath },
  { do: 'root', image: world.image, mountPoint: world.mountPoint, flags: { readonly: true } },
]

export const exec = (...words: string[]): Step => ({
  do: 'exec',
  executable: '/bin/guest',
  arguments: words,
  environment: [],
  pidVariables: [],
})

export const fork: Step = { do: 'fork', announce: 'Starting "sb/p.0": "/bin/guest"' }

/** A plan with additional steps before and after the fork. */
export const planOf = (
  world: World,
  words: readonly string[],
  steps: {
    readonly before?: readonly Step[]
    readonly after?: readonly Step[]
    readonly head?: Partial<Plan>
  } = {},
): Plan => ({
  name: 'sb/p.0',
  logLevel: 'warn',
  killTimeoutMs: 60_000,
  restartTimeoutMs: 0,
  restartProcessOnly: false,
  isDaemon: true,
  normalExitCodes: [],
  ...steps.head,
  steps: [
    ...placeSteps(world),
    ...(steps.before ?? []),
    { do: 'pivot' },
    fork,
    ...(steps.after ?? []),
    exec(...words),
  ],
})
