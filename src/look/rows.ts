/**
 * Every instance as `lithos ls` and its neighbours show it: what the journal remembers of it, and
 * what the kernel says of its processes now.
 */
import { bootId } from '../../native/bootId.ts'
import { sweep } from '../../native/processes.ts'
import type { Sweep } from '../../native/processes.ts'
import type { InstanceSnapshot, State } from '../decide.ts'
import type { Spec } from '../spec.ts'
import { plightOf } from '../plight.ts'
import { statusOf } from '../status.ts'
import type { Status } from '../status.ts'
import { headsOf, sum } from './family.ts'
import type { Head, Usage } from './family.ts'
import { partsOf } from './trees.ts'
import type { Named } from './trees.ts'

export interface Row extends Status, Named {
  readonly memory: InstanceSnapshot['context']
  /** Of its present life, else of what is wanted. Null where nobody remembers it. */
  readonly spec: Spec | null
  /** It runs with a configuration that is not the wanted one any more. */
  readonly isOutdated: boolean
  /** What keeps it from running, or from being what is wanted. */
  readonly plight: string | null
  readonly heads: readonly Head[]
  /** Null where no process of it lives, or nobody has looked. */
  readonly usage: Usage | null
}

export interface LookOptions {
  readonly mono: number
  /** Of others no memory is read: figures of use are null. */
  readonly withUsage: boolean | ((instance: string) => boolean)
}

export interface Looked {
  readonly rows: readonly Row[]
  readonly sweep: Sweep
}

/** `state`: what a journal of this host says. */
export const lookAt = (state: State, { mono, withUsage }: LookOptions): Looked => {
  const isThisBoot = state.tree.context.bootId === bootId()
  const now = sweep()
  const isAlive = (pid: number, birth: number): boolean =>
    isThisBoot && now.processes.get(pid)?.birth === birth
  const statuses = statusOf(state, { mono }, isAlive)
  const isMeant = typeof withUsage === 'boolean' ? () => withUsage : withUsage
  const knots = statuses.flatMap(({ name, knotPid, state: said }) =>
    knotPid === null || said === 'lost' || !isMeant(name) ? [] : [knotPid],
  )
  const heads = headsOf(now, knots)
  const rows = statuses.flatMap(status => {
    const snapshot = state.instances.get(status.name)
    return snapshot === undefined
      ? []
      : [rowOf(state, { ...status, plight: plightOf(state, status.name, mono) }, snapshot, heads)]
  })
  return { rows, sweep: now }
}

const rowOf = (
  state: State,
  status: Status & Pick<Row, 'plight'>,
  { context }: InstanceSnapshot,
  heads: ReadonlyMap<number, readonly Head[]>,
): Row => {
  const { life, want } = context
  const isLost = status.state === 'lost'
  const own = isLost ? undefined : heads.get(status.knotPid ?? 0)
  const hash = life?.spec ?? want?.spec
  return {
    ...status,
    ...(isLost && { pid: null, knotPid: null, uptimeMs: null }),
    ...partsOf(status.name),
    memory: context,
    spec: hash == null ? null : ((state.specs.get(hash) as Spec | undefined) ?? null),
    isOutdated: life !== null && want !== null && life.config !== want.config,
    heads: own ?? [],
    usage: own === undefined || own.length === 0 ? null : sum(own),
  }
}
