/**
 * What a sandbox tells its instances, and what it remembers of that. Pure; when is drawn in
 * sandbox.ts, in which order in order.ts.
 */
import type { Heard, Post } from './letters.ts'
import { advance, afterOf, hasOrder, noOrder, processOf } from './order.ts'
import type { Order } from './order.ts'
import type { SandboxMemory } from './sandbox.ts'
import type { Wanted } from './vocabulary.ts'

export interface Telling {
  readonly memory: Partial<SandboxMemory>
  readonly posts: readonly Post[]
}

const nothing: Telling = { memory: {}, posts: [] }

const same = (a: Wanted | undefined, b: Wanted): boolean =>
  a !== undefined &&
  a.config === b.config &&
  a.spec === b.spec &&
  a.restartMs === b.restartMs &&
  a.killMs === b.killMs

export const union = (a: readonly string[], b: readonly string[]): readonly string[] => [
  ...new Set([...a, ...b]),
]

/** Letters for all that changes; what stays as it is hears nothing. */
export const tellLoaded = (memory: SandboxMemory, event: Heard): Telling => {
  if (event.type !== 'config.loaded') return nothing
  const { wanted } = event
  const { known, unlike = [], order } = memory
  const changed = Object.keys(wanted).filter(
    name => !same(toldOf(memory, name), wanted[name] as Wanted) || unlike.includes(name),
  )
  const news = {
    wanted,
    known: union(known, Object.keys(wanted)),
    unlike: undefined,
    reasons: [],
    refusedAt: undefined,
  }
  if (order === undefined && !hasOrder(wanted)) {
    const unwanted = known.filter(name => !Object.hasOwn(wanted, name))
    const wants = changed.map((name): Post => ({
      to: 'instances',
      names: [name],
      letter: { type: 'want', wanted: wanted[name] as Wanted },
    }))
    return { memory: news, posts: [...wants, ...dismissal(unwanted)] }
  }
  const [next, atOnce] = orderAfter(memory, event, changed)
  const told = advance({ ...news, order: next }, atOnce)
  return { memory: { ...news, ...told.memory }, posts: told.posts }
}

/** What an instance was told last, as far as we know. */
const toldOf = ({ wanted, order }: SandboxMemory, name: string): Wanted | undefined =>
  order !== undefined && Object.hasOwn(order.held, name)
    ? (order.held[name] ?? undefined)
    : (wanted[name] ?? (order?.lent.includes(name) === true ? order.spares[name] : undefined))

/** What it was told, if it also lives like that: else the next configuration judges it again. */
const livesAs = (memory: SandboxMemory, name: string): Wanted | null => {
  const told = toldOf(memory, name)
  if (told === undefined) return null
  return memory.unlike?.includes(name) === true ? { ...told, config: '' } : told
}

/** Who has to wait for others to change, and who is told at once. */
const orderAfter = (
  memory: SandboxMemory,
  { wanted, spares = {} }: Heard & { type: 'config.loaded' },
  changed: readonly string[],
): readonly [Order, readonly string[]] => {
  const { known, unlike = [], order = noOrder } = memory
  const isHeld = (name: string): boolean => {
    if (Object.hasOwn(order.held, name)) return true
    const standing = order.standing[name]
    const told = toldOf(memory, name)
    const isReplaced = told?.config !== wanted[name]?.config || unlike.includes(name)
    // What is down may as well come up as it is wanted now.
    const isRolling = wanted[name]?.policy?.rolling !== undefined
    return isReplaced && (standing === 'up' || (standing === 'coming' && !isRolling))
  }
  const lent = order.lent.filter(
    name =>
      !Object.hasOwn(wanted, name) &&
      spares[name] !== undefined &&
      same(order.spares[name], spares[name]),
  )
  const held = changed.filter(isHeld)
  const next: Order = {
    after: afterOf(wanted, known, order.after),
    standing: order.standing,
    held: Object.fromEntries(held.map(name => [name, livesAs(memory, name)])),
    ending: known.filter(name => !Object.hasOwn(wanted, name) && !lent.includes(name)),
    spares,
    lent,
    waits: order.waits,
  }
  return [next, changed.filter(name => !held.includes(name))]
}

/** Up, down, on its way: others may have waited for it. */
export const tellStanding = (memory: SandboxMemory, event: Heard): Telling => {
  if (event.type !== 'stands') return nothing
  const order = memory.order ?? noOrder
  const standing = { ...order.standing, [event.instance]: event.standing }
  return advance({ ...memory, order: { ...order, standing } })
}

/**
 * An order is about to begin, and who is up has to be known: what the configuration leaves as it is
 * will not be heard of again. No letters: the last configuration asks for nobody to wait.
 */
export const tellMuster = ({ order }: SandboxMemory, event: Heard): Partial<SandboxMemory> =>
  event.type === 'muster' && order === undefined
    ? { order: { ...noOrder, standing: event.standing } }
    : {}

export const tellEnded = (memory: SandboxMemory, event: Heard): Telling => {
  if (event.type !== 'ended') return nothing
  const { instance } = event
  const known = memory.known.filter(name => name !== instance)
  const { order, wanted } = memory
  if (order === undefined) return { memory: { known }, posts: [] }
  // It has lived without being told anything: now it can be.
  const atOnce = Object.hasOwn(order.held, instance) && instance in wanted ? [instance] : []
  const next = {
    ...order,
    standing: without(order.standing, instance),
    held: without(order.held, instance),
    waits: without(order.waits, instance),
    ending: order.ending.filter(name => name !== instance),
    lent: order.lent.filter(name => name !== instance),
  }
  return advance({ ...memory, known: union(known, atOnce), order: next }, atOnce)
}

const without = <T>(record: Readonly<Record<string, T>>, name: string): Record<string, T> => {
  const { [name]: _gone, ...others } = record
  return others
}

/** What an instance was found to be started with, where it is remembered. */
export const withSpec = (
  { wanted, order }: SandboxMemory,
  event: Heard,
): Partial<SandboxMemory> => {
  if (event.type !== 'spec.loaded') return {}
  const news = { [event.instance]: event.wanted }
  if (order !== undefined && Object.hasOwn(order.held, event.instance))
    return { order: { ...order, held: { ...order.held, ...news } } }
  if (order?.lent.includes(event.instance) === true)
    return { order: { ...order, spares: { ...order.spares, ...news } } }
  return Object.hasOwn(wanted, event.instance) ? { wanted: { ...wanted, ...news } } : {}
}

/**
 * What was read last may be older than what runs: turns that could not be written are forgotten. So
 * nobody is ended or replaced by it once more, until all configuration is read, as at each start.
 */
export const tellReopen = ({ closing, order }: SandboxMemory): Partial<SandboxMemory> => ({
  closing: false,
  ...(order !== undefined && {
    // Who was to end with everything, and was not told yet, goes on.
    order: { ...order, ...(closing && { ending: [] }), isUnread: true },
  }),
})

/** Everything is to end: at once, or each after those that are after it. */
export const tellAllToEnd = ({ known, order }: SandboxMemory): Telling => {
  if (order === undefined) return { memory: {}, posts: dismissal(known) }
  const after = Object.fromEntries(
    Object.entries(order.after).filter(([process]) =>
      known.some(name => processOf(name) === process),
    ),
  )
  const { standing, waits } = order
  const next: Order = { after, standing, waits, held: {}, spares: {}, lent: [], ending: known }
  return advance({ wanted: {}, known, order: next })
}

const dismissal = (names: readonly string[]): readonly Post[] =>
  names.length === 0 ? [] : [{ to: 'instances', names, letter: { type: 'unwant' } }]
