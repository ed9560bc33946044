/**
 * `npm run demo`: a supervisor with a few sandboxes, made from what this host has. One instance is
 * killed before the reader's eyes, comes back, and the journal is asked why; then everything is
 * stopped, and what is left of it is counted. Everything lies in one temporary directory.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { instances, makeStage } from './stage.ts'
import {
  applicationOf,
  isRoot,
  knots,
  leftovers,
  program,
  removeWorld,
  startTree,
  stopTree,
} from './world.ts'
import type { Tree, World } from './world.ts'

const say = (text: string): void => void process.stdout.write(`\n# ${text}\n`)

const typed = (line: string): void => void process.stdout.write(`$ ${line}\n`)

/** A command as a reader could type it, and what it prints. */
const show = (world: World, name: string, ...words: string[]): void => {
  typed(`${[name, ...words].join(' ')} --config $C`)
  const argv = [...words, '--config', world.master]
  const { status } = spawnSync(program(name), argv, { stdio: 'inherit' })
  if (status !== 0) throw new Error(`${name} ended with ${status}`)
}

/** What the instance answers; null while nobody listens. */
const ask = (port: number): Promise<string | null> =>
  new Promise(resolve => {
    get({ host: '127.0.0.1', port, agent: false }, response => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part))
      response.on('end', () => resolve(text.trimEnd()))
    }).on('error', () => resolve(null))
  })

/** Long enough for the mayfly to have died and come back. */
const watchMs = 3500

const patienceMs = 20_000

/** Waits until it answers, as something else than `not`. */
const answer = async (world: World, port: number, not = ''): Promise<string> => {
  const began = performance.now()
  while (performance.now() - began < patienceMs) {
    const text = await ask(port)
    if (text !== null && text !== not) return text
    await setTimeout(5)
  }
  const said = readFileSync(join(world.root, 'tree.out'), 'utf8')
  throw new Error(`nobody answers on port ${port}; the supervisor said:\n${said}`)
}

const askAll = async (world: World, port: number): Promise<void> => {
  for (let index = 0; index < instances; index++) {
    typed(`curl http://127.0.0.1:${port + index}`)
    process.stdout.write(`${await answer(world, port + index)}\n`)
  }
}

const play = async (world: World, port: number, tree: Tree): Promise<void> => {
  await askAll(world, port)
  await setTimeout(watchMs)
  show(world, 'lithos', 'ls')

  const victim = 'web/hello.1'
  const pid = applicationOf(knots(world).get(victim) ?? 0)
  if (pid === null) throw new Error(`${victim} does not run`)
  say(`Somebody kills ${victim}.`)
  typed(`kill -9 ${pid}`)
  const began = performance.now()
  process.kill(pid, 'SIGKILL')
  while ((await ask(port + 1)) !== null) await setTimeout(5)
  const text = await answer(world, port + 1)
  typed(`curl http://127.0.0.1:${port + 1}\n${text}`)
  const seconds = ((performance.now() - began) / 1000).toFixed(2)
  say(`It answers again ${seconds} s after the kill. Why did it restart?`)
  show(world, 'lithos', 'why', victim)
  show(world, 'lithos', 'ls')

  say('The supervisor is asked to stop, and stops them all.')
  typed(`kill ${tree.pid}`)
  const end = await stopTree(world, tree)
  process.stdout.write(`lithos_tree ended with ${end}\n`)
}

const demo = async (): Promise<void> => {
  const { world, port } = await makeStage()
  let tree: Tree | null = null
  try {
    say(`Images of this host's node and sh, three sandboxes, all of it in ${world.root}:`)
    typed(`C=${world.master}`)
    show(world, 'lithos_check')
    typed(`lithos_tree ${isRoot ? '' : '--rootless '}--config $C &`)
    tree = startTree(world)
    await play(world, port, tree)
    const rest = leftovers(world)
    say(
      rest.length === 0
        ? 'No process, mount or control group is left.'
        : `This is left:\n${rest.join('\n')}`,
    )
    if (rest.length > 0) process.exitCode = 1
  } finally {
    await removeWorld(world, tree)
  }
}

await demo()
