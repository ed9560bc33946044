/**
 * One container start, from just before the spawn to the first instruction of the application's
 * main: ours beside the least that any program must do for the same container (driver.c), and
 * beside other runtimes where they are installed. `isolated`: 25 ms of idleness between two
 * starts, caches cold, as a restart is. `back to back`: nothing in between.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { knotPath } from '../native/where.ts'
import { encodePlan } from '../native/wire.ts'
import { imageDir, makeImage, makeWorld, removeWorld } from '../src/demo/world.ts'
import type { World } from '../src/demo/world.ts'
import { plan } from '../src/plan.ts'
import { filterOf } from '../src/plan/confinement.ts'
import type { Spec } from '../src/spec.ts'
import { compile } from './compile.ts'
import { table } from './figures.ts'
import type { Samples } from './figures.ts'
import { bundleOf } from './oci.ts'

const rounds = 5

const user = 1000
const memoryLimit = '67108864'
const cpuShares = 1024

const mapping = [{ inside: 0, outside: 100_000, count: 65_536 }]

/**
 * What the supervisor would compile from the files; here without the files. With everything on,
 * or with what the floor of the first kind has.
 */
const specOf = (world: World, isFull: boolean): Spec => ({
  ...(isFull && { ids: { users: mapping, groups: mapping } }),
  format: 1,
  sandbox: 'bench',
  process: 'start',
  image: imageDir(world, 'bench'),
  config: '/config.yaml',
  places: {
    states: join(world.root, 'run', 'state'),
    mountPoint: join(world.root, 'run', 'mnt'),
    devices: join(world.root, 'dev'),
    log: join(world.root, 'log', 'bench.log'),
    output: join(world.root, 'log', 'output.log'),
  },
  logLevel: 'warn',
  cgroup: { name: world.cgroup, controllers: ['memory', 'cpu'] },
  variables: [],
  volumes: [{ kind: 'tmpfs', target: '/tmp', size: 1 << 20, mode: 0o1777 }],
  resolvConf: { copyFrom: null, mount: null },
  hosts: {
    copyFrom: null,
    localhost: false,
    publicHostname: false,
    additional: [],
    mount: null,
  },
  user,
  group: user,
  memoryLimit,
  filenoLimit: '1024',
  cpuShares,
  executable: '/guest',
  arguments: [],
  environ: [],
  workdir: '/',
  outputFile: null,
  interactive: false,
  isDaemon: true,
  restartProcessOnly: false,
  normalExitCodes: [0],
  restartTimeoutMs: 0,
  killTimeoutMs: 5000,
})

interface Contestant {
  readonly name: string
  readonly words: readonly string[]
}

/** The groups of the memory and the cpu controller, version 1; null on a host without them. */
const groupsOf = (world: World): readonly [string, string] | null => {
  const dirs = ['memory', 'cpu'].map(name => join('/sys/fs/cgroup', name, world.cgroup))
  if (!dirs.every(dir => existsSync(join(dir, '..', 'tasks')))) return null
  for (const dir of dirs) mkdirSync(dir)
  return dirs as [string, string]
}

/** Not `seccomp: off`: it is on for the knot in both cases. */
const floor = (
  world: World,
  [memory, cpu]: readonly [string, string],
  filter: readonly bigint[] | null = null,
): Contestant => ({
  name: filter === null ? 'C floor' : 'C floor, everything on',
  words: [
    'floor',
    imageDir(world, 'bench'),
    join(world.root, 'run', 'mnt'),
    join(world.root, 'dev'),
    join(memory, 'floor'),
    join(cpu, 'floor'),
    ...(filter === null ? [] : [written(world, filter)]),
  ],
})

/** As the kernel has it. */
const written = ({ root }: World, filter: readonly bigint[]): string => {
  const file = join(root, 'filter')
  writeFileSync(file, new BigUint64Array(filter))
  return file
}

const ours = (
  world: World,
  [memory, cpu]: readonly [string, string],
  isFull = false,
): Contestant => {
  const cgroups = {
    v1: [
      { controllers: ['memory'], dir: memory },
      { controllers: ['cpu'], dir: cpu },
    ],
    v2: null,
  }
  const host = { cgroups, hostname: 'bench', hostAddress: null }
  const file = join(world.root, isFull ? 'plan.full' : 'plan')
  writeFileSync(file, encodePlan(plan(specOf(world, isFull), host, 'bench/start.0')))
  return {
    name: isFull ? 'lithos knot, everything on' : 'lithos knot',
    words: ['knot', knotPath, file, join(world.root, 'run', 'status')],
  }
}

const isInstalled = (name: string): boolean => spawnSync(name, ['--version']).status === 0

const others = (world: World): readonly Contestant[] => {
  const image = imageDir(world, 'bench')
  const bwrap =
    `bwrap --unshare-pid --unshare-uts --unshare-ipc --uid ${user} --gid ${user} --unshare-user ` +
    `--ro-bind ${image} / --dev /dev --proc /proc --tmpfs /tmp /guest`
  const commands: readonly (readonly [string, readonly string[]])[] = [
    ['bwrap', bwrap.split(' ')],
    ...['crun', 'runc'].map(
      name =>
        [name, [name, 'run', '--bundle', bundleOf(world, user), `bench-${process.pid}`]] as const,
    ),
  ]
  return commands
    .filter(([name]) => isInstalled(name))
    .map(([name, words]) => ({ name, words: ['exec', ...words] }))
}

/** Columns: until main, until the end, CPU. Milliseconds. */
const measure = (
  driver: string,
  log: string,
  { words }: Contestant,
  count: number,
  idleMs: number,
): readonly [Samples, Samples, Samples] => {
  const text = execFileSync(driver, [String(count), String(idleMs), log, ...words], {
    encoding: 'utf8',
  })
  const rows = text
    .trimEnd()
    .split('\n')
    .map(line => line.split(' ').map(us => Number(us) / 1000))
  const column = (index: number): Samples => rows.map(row => row[index] ?? NaN)
  return [column(0), column(1), column(2)]
}

export const run = async (): Promise<void> => {
  const world = makeWorld('bench')
  try {
    for (const dir of ['run/mnt', 'run/state', 'bin']) mkdirSync(join(world.root, dir))
    const driver = compile('driver', join(world.root, 'bin'))
    compile('guest', makeImage(world, 'bench'))
    const groups = groupsOf(world)
    if (groups === null) throw new Error('the floor wants cgroup v1 with memory and cpu')
    const contestants = [
      floor(world, groups),
      ours(world, groups),
      floor(world, groups, filterOf(specOf(world, true))),
      ours(world, groups, true),
      ...others(world),
    ]
    const log = join(world.root, 'log', 'output.log')

    for (const [title, count, idleMs] of [
      ['isolated', 20, 25],
      ['back to back', 100, 0],
    ] as const) {
      const samples = new Map(contestants.map(({ name }) => [name, [[], [], []] as number[][]]))
      // In turns, so that a machine that becomes slower does so for all of them.
      for (let round = 0; round < rounds; round++)
        for (const each of contestants)
          measure(driver, log, each, count, idleMs).forEach((column, index) =>
            samples.get(each.name)?.[index]?.push(...column),
          )
      const rows = [...samples].map(([name, columns]) => [name, ...columns] as const)
      const columns = ['to main, ms', 'to the end, ms', 'CPU, ms']
      process.stdout.write(`${table(`one container start, ${title}`, columns, rows)}\n`)
    }
  } finally {
    await removeWorld(world)
  }
}
