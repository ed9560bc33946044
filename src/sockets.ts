/**
 * Which sockets there have to be: pure arithmetic of what is wanted and what is open. A socket is
 * open as long as an instance is wanted that uses it, also while that waits to be started again:
 * whoever connects then waits in the backlog instead of being refused.
 */
import type { Memory } from '../machines/life.ts'
import type { Effect, Input, InputOf, Socket, Wanted } from '../machines/vocabulary.ts'

/** What is open in the supervisor. */
export interface OpenSocket {
  readonly key: string
  /** The options it was given; null where an earlier life of the supervisor gave them. */
  readonly socket: Socket | null
  /** Who had it, where it was found and those who may want it have not all been heard yet. */
  readonly from: string | null
}

export type OpenSockets = ReadonlyMap<string, OpenSocket>

/** What an instance has to do with sockets. */
type Uses = Pick<Memory, 'want' | 'life'>

type SocketFact = InputOf<'socket.opened' | 'socket.closed' | 'socket.recovered'>

export const isOfSocket = (input: Input): input is SocketFact =>
  input.type === 'socket.opened' ||
  input.type === 'socket.closed' ||
  input.type === 'socket.recovered'

export const takeSocket = (open: Map<string, OpenSocket>, fact: SocketFact): void => {
  const { key } = fact
  if (fact.type === 'socket.closed') open.delete(key)
  else if (fact.type === 'socket.recovered') open.set(key, { key, socket: null, from: fact.from })
  else open.set(key, { key, socket: fact.socket, from: open.get(key)?.from ?? null })
}

/** Those that instances have in common. */
export const sharedBy = (wanted: Wanted): readonly Socket[] =>
  (wanted.sockets ?? []).filter(({ reusePort }) => !reusePort)

/** From now on what was found is closed like the rest: all wishes are known. */
export const claimAll = (open: Map<string, OpenSocket>): void => {
  for (const [key, socket] of open)
    if (socket.from !== null) open.set(key, { ...socket, from: null })
}

/** What is heard all the time and changes neither what is wanted nor what is open. */
const quiet: readonly Input['type'][] = ['timer.elapsed', 'app.started']

/** Whether a turn has to think of sockets at all: most hosts have none. */
export const concernsSockets = (
  heard: readonly Input[],
  effects: readonly Effect[],
  open: OpenSockets,
): boolean =>
  (open.size > 0 && heard.some(({ type }) => !quiet.includes(type))) ||
  effects.some(effect => effect.type === 'launch' && effect.wanted.sockets !== undefined)

/**
 * Before a launch, what it needs is opened, or given the options it wants. The options of a socket
 * are those of whoever had it opened, as long as anybody wants them so.
 */
export const withOpens = (
  effects: readonly Effect[],
  open: OpenSockets,
  instances: readonly Uses[],
): readonly Effect[] => {
  const done = new Set<string>()
  const isKept = (before: Socket): boolean =>
    instances.some(({ want }) => want !== null && sharedBy(want).some(one => isSame(one, before)))

  const opensFor = (wanted: Wanted): readonly Socket[] =>
    sharedBy(wanted).filter(socket => {
      const { key } = socket
      if (done.has(key)) return false
      const there = open.get(key)
      const before = there?.socket ?? null
      if (before !== null && (isSame(before, socket) || isKept(before))) return false
      done.add(key)
      return true
    })

  return effects.flatMap((effect): readonly Effect[] =>
    effect.type === 'launch'
      ? [
          ...opensFor(effect.wanted).map(socket => ({ type: 'openSocket', socket }) as const),
          effect,
        ]
      : [effect],
  )
}

/**
 * What nobody uses any more. An instance may live with other sockets than it will be started with
 * next: then it uses both.
 */
export const closesFor = (open: OpenSockets, instances: readonly Uses[]): readonly Effect[] => {
  const used = new Set<string>()
  for (const { want, life } of instances) {
    for (const { key } of want === null ? [] : sharedBy(want)) used.add(key)
    for (const key of life?.sockets ?? []) used.add(key)
  }
  return [...open.values()]
    .filter(({ key, from }) => !used.has(key) && from === null)
    .map(({ key }) => ({ type: 'closeSocket', key }))
}

const isSame = (a: Socket, b: Socket): boolean =>
  a.key === b.key &&
  a.backlog === b.backlog &&
  a.reuseAddr === b.reuseAddr &&
  a.setNonBlock === b.setNonBlock &&
  a.uid === b.uid &&
  a.gid === b.gid
