/** Many lives of containers of several kinds under one supervisor, and what is around them. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setTimeout } from 'node:timers/promises'
import * as assert from 'uvu/assert'
import { addSandbox, imageDir, writeIn } from '../../src/demo/world.ts'
import type { World } from '../../src/demo/world.ts'
import { compile } from '../kernel/compile.ts'
import { interfaces } from '../kernel/ownNetwork.ts'
import { run, until } from '../kernel/supervised.ts'
import type { Supervised } from '../kernel/supervised.ts'
import { freePort } from '../kernel/serving.ts'

export type Counted = Readonly<Record<string, number>>

const map = '[{inside: 0, outside: 30000, count: 1000}]'
const allowed = 'allow-users: [0-70000]\nallow-groups: [0-70000]\n'

/** Sandbox, its lines, those of its container, those of its process. */
type Kind = readonly [name: string, sandbox: string, container: string, process?: string]

const kindsFor = (port: number): readonly Kind[] => [
  ['plain', '', 'user-id: 1000\nmemory-limit: 64Mi\n'],
  [
    'mapped',
    `uid-map: ${map}\ngid-map: ${map}\n`,
    'user-id: 0\npids-limit: 20\nvolumes: {/tmp: !Tmpfs {}}\n',
  ],
  ['ports', `allow-tcp-ports: [${port}]\n`, `user-id: 1000\ntcp-ports: {${port}: {fd: 3}}\n`],
  [
    'bridged',
    'bridged-network: {bridge: br0, network: 198.18.0.0/16}\n',
    'user-id: 1000\n',
    '  ip-addresses: [198.18.0.10, 198.18.0.11]\n',
  ],
  [
    'refused',
    'bridged-network: {bridge: br0, network: 198.18.0.0/16, after-setup-command: [/bin/false]}\n',
    'user-id: 1000\n',
    '  ip-addresses: [198.18.0.12, 198.18.0.13]\n',
  ],
]

const configure = (self: Supervised, kinds: readonly Kind[]): void => {
  for (const [name, sandbox, container, process = ''] of kinds) {
    writeIn(
      imageDir(self.world, 'img'),
      `config/${name}.yaml`,
      `executable: /bin/guest\narguments: [say=x]\nrestart-timeout: 0\n${container}`,
    )
    addSandbox(self.world, name, {
      sandbox: allowed + sandbox,
      processes: `p:\n  image: img\n  config: /config/${name}.yaml\n  instances: 2\n${process}`,
    })
  }
}

const startsOf = (self: Supervised): number =>
  self.log('stderr/plain.log').split('Starting').length +
  self.log('stderr/mapped.log').split('Starting').length +
  self.log('stderr/ports.log').split('Starting').length +
  self.log('stderr/bridged.log').split('Starting').length

/** Nothing runs, but the supervisor. */
const rest = async (self: Supervised, kinds: readonly Kind[]): Promise<void> => {
  for (const [name] of kinds) {
    const file = join(self.world.root, `${name}.empty`)
    writeFileSync(file, '{}\n')
    const { status, stderr } = run('lithos_switch', '--master', self.world.master, name, file)
    assert.is(status, 0, stderr)
  }
  await until('nothing runs', () => self.leftovers().filter(isOfContainer).length === 0)
}

/** The keeper of sockets is none, and goes by itself. */
const isOfContainer = (text: string): boolean => !text.includes('keeper')

const held = 'held by the supervisor after a full collection, KiB'
const resident = 'resident memory of the supervisor then, KiB'
const most = 'most resident memory until then, KiB'

const residentOf = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])

/** What is left of its memory when nothing is kept that nobody can reach; see `collector.cjs`. */
const collect = async ({ root }: World): Promise<number> => {
  const answer = join(root, 'answer')
  rmSync(answer, { force: true })
  writeFileSync(join(root, 'ask'), '')
  await until('the supervisor has collected its garbage', () => existsSync(answer))
  return Number(readFileSync(answer, 'utf8')) >> 10
}

const look = async (self: Supervised): Promise<Counted> => {
  const { pid } = self.tree()
  return {
    'mounts of the host': linesOf('/proc/self/mountinfo'),
    'mounts of the supervisor': linesOf(`/proc/${pid}/mountinfo`),
    interfaces: interfaces().length,
    'control groups': self.leftovers().filter(text => text.startsWith('/sys/fs/cgroup')).length,
    'descriptors of the supervisor': readdirSync(`/proc/${pid}/fd`).length,
    'children of the supervisor': childrenOf(pid).length,
    'status files': filesIn(join(self.world.root, 'run')),
    'threads of the supervisor': readdirSync(`/proc/${pid}/task`).length,
    [held]: await collect(self.world),
    [resident]: residentOf(pid),
  }
}

const looks = 5

/**
 * The least of some looks: a connection that is being closed is not left behind, and V8 gives
 * pages back when it has time.
 */
const count = async (self: Supervised, peak: number): Promise<Counted> => {
  let least = await look(self)
  for (let number = 1; number < looks; number += 1) {
    await setTimeout(1000)
    const next = await look(self)
    least = Object.fromEntries(
      Object.entries(next).map(([what, now]) => [what, Math.min(now, least[what] ?? now)]),
    )
  }
  return { ...least, [most]: peak }
}

const linesOf = (path: string): number => readFileSync(path, 'utf8').split('\n').length - 1

const childrenOf = (pid: number): readonly string[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)

/** Without the state directories, which outlive their instances, and the journal. */
const filesIn = (directory: string): number =>
  readdirSync(directory, { withFileTypes: true })
    .filter(({ name }) => !['state', 'journal', 'good', 'mnt'].includes(name))
    .reduce(
      (sum, entry) =>
        sum + (entry.isDirectory() ? filesIn(join(directory, entry.name)) : entry.isFile() ? 1 : 0),
      0,
    )

/**
 * What may be more than before, in KiB. A start has a dozen facts, which are more than a kilobyte:
 * whoever keeps one of each start is found in some hundreds. Code that V8 compiles later, and pages
 * that are not whole, are no leak.
 */
const slack: Counted = { [held]: 512, [resident]: 6 * 1024, [most]: 8 * 1024 }

/** What is not as before. */
export const differences = (before: Counted, after: Counted): readonly string[] =>
  Object.entries(after).flatMap(([what, now]) => {
    const was = before[what] ?? 0
    return now > was + (slack[what] ?? 0) ? [`${what}: ${was} before, ${now} after`] : []
  })

/** So that the supervisor can be asked what it holds. */
const withCollector = ({ root }: World): void => {
  const file = fileURLToPath(new URL('collector.cjs', import.meta.url))
  process.env['NODE_OPTIONS'] = `--require=${file} --expose-gc`
  process.env['LITHOS_TEST_COLLECTOR'] = root
}

/** So that what a stop and another beginning need is there, too, when it is counted first. */
const wakeAgain = 50

/** In a network of its own. Some starts come first, for what is made once: a heap, say. */
export const churn = async (
  self: Supervised,
  { first, starts }: { readonly first: number; readonly starts: number },
): Promise<{ readonly starts: number; readonly before: Counted; readonly after: Counted }> => {
  const program = join(self.world.root, 'bridge')
  compile('bridge.c', program)
  assert.is(spawnSync(program, ['br0', '198.18.0.1', '16']).status, 0)
  const kinds = kindsFor(await freePort())
  configure(self, kinds)
  withCollector(self.world)
  await self.start()
  /** Resolves with the most memory that was seen meanwhile. */
  const reach = async (wanted: number): Promise<number> => {
    let peak = 0
    for (let seen = startsOf(self); seen < wanted;) {
      await until('some more have started', () => startsOf(self) >= Math.min(wanted, seen + 50))
      seen = startsOf(self)
      peak = Math.max(peak, residentOf(self.tree().pid))
    }
    return peak
  }
  /** All kinds are started, and are stopped after so many. */
  const round = async (wanted: number): Promise<number> => {
    for (const [name] of kinds) {
      const back = ['--master', self.world.master, '--rollback', '--timeout', '1', name]
      const { status, stderr } = run('lithos_switch', ...back)
      assert.ok(status === 0 || status === 3, stderr)
    }
    const peak = await reach(startsOf(self) + wanted)
    await rest(self, kinds)
    return peak
  }
  const warm = await reach(first)
  await rest(self, kinds)
  const before = await count(self, Math.max(warm, await round(wakeAgain)))
  const begun = startsOf(self)
  const peak = await round(starts)
  return { starts: startsOf(self) - begun, before, after: await count(self, peak) }
}
