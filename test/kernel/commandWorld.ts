/** A world with commands in it: programs of this host, and one that fills the screen. */
import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { copyProgram, whereIs } from '../../src/init/programs.ts'
import { addSandbox, imageDir, leftovers, program, writeIn } from '../../src/demo/world.ts'
import type { World } from '../../src/demo/world.ts'
import { entriesOf } from './canary.ts'
import { compile } from './compile.ts'

const kinds: Readonly<Record<string, string>> = {
  sh: 'executable: /bin/sh\ninteractive: true\n',
  quiet: 'executable: /bin/sh\n',
  cat: 'executable: /bin/cat\ninteractive: true\n',
  keys: 'executable: /bin/keys\ninteractive: true\n',
  absent: 'executable: /bin/no-such\ninteractive: true\n',
  normal: 'executable: /bin/sh\ninteractive: true\nnormal-exit-codes: [3]\n',
  deaf: 'executable: /bin/sh\ninteractive: true\nkill-timeout: 1\n',
}

/** Sandbox `web`: commands of these names, and a daemon. `more`: lines of the sandbox. */
export const addCommands = (world: World, more = ''): void => {
  const image = imageDir(world, 'img')
  for (const name of ['sh', 'cat', 'sleep']) copyProgram(image, whereIs(name), `/bin/${name}`)
  compile('keys.c', join(image, 'bin/keys'), '-static')
  const environ = 'environ: {PATH: /bin}\n'
  for (const [name, lines] of Object.entries(kinds))
    writeIn(image, `config/${name}.yaml`, `kind: CommandOrDaemon\n${lines}${environ}`)
  const entry = (name: string, kind: string): string =>
    `${name}: {kind: ${kind}, image: img, config: /config/${name}.yaml}\n`
  writeIn(image, 'config/daemon.yaml', 'executable: /bin/sleep\narguments: ["1000"]\n')
  addSandbox(world, 'web', {
    sandbox: `allow-users: [0-70000]\nallow-groups: [0-70000]\ndefault-user: 1000\n${more}`,
    processes:
      Object.keys(kinds)
        .map(name => entry(name, 'Command'))
        .join('') + entry('daemon', 'Daemon'),
  })
}

export const commandWords = ({ master }: World, ...words: readonly string[]) => [
  '--master',
  master,
  ...words,
]

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** To its end, without a terminal. */
export const runCommand = (world: World, words: readonly string[], input = ''): Ran => {
  const { status, stdout, stderr } = spawnSync(
    program('lithos_cmd'),
    commandWords(world, ...words),
    { input, encoding: 'utf8', timeout: 30_000 },
  )
  return { code: status, stdout, stderr }
}

export const startCommand = (world: World, ...words: readonly string[]): ChildProcess =>
  spawn(program('lithos_cmd'), commandWords(world, ...words), {
    stdio: ['pipe', 'pipe', 'pipe'],
  })

/** Who there is for the command of this `lithos_cmd`; null where nobody is. */
export const partiesOf = (waiter: number) => {
  const children = childrenOf(waiter)
  const isKnot = (pid: number): boolean => (wordsOf(pid)[0] ?? '').endsWith('/lithos_knot')
  const knot = children.find(isKnot) ?? null
  return {
    knot,
    guard: children.find(pid => wordsOf(pid)[0] === 'lithos_cmd') ?? null,
    command: knot === null ? null : (childrenOf(knot)[0] ?? null),
  }
}

export const childrenOf = (pid: number): readonly number[] =>
  textOf(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number)

const wordsOf = (pid: number): readonly string[] => textOf(`/proc/${pid}/cmdline`).split('\0')

const textOf = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** That is of no use to anybody any more: in the world, and of it on the host. */
export const leftBehind = (world: World): readonly string[] => [
  ...leftovers(world),
  ...statesBelow(join(world.root, 'run', 'state')),
  ...groupsNamed(world.cgroup),
]

/** It may be on its way out just now. */
const statesBelow = (dir: string): readonly string[] =>
  entriesOf(dir).flatMap(entry => {
    const path = join(dir, entry.name)
    return [path, ...(entry.isDirectory() ? statesBelow(path) : [])]
  })

/** Of version 1 or 2. */
const groupsNamed = (name: string): readonly string[] =>
  ['', ...readdirSync('/sys/fs/cgroup')]
    .map(hierarchy => join('/sys/fs/cgroup', hierarchy, name))
    .filter(existsSync)
