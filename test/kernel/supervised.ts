/** A whole lithos for tests: the world of the demo with the guest of the kernel tests in it. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import {
  addSandbox,
  applicationOf,
  asItsUser,
  imageDir,
  knots,
  leftovers,
  makeImage,
  makeWorld,
  program,
  removeWorld,
  startTree,
  stopTree,
  writeIn,
} from '../../src/demo/world.ts'
import type { Tree, World } from '../../src/demo/world.ts'
import * as assert from 'uvu/assert'
import { compile } from './compile.ts'
import { otherUser } from './ordinary.ts'

export interface Supervised {
  readonly world: World
  readonly tree: () => Tree
  /** Processes of sandbox `web`, and more lines of that: entry in the process file, container. */
  readonly configure: (processes: Readonly<Record<string, Configured>>, lines?: string) => void
  /** `path`: of another installation's `lithos_tree`. */
  readonly start: (path?: string) => Promise<void>
  readonly stop: () => Promise<number | string>
  readonly knotOf: (instance: string) => number | null
  readonly appOf: (instance: string) => number | null
  readonly ps: () => readonly Row[]
  readonly command: (name: string, ...words: readonly string[]) => string
  readonly log: (path: string) => string
  readonly turns: () => readonly Turn[]
  readonly leftovers: () => readonly string[]
  readonly close: () => Promise<void>
}

export interface Configured {
  readonly instances?: number
  readonly entry?: string
  readonly container: string
}

export interface Row {
  readonly name: string
  readonly state: string
  readonly pid: number | null
  readonly app_pid: number | null
  readonly restarts: number
  readonly last_exit: string | null
}

export interface Turn {
  readonly seq: number
  readonly inputs: readonly (Readonly<Record<string, unknown>> & { readonly type: string })[]
  readonly effects: readonly (Readonly<Record<string, unknown>> & { readonly type: string })[]
}

/**
 * Waits for what must become true; a machine may be slow, so the patience is long. Whoever waits
 * for long looks less often: those it waits for need the processor.
 */
export const until = async (what: string, isTrue: () => boolean): Promise<void> => {
  for (let waited = 0; !isTrue();) {
    if (waited > 60_000) throw new Error(`waited in vain until ${what}`)
    const pauseMs = waited < 100 ? 5 : 20
    await setTimeout(pauseMs)
    waited += pauseMs
  }
}

export const makeSupervised = (masterLines = '', user = otherUser): Supervised => {
  const world = makeWorld('test', masterLines, user)
  const image = makeImage(world, 'img')
  mkdirSync(join(image, 'bin'))
  compile('guest.c', join(image, 'bin', 'guest'), '-static')
  let tree: Tree | null = null
  const seen = new Map<string, Turn>()
  let lastState = ''

  const command = (name: string, ...given: readonly string[]): string => {
    const [file, ...words] = asItsUser(world, program(name), given)
    return execFileSync(file, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  }

  const self: Supervised = {
    world,
    tree: () => {
      if (tree === null) throw new Error('there is no supervisor yet')
      return tree
    },
    configure: (processes, lines = '') => {
      for (const [name, { container }] of Object.entries(processes))
        writeIn(imageDir(world, 'img'), `config/${name}.yaml`, container)
      addSandbox(world, 'web', {
        sandbox:
          'allow-users: [0-70000]\nallow-groups: [0-70000]\nallow-tcp-ports: [1-65535]\n' +
          `default-user: 1000\n${lines}`,
        // A file says that nothing shall run; an empty one would be taken for a torn one.
        processes:
          Object.entries(processes)
            .map(
              ([name, { instances = 1, entry = '' }]) =>
                `${name}:\n  image: img\n  config: /config/${name}.yaml\n` +
                `  instances: ${instances}\n${entry}`,
            )
            .join('') || '{}\n',
      })
    },
    start: async path => {
      const loads = () =>
        self.turns().filter(({ effects }) => effects.some(({ type }) => type === 'load')).length
      const before = loads()
      giveToItsUser(world)
      tree = startTree(world, path)
      await until('the supervisor serves', () => loads() > before)
    },
    stop: async () => stopTree(world, self.tree()),
    knotOf: instance => knots(world).get(instance) ?? null,
    appOf: instance => {
      const knot = knots(world).get(instance)
      return knot === undefined ? null : applicationOf(knot)
    },
    ps: () =>
      (
        JSON.parse(command('lithos_ps', '-C', world.master, '--json')) as {
          trees: [{ children: Row[] }]
        }
      ).trees[0].children,
    command,
    log: path => {
      const file = join(world.root, 'log', path)
      return existsSync(file) ? readFileSync(file, 'utf8') : ''
    },
    turns: () => {
      const state = stateOf(world)
      if (state === lastState) return [...seen.values()]
      // A checkpoint begins a new file: what was seen once stays seen.
      for (const line of journal(world))
        if (!seen.has(line)) seen.set(line, JSON.parse(line.slice(line.indexOf('{'))) as Turn)
      lastState = state
      return [...seen.values()]
    },
    leftovers: () => leftovers(world),
    close: () => removeWorld(world, tree),
  }
  return self
}

/** What was written by us since then. */
const giveToItsUser = ({ root, user }: World): void => {
  if (user === undefined) return
  const ids = `${user.id}:${user.id}`
  execFileSync('find', [root, '-xdev', '-uid', '0', '-exec', 'chown', '-h', ids, '{}', '+'])
}

/** The newer file becomes the older one at a checkpoint: then both are read once more. */
const journal = (world: World): readonly string[] => {
  const before = statusOf(world)?.ino
  const lines = ['hot.previous', 'hot.log'].flatMap(name => linesIn(pathOf(world, name)))
  return statusOf(world)?.ino === before ? lines : journal(world)
}

/** The same: nothing was written since. */
const stateOf = (world: World): string => {
  const { ino, size, mtimeMs } = statusOf(world) ?? {}
  return `${ino} ${size} ${mtimeMs}`
}

const statusOf = (world: World) => lstatSync(pathOf(world, 'hot.log'), { throwIfNoEntry: false })

const pathOf = ({ root }: World, name: string): string => join(root, 'run', 'journal', name)

/** The last one may be on its way still. */
const linesIn = (file: string): readonly string[] =>
  (existsSync(file) ? readFileSync(file, 'utf8') : '')
    .split('\n')
    .slice(0, -1)
    .filter(line => line.includes('"inputs"') && line.endsWith('}'))

const logEnd = 4000

/** Runs a test in a world of its own, which is gone afterwards, also after a failure. */
export const supervised =
  (body: (supervised: Supervised) => Promise<void>, masterLines = '', user = otherUser) =>
  async (): Promise<void> => {
    const self = makeSupervised(masterLines, user)
    try {
      await body(self)
    } catch (error) {
      const said = readFileSync(join(self.world.root, 'tree.out'), { encoding: 'utf8', flag: 'a+' })
      if (said !== '') process.stderr.write(`the supervisor said: ${said}\n`)
      process.stderr.write(`its log ends:\n${self.log('master.log').slice(-logEnd)}\n`)
      throw error
    } finally {
      await self.close()
    }
  }

export const run = (name: string, ...words: readonly string[]) =>
  spawnSync(program(name), words, { encoding: 'utf8' })

export const damage = (file: string, change: (text: string) => string): void =>
  writeFileSync(file, change(readFileSync(file, 'utf8')))

export const sleeper = 'executable: /bin/guest\narguments: [sleep]\n'

/** The child of a knot may be on its way to its exec: the journal knows better. */
export const runs = (self: Supervised, ...instances: string[]) =>
  until(`${instances.join(', ')} run`, () => {
    const turns = self.turns()
    const started = [
      ...inputsOf(turns, 'app.started').map(({ pid }) => pid),
      // Started while one image gave way to the next.
      ...inputsOf(turns, 'knot.adopted').map(({ appPid }) => appPid),
    ]
    return instances.every(instance => started.includes(self.appOf(instance)))
  })

export const inputsOf = (turns: readonly Turn[], type: string) =>
  turns.flatMap(({ inputs }) => inputs).filter(input => input.type === type)

export const kill = (pid: number | null, signal: NodeJS.Signals = 'SIGKILL'): void => {
  assert.type(pid, 'number')
  process.kill(pid as number, signal)
}
