/**
 * The listening sockets of an earlier life, wherever they are. In this order, and each address
 * once: our own descriptors (an exec in place, or what a service manager kept), a keeper, and the
 * knots of those who use them. Knots are looked at only where something is missing.
 */
import { closeSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import type { CallFailed } from '../native/attempt.ts'
import type { Pidfd } from '../native/pidfd.ts'
import * as proc from '../native/proc.ts'
import { inheritedSockets, takeSockets } from '../native/sockets.ts'
import type { OpenSocket } from '../native/sockets.ts'
import type { Survey } from '../native/survey.ts'
import type { State } from './decide.ts'
import { sharedBy } from './sockets.ts'

export interface FoundSocket extends OpenSocket {
  readonly from: 'exec' | 'systemd' | 'keeper' | 'knot'
}

export interface FoundSockets {
  readonly sockets: readonly FoundSocket[]
  readonly keepers: readonly Pidfd[]
  /** For the log. */
  readonly oddities: readonly string[]
}

/** `state`: what the journal remembers. `stored`: descriptors that a service manager has kept. */
export const findSockets = (
  state: State,
  { knots, keepers }: Survey,
  stored: number,
): FoundSockets => {
  const found = new Map<string, FoundSocket>()
  const inodes = new Set<string>()
  const oddities: string[] = []

  const add = (from: FoundSocket['from'], socket: OpenSocket): void => {
    const first = found.get(socket.key)
    const isSame = first?.inode === socket.inode
    inodes.add(socket.inode)
    if (first === undefined) return void found.set(socket.key, { ...socket, from })
    closeSync(socket.fd)
    if (!isSame)
      oddities.push(
        `There are two sockets for ${socket.key}: that of the ${first.from} is used, ` +
          `and that of the ${from} is let go`,
      )
  }

  const take = (
    from: 'keeper' | 'knot',
    pid: number,
    outcome: E.Either<CallFailed, readonly OpenSocket[]>,
  ): void => {
    if (E.isRight(outcome)) outcome.right.forEach(socket => add(from, socket))
    // A knot that ends at this moment has nothing any more.
    else if (outcome.left.code !== 'ESRCH')
      oddities.push(`Sockets of the ${from} with pid ${pid} are not ours: ${outcome.left.code}`)
  }
  const isNew = (inode: string): boolean => !inodes.has(inode)

  const isStored = (fd: number): boolean => fd >= firstStored && fd < firstStored + stored
  for (const socket of inheritedSockets()) add(isStored(socket.fd) ? 'systemd' : 'exec', socket)
  for (const { pid, pidfd } of keepers) take('keeper', pid, takeSockets(pid, pidfd, isNew))
  if (!isComplete(state, found))
    for (const { pid, pidfd, state: now, foreign } of knots)
      if (now === 'alive' && pidfd !== null && !foreign && proc.isOurUser(pid))
        take('knot', pid, takeSockets(pid, pidfd, isNew))
  return { sockets: [...found.values()], keepers: keepers.map(({ pidfd }) => pidfd), oddities }
}

/** Nothing is missing that was open or is wanted. A journal that was lost knows of nothing. */
const isComplete = (
  { sockets, instances, tree }: State,
  found: ReadonlyMap<string, unknown>,
): boolean => {
  if (tree.context.bootId === null) return false
  const wanted = [...instances.values()].flatMap(({ context }) =>
    context.want === null ? [] : sharedBy(context.want).map(({ key }) => key),
  )
  return [...sockets.keys(), ...wanted].every(key => found.has(key))
}

const firstStored = 3
