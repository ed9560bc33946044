/** One chaos, from the first start to the last look at what is left. */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { childrenOf, commandLine } from '../../native/proc.ts'
import { leftovers, removeWorld, stopTree } from '../../src/demo/world.ts'
import { prng } from '../prng.ts'
import { makeCast } from './cast.ts'
import type { Cast } from './cast.ts'
import { startClient } from './client.ts'
import type { Client } from './client.ts'
import { createDisturber } from './disturb.ts'
import { startInit } from './init.ts'
import { judge } from './judge.ts'
import { watch } from './watch.ts'
import type { Watch } from './watch.ts'

export interface Options {
  readonly seconds: number
  readonly containers: number
  readonly seed: number
  /** Aborted: everything is put away at once. */
  readonly abort?: AbortSignal
}

export interface Report {
  readonly seed: number
  readonly containers: number
  readonly seconds: number
  /** What was done to whom, and how much was looked at. */
  readonly done: Readonly<Record<string, number>>
  readonly starts: number
  readonly ends: number
  readonly connects: Readonly<Record<string, number>>
  readonly samples: number
  readonly reloads: { readonly loaded: number; readonly refused: number }
  /** What must not be: every list is empty after a good run. */
  readonly faults: Readonly<Record<string, readonly string[]>>
  /** Where the world was kept, if there are faults. */
  readonly kept: string | null
}

const sampleMs = 50
const patienceMs = 60_000

/** Runs until nothing is missing any more, or patience is over: then says what is missing. */
const settled = async (
  cast: Cast,
  watched: Watch,
  abort: AbortSignal | undefined,
): Promise<readonly string[]> => {
  const deadline = Date.now() + patienceMs
  for (;;) {
    const running = new Set(
      watched
        .sample()
        .filter(({ pid }) => childrenOf(pid).some(app => commandLine(app)?.[0] === '/guest'))
        .map(({ instance }) => instance),
    )
    const wanted = [...cast.fates].filter(([, fate]) => fate === 'ours').map(([name]) => name)
    const isModThere = [...running].some(name => name.startsWith('mod/'))
    const missing = [...wanted.filter(name => !running.has(name)), ...(isModThere ? [] : ['mod'])]
    if (missing.length === 0) return []
    if (abort?.aborted === true) throw new Error('interrupted')
    if (Date.now() > deadline) return missing.map(name => `${name} does not run`)
    await setTimeout(sampleMs)
  }
}

const filesLeft = ({ world }: Cast): readonly string[] =>
  ['run/knots', 'run/state'].flatMap(dir => {
    const path = join(world.root, dir)
    return existsSync(path) ? readdirSync(path).map(name => `${dir}/${name}`) : []
  })

export const runChaos = async (options: Options): Promise<Report> => {
  const { seconds, containers, seed, abort } = options
  const random = prng(seed)
  const cast = await makeCast(containers)
  const { world } = cast
  const init = startInit(world)
  const watched = watch(cast)
  let keep = false
  let isOver = false
  let client: Client | null = null
  const look = async (): Promise<void> => {
    for (; !isOver; await setTimeout(sampleMs)) watched.sample()
  }
  try {
    const atFirst = await settled(cast, watched, abort)
    if (atFirst.length > 0) throw new Error(`it does not even start: ${atFirst.join(', ')}`)
    client = startClient(cast.ports)
    const disturber = createDisturber({ cast, init, watched, random })
    const looking = look()

    const end = Date.now() + seconds * 1000
    // On a slow host little may have happened until then.
    const isTooLittle = (): boolean => init.starts() < 2 || disturber.kills.length === 0
    while ((Date.now() < end || isTooLittle()) && abort?.aborted !== true)
      await disturber.disturbOnce()
    await disturber.calm()
    if (abort?.aborted === true) throw new Error('interrupted')
    const missing = await settled(cast, watched, abort)
    isOver = true
    await looking
    await client.stop()
    await init.retireAlive()
    const code = await stopTree(world, init.tree())

    const verdict = judge(cast, disturber.kills, [...watched.everSeen.values()])
    const { connects, refused, other, answered, cut } = client.counts
    const faults = {
      'not running at the end': missing,
      'doubled or lost instances': watched.faults,
      'exit statuses lost': verdict.missing,
      'exit statuses wrong': verdict.wrong,
      'ends told twice': verdict.twice,
      'connections refused': refused + other === 0 ? [] : [`${refused} refused, ${other} failed`],
      'no connection answered': answered === 0 ? ['the client was never answered'] : [],
      'starts that failed': init.badEnds,
      'findings of lithos journal verify': verdict.findings === '' ? [] : [verdict.findings],
      'the last stop': code === 0 ? [] : [`lithos_tree ended with ${code}`],
      'left behind': [...leftovers(world), ...filesLeft(cast)],
    }
    keep = Object.values(faults).some(list => list.length > 0)
    return {
      seed,
      containers,
      seconds,
      done: { ...disturber.done, 'applications killed, each': disturber.kills.length },
      starts: init.starts(),
      ends: verdict.ends,
      connects: { connects, answered, 'cut off by the death of a server': cut },
      samples: watched.counts.samples,
      reloads: { loaded: verdict.loaded, refused: verdict.refused },
      faults,
      kept: keep ? world.root : null,
    }
  } finally {
    isOver = true
    init.retire()
    await client?.stop()
    await removeWorld(world, init.tree(), keep)
  }
}

export const outputOf = (root: string): string => readFileSync(join(root, 'tree.out'), 'utf8')
