/**
 * What a `lithos_cmd` tells the supervisor, see native/tell.c: that its command has begun, and how
 * it ended. That it was killed its guard tells; where both were, see unawaited.ts.
 */
import type { Stamp } from '../../actors/clock.ts'
import type { Client, Request } from '../../actors/control.ts'
import { readStat } from '../../native/proc.ts'
import type { RunningCommand } from '../commands.ts'
import { isCommandName } from '../config/names.ts'
import type { Bus } from '../turn.ts'

type Handle = (request: Request, client: Client) => void

/** By that very process, and not by another that was given its number. */
export const isAwaited = ({ pid, birth }: Pick<RunningCommand, 'pid' | 'birth'>): boolean => {
  const stat = readStat(pid)
  return stat !== null && stat.state !== 'Z' && (birth === null || stat.birth === birth)
}

export interface CommandsOptions {
  readonly stamp: () => Stamp
  readonly bus: Pick<Bus, 'hear' | 'state'>
}

export const serveCommands = ({
  stamp,
  bus,
}: CommandsOptions): Readonly<Record<string, Handle>> => {
  /** Heard, and not decided yet: both facts may come in one piece. */
  const begun = new Set<string>()
  return {
    commandBegan: ({ id, fields }, client) => {
      const { command, pid, spec } = fields
      if (!isCommandName(command) || !isWhole(pid)) return refuse(client, id)
      const birth = readStat(pid)?.birth
      begun.add(command)
      setImmediate(() => begun.delete(command))
      bus.hear({
        ...{ type: 'command.started', command, pid, by: client.by, ...stamp() },
        ...(birth !== undefined && { birth }),
        ...(typeof spec === 'string' && { spec }),
      })
      client.done(id, {})
    },

    commandEnded: ({ id, fields }, client) => {
      const { command, status, uptimeMs, oom } = fields
      if (!isCommandName(command) || (status !== null && !isWhole(status)))
        return refuse(client, id)
      const isKnown = begun.has(command) || bus.state().commands.has(command)
      if (isKnown)
        bus.hear({
          ...{ type: 'command.ended', command, status, ...stamp() },
          ...(typeof uptimeMs === 'number' && { uptimeMs }),
          ...(isOom(oom) && { oom }),
        })
      client.done(id, { known: isKnown })
    },
  }
}

const isWhole = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0

const isOom = (value: unknown): value is { kills: number; limit: number | null } => {
  if (typeof value !== 'object' || value === null) return false
  const { kills, limit } = value as { readonly kills?: unknown; readonly limit?: unknown }
  return isWhole(kills) && (limit === null || isWhole(limit))
}

const refuse = (client: Client, id: Request['id']): void =>
  client.failed(id, 'bad-request', '"command": expected the name of a command, and how it is')
