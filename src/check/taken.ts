/**
 * Ports of the host on which somebody else listens already: a start would fail, or what it starts
 * would. What lithos itself holds open, for a container or in one, is none: it may be the same
 * socket, and if it is not, another check says so.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import type { Listener } from '../../native/listeners.ts'
import { placeOf } from '../../native/addresses.ts'
import { allPids, commandLine, descriptors } from '../../native/proc.ts'
import { lookAround } from '../audit/look.ts'
import { warning } from '../evaluate/finding.ts'
import type { Finding } from '../evaluate/finding.ts'
import { portsOf } from '../evaluate/ports.ts'
import type { Examined } from '../evaluate/sandbox.ts'
import { nameOf } from '../evaluate/subject.ts'
import { doOverlap, usesOf } from './ports.ts'
import type { Use } from './ports.ts'

export const checkTaken = (
  masterFile: string,
  all: readonly Examined[],
  listeners: () => readonly Listener[],
): readonly Finding[] => {
  const uses = all.flatMap(({ subject }) => usesOf(subject)).filter(isOnHost)
  const listening = uses.length === 0 ? [] : listeners()
  const taken = uses.flatMap(use => {
    const found = listening.find(listener => isInTheWay(listener, use))
    return found === undefined ? [] : [{ use, found }]
  })
  if (taken.length === 0) return []
  const ours = socketsOfOurs(masterFile)
  return taken
    .filter(({ found }) => ours?.has(found.inode) === false)
    .map(({ use, found }) => {
      const place = placeOf(found.host, found.port)
      return warning(
        use.file,
        use.path,
        `Port ${use.port} of ${nameOf(use.subject)} cannot be bound as long as ` +
          `${holderOf(found)} listens on ${place}`,
      )
    })
}

const isOnHost = ({ subject, path: [key, name] }: Use): boolean =>
  subject.sandbox.value.bridgedNetwork === null ||
  (key === 'tcp-ports' && portsOf(subject).some(port => port.key === name && port.options.external))

/** Of a container that binds it by itself nobody knows where: only who has all addresses counts. */
const isInTheWay = ({ host, port }: Listener, { port: wanted, options }: Use): boolean =>
  port === wanted &&
  (options === null
    ? host === '0.0.0.0' || host === '::'
    : !options.reusePort && doOverlap(host, options.host))

const socket = /^socket:\[(\d+)\]$/

/** Null: we may not look at some of them, and so cannot say. */
const socketsOfOurs = (masterFile: string): ReadonlySet<string> | null => {
  const crowd = lookAround()
  const ours = new Set<number>()
  for (const pid of allPids()) {
    const words = commandLine(pid) ?? []
    const isTree = words.some(word => basename(word) === 'lithos_tree')
    if (isTree || isOf(masterFile, 'lithos_keep', words[2], words)) ours.add(pid)
    if (isOf(masterFile, 'lithos_knot', words[4], words))
      for (const other of [pid, ...crowd.of(pid)]) ours.add(other)
  }
  if (![...ours].every(mayLookAt)) return null
  return new Set([...ours].flatMap(socketsOf))
}

const isOf = (
  masterFile: string,
  program: string,
  master: string | undefined,
  [first = '']: readonly string[],
): boolean => basename(first) === program && resolve(master ?? '') === resolve(masterFile)

/** True of one that has ended, too. */
const mayLookAt = (pid: number): boolean => {
  try {
    readdirSync(`/proc/${pid}/fd`)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'EACCES'
  }
}

const socketsOf = (pid: number): readonly string[] =>
  descriptors(pid).flatMap(([, target]) => socket.exec(target)?.[1] ?? [])

const holderOf = ({ inode }: Listener): string => {
  const pid = allPids().find(each => socketsOf(each).includes(inode))
  return pid === undefined ? 'somebody else' : `process ${pid} (${nameOfProcess(pid)})`
}

const nameOfProcess = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  } catch {
    return 'which has ended'
  }
}
