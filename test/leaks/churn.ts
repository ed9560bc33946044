/** Many lives of containers of several kinds under one supervisor, and what is around them. */
import { spawnSync } from 'node:child_process'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { addSandbox, imageDir, writeIn } from '../../src/demo/world.ts'
import { interfaces } from '../kernel/ownNetwork.ts'
import { run, until } from '../kernel/supervised.ts'
import type { Supervised } from '../kernel/supervised.ts'
import { freePort } from '../kernel/serving.ts'
import { compile } from '../kernel/world.ts'

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

const count = (self: Supervised): Counted => {
  const { pid } = self.tree()
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return {
    'mounts of the host': linesOf('/proc/self/mountinfo'),
    'mounts of the supervisor': linesOf(`/proc/${pid}/mountinfo`),
    interfaces: interfaces().length,
    'control groups': self.leftovers().filter(text => text.startsWith('/sys/fs/cgroup')).length,
    'descriptors of the supervisor': readdirSync(`/proc/${pid}/fd`).length,
    'children of the supervisor': childrenOf(pid).length,
    'status files': filesIn(join(self.world.root, 'run')),
    'memory of the supervisor, KiB': Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]),
    'threads of the supervisor': Number(/^Threads:\s+(\d+)/m.exec(status)?.[1]),
  }
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

/** What is not as before. Of memory the collector keeps some. */
export const differences = (before: Counted, after: Counted): readonly string[] =>
  Object.entries(after).flatMap(([what, now]) => {
    const was = before[what] ?? 0
    const isMemory = what.startsWith('memory')
    const isLeft = isMemory ? now > was + 16_384 : now > was
    return isLeft ? [`${what}: ${was} before, ${now} after`] : []
  })

/** In a network of its own. Half as many starts come first, for what is made once: a heap, say. */
export const churn = async (
  self: Supervised,
  starts: number,
): Promise<{ readonly starts: number; readonly before: Counted; readonly after: Counted }> => {
  const program = join(self.world.root, 'bridge')
  compile('bridge.c', program)
  assert.is(spawnSync(program, ['br0', '198.18.0.1', '16']).status, 0)
  const kinds = kindsFor(await freePort())
  configure(self, kinds)
  await self.start()
  const reach = async (most: number): Promise<void> => {
    for (let seen = startsOf(self); seen < most;) {
      await until('some more have started', () => startsOf(self) >= Math.min(most, seen + 50))
      seen = startsOf(self)
    }
  }
  await reach(Math.ceil(starts / 2))
  await rest(self, kinds)
  const before = count(self)
  const begun = startsOf(self)
  for (const [name] of kinds) {
    const back = ['--master', self.world.master, '--rollback', '--timeout', '1', name]
    const { status, stderr } = run('lithos_switch', ...back)
    assert.ok(status === 0 || status === 3, stderr)
  }
  await reach(begun + starts)
  await rest(self, kinds)
  return { starts: startsOf(self) - begun, before, after: count(self) }
}
