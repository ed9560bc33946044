/**
 * The supervisors of this host and their containers, as /proc tells them, for lithos_ps: those of
 * lithos 0.18, too, and those whose supervisor is gone. A supervisor is called `lithos_tree`; a
 * knot is told by its arguments. Both have to be where only the host's own processes are, so that
 * nothing in a container can pass for one.
 */
import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'
import { readTexts } from '../../native/look.ts'
import {
  commandPath,
  descriptorTarget,
  initsAmong,
  isOnHost,
  parseCommand,
} from '../../native/proc.ts'
import type { Sweep } from '../../native/processes.ts'
import { directoryOf, fromHere } from '../../native/here.ts'

export interface Knot {
  readonly pid: number
  readonly name: string
  readonly master: string
}

export interface FoundTree {
  /** Null: its containers live, and it does not. */
  readonly pid: number | null
  /** The master configuration, as the supervisor was told it. */
  readonly config: string
  /** The same, from wherever one looks. */
  readonly path: string
  readonly knots: readonly Knot[]
}

const defaultMaster = '/etc/lithos/master.yaml'

/** Supervisors by pid, then what nobody supervises. */
export const findTrees = (sweep: Sweep): readonly FoundTree[] => {
  const named = (name: string): readonly number[] =>
    [...sweep.processes.values()].filter(process => process.name === name).map(({ pid }) => pid)
  const trees = wordsOf(named('lithos_tree'))
    .filter(({ pid }) => isOnHost(pid))
    .map(({ pid, words }) => ({ pid, ...placeOf(words, directoryOf(pid)) }))
  const candidates = wordsOf(named('lithos_knot')).flatMap(({ pid, words }) => knotIn(pid, words))
  const names = new Map(candidates.map(knot => [knot.pid, knot.name]))
  // What a knot has forked looks like the knot until it executes its program.
  const apart = candidates.filter(
    ({ pid, name }) => names.get(sweep.processes.get(pid)?.parent ?? 0) !== name,
  )
  const inits = initsAmong(apart.map(({ pid }) => pid))
  const knots = apart.filter(({ pid }) => inits.has(pid))
  const taken = new Set<number>()
  const living = new Set(trees.map(({ pid }) => pid))
  const found: FoundTree[] = trees.map(({ pid, home, ...place }) => {
    const own = knots.filter(knot => {
      const parent = sweep.processes.get(knot.pid)?.parent ?? 0
      const supervisor = living.has(parent) ? parent : adopterOf(knot)
      return supervisor === null ? resolve(home, knot.master) === place.path : supervisor === pid
    })
    for (const knot of own) taken.add(knot.pid)
    return { pid, ...place, knots: own }
  })
  const orphans = knots.filter(({ pid }) => !taken.has(pid))
  const masters = [...new Set(orphans.map(({ master }) => master))].sort()
  return [
    ...found,
    ...masters.map(config => ({
      pid: null,
      config,
      path: fromHere(config),
      knots: orphans.filter(({ master }) => master === config),
    })),
  ]
}

/**
 * Two may have been started with the same words, in two directories: then it is told by where the
 * knot writes. Null: by its words; or nobody may look.
 */
const adopterOf = ({ pid, master }: Knot): number | null => {
  const file = isAbsolute(master) ? null : descriptorTarget(pid, 4)
  if (file === null || basename(dirname(file)) !== 'knots') return null
  try {
    const text = readFileSync(join(dirname(dirname(file)), 'master.pid'), 'utf8')
    return /^\d+\s*$/.test(text) ? Number(text) : null
  } catch {
    return null
  }
}

const wordsOf = (pids: readonly number[]) => {
  const texts = readTexts(pids.map(commandPath))
  return pids.map((pid, index) => ({ pid, words: parseCommand(texts[index] ?? '') }))
}

/** Ours has set its title, which makes one word of all; the original has its words as given. */
const placeOf = (words: readonly string[], home: string) => {
  const isTitle = words.slice(1).every(word => word === '')
  const apart = isTitle ? (words[0] ?? '').trim().split(' ') : words
  const [first = defaultMaster, ...others] = configIn(apart)
  // In a title nobody can see where a file's name ends: where there is such a file.
  const longer = isTitle ? others.map((_, index) => [first, ...others.slice(0, index + 1)]) : []
  const config =
    longer.map(parts => parts.join(' ')).findLast(name => existsSync(resolve(home, name))) ?? first
  return { home, config, path: resolve(home, config) }
}

/** It, and all that stands behind it. */
const configIn = (words: readonly string[]): readonly string[] => {
  for (const [index, word] of words.entries()) {
    const behind = words.slice(index + 1)
    if (word === '--config' || word === '-C') return behind
    if (word.startsWith('--config=')) return [word.slice('--config='.length), ...behind]
    if (/^-C./.test(word)) return [word.slice(2), ...behind]
  }
  return []
}

const knotIn = (pid: number, words: readonly string[]): readonly Knot[] => {
  const valueOf = (option: string): string | null => {
    const at = words.indexOf(option)
    return at === -1 ? null : (words[at + 1] ?? null)
  }
  const name = valueOf('--name')
  return basename(words[0] ?? '') === 'lithos_knot' && name !== null
    ? [{ pid, name, master: valueOf('--master') ?? defaultMaster }]
    : []
}

export interface Named {
  readonly sandbox: string
  readonly process: string
  readonly index: number
}

/** `web/http.2`. What is not of this form is told as well as it can be. */
export const partsOf = (name: string): Named => {
  const slash = name.indexOf('/')
  if (slash < 0) return { sandbox: name, process: '<unknown>', index: 0 }
  const [sandbox, rest] = [name.slice(0, slash), name.slice(slash + 1)]
  const dot = rest.lastIndexOf('.')
  return dot >= 0 && /^\d+$/.test(rest.slice(dot + 1))
    ? { sandbox, process: rest.slice(0, dot), index: Number(rest.slice(dot + 1)) }
    : { sandbox, process: rest, index: 0 }
}
