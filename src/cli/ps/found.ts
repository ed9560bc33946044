/**
 * What lithos_ps shows: every supervisor of this host with its containers as the kernel knows
 * them, and, where the journal may be read, what else is wanted and how lives have ended.
 */
import { sweep } from '../../../native/processes.ts'
import { headsOf } from '../../look/family.ts'
import type { Head } from '../../look/family.ts'
import { findTrees, partsOf } from '../../look/trees.ts'
import type { FoundTree, Named } from '../../look/trees.ts'
import type { Refused, Status } from '../../status.ts'
import { fromHere, isSameFile } from '../../../native/here.ts'

export interface Child extends Named {
  readonly name: string
  /** Null: no process of it lives. */
  readonly knot: number | null
  readonly heads: readonly Head[]
  /** What the journal knows of it; nothing of what lithos_cmd or another lithos has started. */
  readonly status: Status | null
}

export interface PsTree {
  readonly pid: number | null
  readonly config: string
  readonly children: readonly Child[]
  readonly refused: readonly Refused[]
}

/** What a journal says, by the master configuration. */
export interface Remembered {
  readonly supervisor: number | null
  readonly statuses: readonly Status[]
  readonly refused: readonly Refused[]
}

export type Remember = (config: string) => Promise<Remembered | null>

/**
 * `only`: one master configuration, which is shown also where nothing of it lives, and the pid of
 * its supervisor where that is known.
 */
export const findAll = async (
  only: { readonly config: string; readonly supervisor: number | null } | null,
  remember: Remember,
): Promise<readonly PsTree[]> => {
  const now = sweep()
  const wanted = only === null ? null : fromHere(only.config)
  const found = findTrees(now).filter(
    ({ pid, path }) =>
      wanted === null ||
      // Where another one works is shown to root only, and his path may be relative.
      (pid !== null && pid === only?.supervisor) ||
      isSameFile(path, wanted),
  )
  const heads = headsOf(
    now,
    found.flatMap(({ knots }) => knots.map(({ pid }) => pid)),
  )
  const shown: readonly FoundTree[] =
    wanted !== null && found.length === 0
      ? [{ pid: null, config: wanted, path: wanted, knots: [] }]
      : found
  return Promise.all(shown.map(async tree => treeOf(tree, heads, await remember(tree.path))))
}

const treeOf = (
  { pid, config, knots }: FoundTree,
  heads: ReadonlyMap<number, readonly Head[]>,
  remembered: Remembered | null,
): PsTree => {
  const statuses = new Map((remembered?.statuses ?? []).map(status => [status.name, status]))
  const living = knots.map(knot => ({
    ...partsOf(knot.name),
    name: knot.name,
    knot: knot.pid,
    heads: heads.get(knot.pid) ?? [],
    status: statuses.get(knot.name) ?? null,
  }))
  const names = new Set(living.map(({ name }) => name))
  const others = [...statuses.values()]
    .filter(({ name }) => !names.has(name))
    .map(status => ({ ...partsOf(status.name), name: status.name, knot: null, heads: [], status }))
  return {
    pid: pid ?? remembered?.supervisor ?? null,
    config,
    children: [...living, ...others].sort(inOrder),
    refused: remembered?.refused ?? [],
  }
}

const inOrder = (a: Child, b: Child): number =>
  compare(a.sandbox, b.sandbox) || compare(a.process, b.process) || a.index - b.index

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
