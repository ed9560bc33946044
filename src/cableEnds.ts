/**
 * Cables that are there, asked of the kernel: which container each is of stands on it. A command is
 * in no state of a supervisor, which need not run; so its cable is all that tells of it.
 */
import * as E from 'fp-ts/lib/Either.js'
import { cableEnds, removeCable } from '../native/interfaces.ts'
import type { CableEnd } from '../native/interfaces.ts'
import { readTexts } from '../native/look.ts'
import { allPids, commandPath, isAlive, isInit, parseCommand } from '../native/proc.ts'
import { isCommandName } from './config/names.ts'
import { cableOfIp } from './plan/namespaces.ts'

type Warn = (text: string) => void

export const endsOr = (warn: Warn): readonly CableEnd[] => {
  const ends = cableEnds()
  if (E.isRight(ends)) return ends.right
  warn(`Cannot list the network interfaces: ${ends.left.code}`)
  return []
}

export const isOfCommand = ({ owner }: CableEnd): boolean => isCommandName(owner)

/** The name of a command ends with the pid of who waits for it. */
export const removeIfDead = (end: CableEnd, warn: Warn): void => {
  const pid = Number(end.owner.slice(end.owner.lastIndexOf('.') + 1))
  if (!isAlive(pid)) remove(end, ` of ${end.owner}`, warn)
}

export const remove = (end: CableEnd, of: string, warn: Warn): void => {
  const removed = removeCable(end)
  if (E.isRight(removed)) warn(`Dangling network interface "${end.name}"${of} is deleted`)
  else if (removed.left.code !== 'ENODEV')
    warn(`Cannot remove the network interface "${end.name}": ${removed.left.code}`)
}

/**
 * Who has this address on this bridge and lives, instance or command, whether a supervisor runs or
 * not. Null: nobody, and what an earlier life has left of its cable is gone.
 */
export const takeFreeAddress = (bridge: string, ip: string, warn: Warn): string | null => {
  const { outer } = cableOfIp(bridge, ip)
  const end = endsOr(warn).find(({ name }) => name === outer)
  if (end === undefined) return null
  const holders = knotsWith(ip)
  // Who has the same address on another bridge has another cable.
  const holder = holders.find(name => end.owner === '' || end.owner === name) ?? null
  if (holder === null) removeCable(end)
  return holder
}

/** By their words, which they have before they have a cable. */
const knotsWith = (ip: string): readonly string[] => {
  const pids = allPids()
  const text = `"ip_address":${JSON.stringify(ip)}`
  return readTexts(pids.map(commandPath)).flatMap((command, index) => {
    if (!command?.includes('lithos_knot\0--name\0') || !command.includes(text)) return []
    const name = parseCommand(command)[2]
    return name !== undefined && isInit(pids[index] as number) ? [name] : []
  })
}
