/**
 * A whole lithos under one temporary directory, with a control group of its own: for the demo and
 * for the benchmarks. Nothing outside is touched, and `leftovers` tells what is still there when
 * it is over, which should be nothing.
 *
 *     etc/master.yaml  etc/sandboxes/  etc/processes/   configuration
 *     images/          one directory for each image
 *     dev/             what containers see as /dev
 *     run/  log/       the supervisor's own
 */
import { execFileSync, spawn } from 'node:child_process'
import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { childrenOf } from '../../native/proc.ts'

export interface World {
  readonly root: string
  readonly master: string
  readonly cgroup: string
  /** Absent: it is ours. Else everything in it is run by, and belongs to, that user. */
  readonly user?: OtherUser
}

export interface OtherUser {
  readonly id: number
  /** Words of a program that becomes him, and then what stands behind it. */
  readonly become: readonly string[]
}

export interface Sandbox {
  /** The text of sandboxes/NAME.yaml, after `image-dir`. */
  readonly sandbox: string
  /** The text of processes/NAME.yaml. */
  readonly processes: string
}

export interface Tree {
  readonly pid: number
  readonly isAlive: () => boolean
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>
}

const checkout = fileURLToPath(new URL('../..', import.meta.url))

/** A command of this checkout, as a user would call it. */
export const program = (name: string): string => join(checkout, 'src', 'bin', name)

// ---------------------------------------------------------------------------
// Made
// ---------------------------------------------------------------------------

export const makeWorld = (name: string, masterLines = '', user?: OtherUser): World => {
  const isOrdinary = user !== undefined || !isRoot
  const root = mkdtempSync(join(isOrdinary ? tmpdir() : placeForDevices(), `lithos-${name}-`))
  const world = {
    root,
    master: join(root, 'etc', 'master.yaml'),
    cgroup: `lithos-${name}-${process.pid}.slice`,
    ...(user !== undefined && { user }),
  }
  for (const dir of ['etc/sandboxes', 'etc/processes', 'images', 'run', 'log'])
    mkdirSync(join(root, dir), { recursive: true })
  if (user !== undefined) chownSync(root, user.id, user.id)
  const [file, ...words] = asItsUser(world, program('lithos_mkdev'), [join(root, 'dev')])
  execFileSync(file, words)
  writeFileSync(
    world.master,
    `runtime-dir: ${root}/run
devfs-dir: ${root}/dev
default-log-dir: ${root}/log
config-log-dir: ${root}/log/config
stdio-log-dir: ${root}/log/stderr
cgroup-name: ${world.cgroup}
${masterLines}`,
  )
  return world
}

export const isRoot = process.geteuid?.() === 0

/** What to execute, so that whoever the world belongs to runs it. */
export const asItsUser = (
  { user }: World,
  path: string,
  words: readonly string[],
): readonly [file: string, ...words: string[]] => {
  const [file = path, ...rest] = [...(user?.become ?? []), path]
  return [file, ...rest, ...words]
}

/** Temporary directories are often mounted `nodev`, where a device cannot be opened. */
const placeForDevices = (): string => {
  const places = [tmpdir(), '/var/tmp', '/var/lib']
    .filter(existsSync)
    .map(path => realpathSync(path))
  const found = places.find(place => !mountOptionsOf(place).includes('nodev'))
  if (found !== undefined) return found
  throw new Error(`devices cannot be opened in any of ${places.join(', ')}: all are mounted nodev`)
}

const mounts = (): readonly { readonly at: string; readonly options: readonly string[] }[] =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => line.split(' '))
    .map(([, , , , at = '', options = '']) => ({ at, options: options.split(',') }))

/** The last of the longest covers the others. */
const mountOptionsOf = (path: string): readonly string[] =>
  mounts()
    .filter(({ at }) => at === '/' || `${path}/`.startsWith(`${at}/`))
    .reduce((best, next) => (next.at.length >= best.at.length ? next : best)).options

export const imageDir = (world: World, image: string): string => join(world.root, 'images', image)

/** An empty image: the places where a container gets its mounts. */
export const makeImage = (world: World, image: string): string => {
  const dir = imageDir(world, image)
  for (const place of ['dev', 'proc', 'sys', 'tmp', 'etc'])
    mkdirSync(join(dir, place), { recursive: true })
  return dir
}

export const writeIn = (dir: string, path: string, text: string): void => {
  mkdirSync(dirname(join(dir, path)), { recursive: true })
  writeFileSync(join(dir, path), text)
}

export const addSandbox = (world: World, name: string, { sandbox, processes }: Sandbox): void => {
  const head = `image-dir: ${world.root}/images\n`
  writeFileSync(join(world.root, 'etc', 'sandboxes', `${name}.yaml`), head + sandbox)
  writeFileSync(join(world.root, 'etc', 'processes', `${name}.yaml`), processes)
}

// ---------------------------------------------------------------------------
// Run
// ---------------------------------------------------------------------------

/** What it prints goes to `tree.out` in the root. */
export const startTree = (world: World, path = program('lithos_tree')): Tree => {
  const output = openSync(join(world.root, 'tree.out'), 'a')
  const isRootless = world.user !== undefined || !isRoot
  const options = [...(isRootless ? ['--rootless'] : []), '--config', world.master]
  const [file, ...words] = asItsUser(world, path, options)
  const child = spawn(file, words, { stdio: ['ignore', output, output] })
  closeSync(output)
  const ended = new Promise<number | string>((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => resolve(code ?? signal ?? 'unknown'))
  })
  const isAlive = () => child.exitCode === null && child.signalCode === null
  return { pid: child.pid ?? 0, isAlive, ended }
}

const patienceMs = 30_000

/** As an administrator would. One that does not end is killed, and that is an error. */
export const stopTree = async (world: World, tree: Tree): Promise<number | string> => {
  process.kill(tree.pid, 'SIGTERM')
  const patience = new AbortController()
  const end = await Promise.race([
    tree.ended,
    setTimeout(patienceMs, null, { signal: patience.signal }).catch(() => null),
  ])
  patience.abort()
  if (end !== null) return end
  const said = readFileSync(join(world.root, 'tree.out'), 'utf8')
  throw new Error(`lithos_tree did not end ${patienceMs / 1000} s after SIGTERM; it said:\n${said}`)
}

const kill = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended in the meantime.
  }
}

/** Pids of the knots of this world, by instance. */
export const knots = (world: World): ReadonlyMap<string, number> =>
  new Map(
    readdirSync('/proc')
      .filter(name => /^\d+$/.test(name))
      .map(pid => [pid, commandLine(pid)] as const)
      .filter(([, words]) => words[1] === '--name' && words.includes(world.master))
      .map(([pid, words]) => [words[2] ?? '', Number(pid)]),
  )

/** Pids of those that hold listening sockets for the supervisor of this world. */
export const keepers = (world: World): readonly number[] =>
  readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .filter(pid => {
      const [program, , master] = commandLine(pid)
      return program === 'lithos_keep' && master === world.master
    })
    .map(Number)

const commandLine = (pid: string): readonly string[] => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return []
  }
}

/** The application in a container: the first child of the knot. */
export const applicationOf = (knot: number): number | null => {
  const [pid] = childrenOf(knot)
  return pid ?? null
}

// ---------------------------------------------------------------------------
// Gone
// ---------------------------------------------------------------------------

/** What of this world still is on the host, besides the directory itself. */
export const leftovers = (world: World): readonly string[] => [
  ...[...knots(world)].map(([instance, pid]) => `process ${pid} (${instance})`),
  ...keepers(world).map(pid => `process ${pid} (a keeper of sockets)`),
  ...mounts()
    .filter(({ at }) => at.startsWith(world.root))
    .map(({ at }) => `mount ${at}`),
  ...cgroups(world).flatMap(dir => subdirectories(dir)),
]

const cgroupRoot = '/sys/fs/cgroup'

/** The directories of our own group, in every hierarchy. */
const cgroups = (world: World): readonly string[] =>
  [cgroupRoot, ...subdirectories(cgroupRoot)]
    .map(hierarchy => join(hierarchy, world.cgroup))
    .filter(existsSync)

const subdirectories = (dir: string): readonly string[] => {
  try {
    return readdirSync(dir, { withFileTypes: true })
      .filter(entry => entry.isDirectory())
      .map(entry => join(dir, entry.name))
  } catch {
    // It is not there, or has been removed in this moment.
    return []
  }
}

/** For the end, also a bad one: kills what still lives, then removes group and directory. */
export const removeWorld = async (
  world: World,
  tree: Tree | null = null,
  keepFiles = false,
): Promise<void> => {
  if (tree !== null && tree.isAlive()) {
    kill(tree.pid)
    await tree.ended
  }
  for (const pid of [...knots(world).values(), ...keepers(world)]) kill(pid)
  for (const dir of cgroups(world))
    for (const each of [...subdirectories(dir), dir]) await rmdirSoon(each)
  if (!keepFiles) rmSync(world.root, { recursive: true, force: true })
}

/** A control group is busy for a moment after its last process has died; others clean up, too. */
const rmdirSoon = async (dir: string): Promise<void> => {
  for (let tries = 1_000; ; tries--)
    try {
      return rmdirSync(dir)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOENT') return
      if (tries === 0 || code !== 'EBUSY') throw error
      await setTimeout(10)
    }
}
