/** What the journal says of the ends of containers, against what is known of them. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { program } from '../../src/demo/world.ts'
import type { World } from '../../src/demo/world.ts'
import { constants } from 'node:os'
import type { Cast } from './cast.ts'
import type { Kill } from './disturb.ts'
import { keyOf } from './watch.ts'
import type { Seen } from './watch.ts'

type Said = Readonly<Record<string, unknown>> & { readonly type: string }

export interface Verdict {
  readonly ends: number
  readonly missing: readonly string[]
  readonly wrong: readonly string[]
  readonly twice: readonly string[]
  readonly findings: string
  readonly loaded: number
  readonly refused: number
}

const readJournal = (world: World): readonly Said[] =>
  execFileSync(program('lithos'), ['journal', 'show', '-C', world.master, '--json'], {
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  })
    .split('\n')
    .filter(line => line.startsWith('{'))
    .flatMap(line => (JSON.parse(line) as { readonly inputs?: readonly Said[] }).inputs ?? [])

const lifeOf = ({ instance, incarnation }: Said): string =>
  `${String(instance)} life ${String(incarnation)}`

export const judge = (
  cast: Cast,
  kills: readonly Kill[],
  everSeen: readonly (Seen & { readonly lastAt: number })[],
): Verdict => {
  const { world } = cast
  const inputs = readJournal(world)
  const of = (...types: readonly string[]) => inputs.filter(({ type }) => types.includes(type))
  const ends = of('knot.exited', 'knot.refused')
  const byLife = new Map<string, Said[]>()
  for (const end of ends) byLife.set(lifeOf(end), [...(byLife.get(lifeOf(end)) ?? []), end])
  const lives = new Map<string, string>()
  for (const said of of('knot.launched', 'knot.adopted'))
    lives.set(
      `${String(said['instance'])} ${String(said['pid'])} ${String(said['birth'])}`,
      lifeOf(said),
    )
  // A supervisor that died between a launch and its fact: the next one knows only the end.
  const launched = new Set(lives.values())
  const unheard = ends.filter(end => !launched.has(lifeOf(end)))
  const endOf = new Map<string, Said>()
  for (const knot of [...everSeen].sort((a, b) => a.lastAt - b.lastAt)) {
    const life = lives.get(keyOf(knot))
    const known = life === undefined ? undefined : byLife.get(life)?.[0]
    const end = known ?? takeFirst(unheard, end => isOf(end, knot))
    if (end !== undefined) endOf.set(keyOf(knot), end)
  }

  const missing: string[] = []
  const wrong: string[] = []
  for (const { knot, signal, at } of kills) {
    const end = endOf.get(keyOf(knot))
    const what = `${knot.instance} (knot ${knot.pid}) was killed by ${signal} at ${at}`
    if (end === undefined) missing.push(what)
    else if (!isBy(end, signal, knot.instance.startsWith('mod/')))
      wrong.push(`${what}, the journal says ${JSON.stringify(end)}`)
  }
  for (const knot of everSeen)
    if (endOf.get(keyOf(knot)) === undefined)
      missing.push(`${knot.instance}, knot ${knot.pid}, once seen`)
  for (const end of ends)
    // Stopped before its application was started it never had one, and said so with a 0.
    if (end.type === 'knot.exited' && end['app'] === undefined && end['status'] !== 0)
      wrong.push(`nobody knows how it ended: ${JSON.stringify(end)}`)
  judgeMortals(cast, ends, missing, wrong)

  return {
    ends: ends.length,
    missing,
    wrong,
    twice: [...byLife]
      .filter(([, all]) => all.length > 1)
      .map(([life, all]) => `${life}: ${JSON.stringify(all)}`),
    findings: verify(world),
    loaded: of('config.loaded').length,
    refused: of('config.refused').length,
  }
}

const isOf = (end: Said, { instance, pid, lastAt }: Seen & { readonly lastAt: number }): boolean =>
  end['instance'] === instance && end['pid'] === pid && Number(end['at']) >= lastAt

const takeFirst = <T>(list: T[], isWanted: (item: T) => boolean): T | undefined => {
  const at = list.findIndex(isWanted)
  return at === -1 ? undefined : list.splice(at, 1)[0]
}

/** A changing one may have been told to end just before. */
const isBy = ({ app }: Said, signal: NodeJS.Signals, isChanging: boolean): boolean => {
  const number = Number(app) & 0x7f
  return number === constants.signals[signal] || (isChanging && [9, 15].includes(number))
}

/** Those that die by themselves say goodbye before: as many ends of that kind there must be. */
const judgeMortals = (
  { world, fates }: Cast,
  ends: readonly Said[],
  missing: string[],
  wrong: string[],
): void => {
  const kinds = new Map<string, number>()
  for (const [instance, fate] of fates)
    if (typeof fate === 'object') kinds.set(instance.replace(/\.\d+$/, ''), fate.status)
  let expected = 0
  for (const [process, status] of kinds) {
    const mine = ends.filter(
      ({ type, instance }) =>
        type === 'knot.exited' && String(instance).replace(/\.\d+$/, '') === process,
    )
    for (const end of mine) {
      // Only at the end of all are they asked to end.
      const app = Number(end['app']) & ~0x80
      if (app === status) expected += 1
      else if (app !== 15) wrong.push(`${process} ends with ${status}: ${JSON.stringify(end)}`)
    }
  }
  const goodbyes = countGoodbyes(join(world.root, 'log'))
  if (goodbyes !== expected) missing.push(`${goodbyes} said goodbye, the journal knows ${expected}`)
}

const countGoodbyes = (dir: string): number =>
  !existsSync(dir)
    ? 0
    : readdirSync(dir, { recursive: true, withFileTypes: true })
        .filter(entry => entry.isFile() && entry.name.endsWith('.log'))
        .map(entry => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
        .reduce((sum, text) => sum + (text.match(/^goodbye$/gm)?.length ?? 0), 0)

const verify = (world: World): string => {
  try {
    const text = execFileSync(program('lithos'), ['journal', 'verify', '-C', world.master], {
      encoding: 'utf8',
      maxBuffer: 1 << 30,
    })
    return / 0 findings/.test(text) ? '' : text
  } catch (error) {
    return String((error as { stdout?: string }).stdout ?? error)
  }
}
