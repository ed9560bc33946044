/**
 * In which order a sandbox tells its instances what is wanted of them. Pure: a memory in, a memory
 * and letters out; asked again whenever one of them comes up, goes down or ends.
 *
 *   after    started when all instances of those processes are up; told to change or to end when
 *            nobody lives any more that is after it, and is to change or to end, too
 *   rolling  told to change only so many at a time, as others of its process are up; with a
 *            surge, spare instances are started first, and ended last
 *
 * A surge takes spare numbers, `web.3` beside three instances, not a second life of one name: a
 * name is a directory, a control group, an address, and one life in every journal there is.
 *
 * Where nobody asks for any of it, all is told at once, as ever, and nothing is remembered.
 */
import type { Post, Standing } from './letters.ts'
import type { Policy, Wanted } from './vocabulary.ts'

type Wishes = Readonly<Record<string, Wanted>>

/** What is under way; absent where nobody asks for an order. */
export interface Order {
  /** By process, those it is after: also of processes that are only ending. */
  readonly after: Readonly<Record<string, readonly string[]>>
  readonly standing: Readonly<Record<string, Standing>>
  /** Not told yet what is wanted now, with what they were told last, where that is known. */
  readonly held: Readonly<Record<string, Wanted | null>>
  /** Not told yet that they are not wanted. */
  readonly ending: readonly string[]
  /** What spare instances would be, and those that there are. */
  readonly spares: Wishes
  readonly lent: readonly string[]
  /** By instance, what was last said that it waits for. */
  readonly waits: Readonly<Record<string, readonly string[]>>
  /** Nothing was read since a start of the supervisor: nobody is told to change or to end. */
  readonly isUnread?: true
}

export interface Ordered {
  readonly wanted: Wishes
  readonly known: readonly string[]
  readonly order?: Order | undefined
}

export const noOrder: Order = {
  after: {},
  standing: {},
  held: {},
  ending: [],
  spares: {},
  lent: [],
  waits: {},
}

export const processOf = (instance: string): string =>
  instance.slice(instance.indexOf('/') + 1, instance.lastIndexOf('.'))

export const sandboxOf = (instance: string): string => instance.slice(0, instance.indexOf('/'))

export const hasOrder = (wanted: Wishes): boolean =>
  Object.values(wanted).some(
    ({ policy }) => policy?.after !== undefined || policy?.rolling !== undefined,
  )

/** Of what is wanted, and of what is only known still. */
export const afterOf = (wanted: Wishes, known: readonly string[], before: Order['after']) => {
  const after: Record<string, readonly string[]> = {}
  for (const name of known) {
    const list = before[processOf(name)]
    if (list !== undefined) after[processOf(name)] = list
  }
  for (const [name, { policy }] of Object.entries(wanted))
    after[processOf(name)] = policy?.after ?? []
  return Object.fromEntries(Object.entries(after).filter(([, list]) => list.length > 0))
}

/** How many processes end one after the other, at most. */
export const chainOf = ({ after }: Order): number => {
  const lengths = new Map<string, number>()
  const lengthOf = (process: string): number => {
    const known = lengths.get(process)
    if (known !== undefined) return known
    lengths.set(process, 1)
    const length = 1 + Math.max(0, ...(after[process] ?? []).map(lengthOf))
    lengths.set(process, length)
    return length
  }
  return Math.max(1, ...Object.keys(after).map(lengthOf))
}

// ---------------------------------------------------------------------------
// A draft of one turn: written over, and given out at the end
// ---------------------------------------------------------------------------

interface Draft {
  readonly wanted: Wishes
  /** Of those that are wanted, by process. */
  readonly processes: ReadonlyMap<string, Process>
  /** Processes of which somebody is still to change or to end: also who has just been told. */
  readonly busy: Set<string>
  readonly after: Order['after']
  readonly known: string[]
  readonly standing: Record<string, Standing>
  readonly held: Record<string, Wanted | null>
  readonly ending: Set<string>
  readonly spares: Wishes
  readonly lent: Set<string>
  readonly waits: Record<string, readonly string[]>
  readonly posts: Post[]
}

interface Process {
  readonly rolling: Policy['rolling']
  readonly names: string[]
}

/** Everything that may be told now; `atOnce`: who need not wait for others to change. */
export const advance = (
  memory: Ordered,
  atOnce: readonly string[] = [],
): { readonly memory: Pick<Ordered, 'known' | 'order'>; readonly posts: readonly Post[] } => {
  const { wanted, known, order } = memory
  if (order === undefined) return { memory: { known, order }, posts: [] }
  const draft = draftOf(wanted, known, order)
  if (order.isUnread !== true) goOn(draft)
  // Last, so that they wait for those that have just been told to change.
  for (const name of atOnce) want(draft, name, wanted[name] as Wanted)
  sayWaits(draft)
  const { after, standing, held, ending, spares, lent, waits } = draft
  const isBusy = Object.keys(held).length > 0 || ending.size > 0 || lent.size > 0
  const next: Order = {
    ...{ after, standing, held, ending: [...ending], spares, lent: [...lent], waits },
    ...(order.isUnread === true && { isUnread: true }),
  }
  // Also of those that are only ending others may have to wait for the end.
  const isLeft = draft.known.some(name => !(name in wanted) && after[processOf(name)] !== undefined)
  const isKept = hasOrder(wanted) || isBusy || isLeft
  return {
    memory: { known: draft.known, order: isKept ? next : undefined },
    posts: draft.posts,
  }
}

const goOn = (draft: Draft): void => {
  for (const name of Object.keys(draft.held)) if (isDue(draft, name)) change(draft, name)
  giveBack(draft)
  for (const name of draft.ending)
    if (!hasFollowers(draft, name) || isWaiting(draft, name)) end(draft, name)
  lend(draft)
}

const draftOf = (wanted: Wishes, known: readonly string[], order: Order): Draft => {
  const processes = new Map<string, Process>()
  for (const [name, { policy }] of Object.entries(wanted)) {
    const process = processOf(name)
    if (!processes.has(process)) processes.set(process, { rolling: policy?.rolling, names: [] })
    processes.get(process)?.names.push(name)
  }
  // Those that are replaced one by one cannot wait for what they come after, nor it for them.
  const isWaitedFor = (name: string) => processes.get(processOf(name))?.rolling === undefined
  const going = Object.keys(order.standing).filter(name => order.standing[name] === 'going')
  const busy = [...Object.keys(order.held).filter(isWaitedFor), ...order.ending, ...going]
  return {
    wanted,
    processes,
    busy: new Set(busy.map(processOf)),
    after: order.after,
    known: [...known],
    standing: { ...order.standing },
    held: { ...order.held },
    ending: new Set(order.ending),
    spares: order.spares,
    lent: new Set(order.lent),
    waits: { ...order.waits },
    posts: [],
  }
}

const isUp = ({ standing }: Draft, name: string): boolean => standing[name] === 'up'

/** It does not live, and others are to be up before it does. */
const isWaiting = ({ standing, waits }: Draft, name: string): boolean =>
  standing[name] === 'none' && waits[name] !== undefined

/** Others have to end before it: those that are after it, and are to change or to end. */
const hasFollowers = ({ busy, after }: Draft, name: string): boolean =>
  [...busy].some(follower => after[follower]?.includes(processOf(name)) === true)

/** One that is down costs nothing more, but a new one first has to prove itself. */
const isDue = (draft: Draft, name: string): boolean => {
  if (hasFollowers(draft, name)) return false
  const { rolling, names = [] } = draft.processes.get(processOf(name)) ?? {}
  if (rolling === undefined) return true
  const down = names.filter(one => one !== name && !isUp(draft, one))
  const spares = sparesOf(draft, name).filter(one => isUp(draft, one))
  const most = rolling.maxUnavailable + spares.length
  if (isUp(draft, name)) return down.length + 1 <= most
  // Nor do others that are down, and are to be replaced as well.
  return down.filter(one => !(one in draft.held)).length + 1 <= Math.max(1, most)
}

const sparesOf = ({ lent }: Draft, name: string): readonly string[] =>
  [...lent].filter(one => processOf(one) === processOf(name))

const change = (draft: Draft, name: string): void => {
  const wanted = draft.wanted[name]
  delete draft.held[name]
  if (wanted === undefined) return
  // Until we hear how it took it: nobody else may rely on it.
  if (draft.standing[name] !== undefined) draft.standing[name] = 'going'
  want(draft, name, wanted)
}

const want = (draft: Draft, name: string, wanted: Wanted): void => {
  const waitsFor = waitsOf(draft, processOf(name))
  remember(draft, name, waitsFor)
  draft.posts.push({
    to: 'instances',
    names: [name],
    letter: { type: 'want', wanted, ...(waitsFor.length > 0 && { waitsFor }) },
  })
}

const end = (draft: Draft, name: string): void => {
  draft.ending.delete(name)
  draft.lent.delete(name)
  // Until we hear that it is gone: those that it is after go on.
  if (draft.standing[name] !== undefined) draft.standing[name] = 'going'
  draft.posts.push({ to: 'instances', names: [name], letter: { type: 'unwant' } })
}

// ---------------------------------------------------------------------------
// Spares
// ---------------------------------------------------------------------------

/** As many as there are to be replaced. */
const lend = (draft: Draft): void => {
  const { held, spares, lent, known } = draft
  for (const [name, wanted] of Object.entries(spares)) {
    const process = processOf(name)
    const waiting = Object.keys(held).filter(one => processOf(one) === process).length
    if (waiting <= sparesOf(draft, name).length || lent.has(name) || known.includes(name)) continue
    lent.add(name)
    known.push(name)
    want(draft, name, wanted)
  }
}

/** Nobody of the process is left to be replaced, and all are up. */
const giveBack = (draft: Draft): void => {
  for (const name of draft.lent) {
    const { names = [] } = draft.processes.get(processOf(name)) ?? {}
    if (!names.every(one => !(one in draft.held) && isUp(draft, one))) continue
    draft.ending.add(name)
    draft.busy.add(processOf(name))
  }
}

// ---------------------------------------------------------------------------
// Waiting
// ---------------------------------------------------------------------------

/** The processes that have to be up first. One that has no instances keeps nobody waiting. */
const waitsOf = (draft: Draft, process: string): readonly string[] =>
  (draft.after[process] ?? []).filter(other => {
    const { rolling, names = [] } = draft.processes.get(other) ?? {}
    // About to be another: who starts now would have started before it.
    const isChanging = (one: string) => rolling === undefined && one in draft.held
    return names.some(one => !isUp(draft, one) || isChanging(one))
  })

/** Until its turn has come, one that is to end is started again, after those that there are. */
const waitsUntilEnd = (draft: Draft, process: string): readonly string[] =>
  (draft.after[process] ?? []).filter(other =>
    draft.known.some(one => processOf(one) === other && !isUp(draft, one)),
  )

const sayWaits = (draft: Draft): void => {
  const byProcess = new Map<string, readonly string[]>()
  for (const name of draft.known) {
    const isEnding = draft.ending.has(name)
    if (!(name in draft.wanted) && !draft.lent.has(name) && !isEnding) continue
    // It is not started any more.
    if (isEnding && isWaiting(draft, name)) continue
    const process = processOf(name)
    const key = isEnding ? `${process} ends` : process
    const waitsFor = byProcess.get(key) ?? (isEnding ? waitsUntilEnd : waitsOf)(draft, process)
    byProcess.set(key, waitsFor)
    if ((draft.waits[name] ?? []).join(' ') === waitsFor.join(' ')) continue
    remember(draft, name, waitsFor)
    draft.posts.push({ to: 'instances', names: [name], letter: { type: 'hold', waitsFor } })
  }
}

const remember = ({ waits }: Draft, name: string, waitsFor: readonly string[]): void => {
  if (waitsFor.length === 0) delete waits[name]
  else waits[name] = waitsFor
}
