/** What can be said of all instances and sandboxes of a state together. Pure. */
import { chainOf, sandboxOf } from '../machines/order.ts'
import { isUnreadyNow } from '../machines/questions.ts'
import type { Letter, Standing } from '../machines/letters.ts'
import type { Wanted } from '../machines/vocabulary.ts'
import type { InstanceSnapshot, SandboxSnapshot, TreeSnapshot } from './decide.ts'

/** As its sandbox sees it, who tells others to wait for it. */
export const standingOf = ({ value, context }: InstanceSnapshot): Standing => {
  const { life, want } = context
  if (life === null) return 'none'
  if (value === 'running') return isUnreadyNow(context) ? 'coming' : 'up'
  const isGoing = value === 'leaving' || value === 'stopping' || value === 'killing'
  return isGoing || want === null || want.config !== life.config ? 'going' : 'coming'
}

/**
 * Who is up when an order begins. One that was found, and runs as it is wanted to, is left out: it
 * will be told so, and say then that it is up; nobody has to stand in for it.
 */
export const muster = (
  sandbox: string,
  instances: ReadonlyMap<string, InstanceSnapshot>,
  { told, wanted }: Readonly<Record<'told' | 'wanted', Readonly<Record<string, Wanted>>>>,
): Readonly<Record<string, Standing>> =>
  Object.fromEntries(
    [...instances].flatMap(([name, snapshot]) => {
      const standing = standingOf(snapshot)
      const isAsWanted = snapshot.context.life?.config === wanted[name]?.config
      const isFound = isAsWanted && !Object.hasOwn(told, name) && standing !== 'going'
      return sandboxOf(name) !== sandbox || isFound ? [] : [[name, standing] as const]
    }),
  )

/** Those that end one after the other need more time. */
export const census = (
  instances: ReadonlyMap<string, InstanceSnapshot>,
  sandboxes: ReadonlyMap<string, SandboxSnapshot>,
): Pick<Letter & { type: 'census' }, 'alive' | 'longestKillMs' | 'killsAt'> => {
  let [alive, longestKillMs, killsAt] = [0, 0, 0]
  const chains = new Map<string, number>()
  for (const [name, { context }] of instances) {
    const { life, timer } = context
    if (life === null) continue
    if (timer?.timer === 'kill') killsAt = Math.max(killsAt, timer.due)
    const sandbox = sandboxOf(name)
    const order = sandboxes.get(sandbox)?.context.order
    const chain = chains.get(sandbox) ?? (order === undefined ? 1 : chainOf(order))
    chains.set(sandbox, chain)
    const oneMs = life.killMs + (life.policy?.preStop?.timeoutMs ?? 0)
    alive += 1
    longestKillMs = Math.max(longestKillMs, oneMs * chain)
  }
  return { alive, longestKillMs, killsAt }
}

/** Hashes of specifications that nobody is to be started with. */
export const unwantedSpecs = (
  specs: ReadonlyMap<string, unknown>,
  sandboxes: ReadonlyMap<string, SandboxSnapshot>,
): readonly string[] => {
  const wanted = new Set<string>()
  for (const { context } of sandboxes.values()) {
    const { held = {}, spares = {} } = context.order ?? {}
    const all = [context.wanted, held, spares].flatMap(record => Object.values(record))
    for (const one of all) if (one !== null) wanted.add(one.spec)
  }
  return [...specs.keys()].filter(hash => !wanted.has(hash))
}

/** Whether this letter asks for a start that has to take its turn. */
export const isSpread = (
  tree: TreeSnapshot,
  instance: InstanceSnapshot | undefined,
  letter: Letter,
): letter is Letter & { readonly type: 'want' } =>
  letter.type === 'want' &&
  tree.context.startRate !== undefined &&
  instance?.context.life?.config !== letter.wanted.config

export const isEnding = ({ value }: TreeSnapshot): boolean =>
  value === 'stopping' || value === 'abandoning' || value === 'stopped'

export const isOtherBoot = ({ context }: TreeSnapshot, bootId: string): boolean =>
  context.bootId !== null && context.bootId !== bootId
