/**
 * Who is connected to a bridge now. An address may be that of one living instance only: the next
 * would take its cable away. What no living instance has, an earlier life has left.
 */
import { endsOr, isOfCommand, remove, removeIfDead } from './cableEnds.ts'
import { cableOfIp } from './plan/namespaces.ts'
import type { State } from './decide.ts'
import type { Spec } from './spec.ts'

/** The living instance, if any, that has this address on this bridge. */
const holderOf = (
  { instances, specs }: State,
  bridge: string,
  ip: string,
  isAsked: (instance: string, isLaunched: boolean) => boolean,
): string | null => {
  const text = `"ip_address":${JSON.stringify(ip)}`
  for (const { context } of instances.values()) {
    const { name, life } = context
    if (life === null || !life.config.includes(text)) continue
    const spec = life.spec === null ? undefined : (specs.get(life.spec) as Spec | undefined)
    // Of a specification that is known no more, the bridge may be any.
    const isHere = spec === undefined || spec.network?.bridge === bridge
    if (isHere && isAsked(name, life.pid !== null)) return name
  }
  return null
}

/**
 * The other instance that has this address already; null where there is none, and then it is that
 * of `instance`.
 */
export type TakeAddress = (bridge: string, ip: string, instance: string) => string | null

export const createTakeAddress = (state: () => State): TakeAddress => {
  // Of those that begin to live in the same turn, the one that is launched first has it.
  const taken = new Map<string, string>()
  return (bridge, ip, instance) => {
    const key = `${bridge} ${ip}`
    const holder = holderOf(
      state(),
      bridge,
      ip,
      (name, isLaunched) => name !== instance && (isLaunched || taken.get(key) === name),
    )
    if (holder === null) taken.set(key, instance)
    return holder
  }
}

/**
 * A cable goes with the network namespace of its container, unless a process of somebody else
 * keeps that. Names of ours that exist, and that nobody alive has, are removed.
 */
export const sweepCables = (state: State, warn: (text: string) => void): void => {
  const ends = endsOr(warn)
  if (ends.length === 0) return
  const free = addressesOfNobody(state)
  for (const end of ends)
    if (isOfCommand(end)) removeIfDead(end, warn)
    else if (free.has(end.name)) remove(end, ` of ${free.get(end.name)}`, warn)
}

/** By the name of the cable, addresses that are known and that no living instance has. */
const addressesOfNobody = (state: State): ReadonlyMap<string, string> => {
  const free = new Map<string, string>()
  for (const { network } of state.specs.values() as Iterable<Spec>)
    for (const ip of network?.addresses ?? []) {
      if (network === undefined) continue
      const { bridge } = network
      if (holderOf(state, bridge, ip, () => true) !== null) continue
      free.set(cableOfIp(bridge, ip).outer, `${ip} on ${bridge}`)
    }
  return free
}
