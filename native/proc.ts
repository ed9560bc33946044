/**
 * What /proc says of processes. A process that is gone is `null` everywhere here: between any
 * two lines it may go. `birth` is its start time in clock ticks; with the pid it is unique
 * until the next boot.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { clockGettime } from './libc.ts'
import { readTexts } from './look.ts'

export interface Stat {
  /** `Z`: it has ended, and nobody has asked how. */
  readonly state: string
  readonly parent: number
  readonly birth: number
  /** The wait status of a zombie; 0 while it lives, and for those without the right to know. */
  readonly exitCode: number
}

export const readStat = (pid: number): Stat | null => parseStat(readText(statPath(pid)))

/** For those who read many in one call. */
export const statPath = (pid: number): string => `/proc/${pid}/stat`

export const parseStat = (text: string | null): Stat | null => {
  if (text === null) return null
  // The name of the program is free text, in parentheses, and may hold both of these.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return {
    state: fields[0] ?? '?',
    parent: Number(fields[1]),
    birth: Number(fields[19]),
    exitCode: Number(fields[49]),
  }
}

/** The words of its command line; empty for a zombie. */
export const commandLine = (pid: number): readonly string[] | null => {
  const text = readText(commandPath(pid))
  return text === null ? null : parseCommand(text)
}

export const commandPath = (pid: number): string => `/proc/${pid}/cmdline`

export const parseCommand = (text: string): readonly string[] =>
  text === '' ? [] : text.replace(/\0$/, '').split('\0')

export const allPids = (): number[] =>
  readdirSync('/proc')
    .filter(name => name.charCodeAt(0) <= 57 && /^\d+$/.test(name))
    .map(Number)

/** Of its main thread, which is where a knot makes its children. */
export const childrenOf = (pid: number): number[] => {
  const text = readText(childrenPath(pid))
  if (text !== null) return parseChildren(text)
  // A kernel without CONFIG_PROC_CHILDREN.
  return readStat(pid) === null ? [] : allPids().filter(child => readStat(child)?.parent === pid)
}

export const childrenPath = (pid: number): string => `/proc/${pid}/task/${pid}/children`

export const parseChildren = (text: string): number[] => text.split(' ').filter(Boolean).map(Number)

/** Its number in its own, innermost, pid namespace. */
export const innerPid = (pid: number): number | null => numbersOf(pid).at(-1) ?? null

/**
 * The first process of a pid namespace right below ours. Not so: what it has forked and that
 * has not executed another program yet, and a lithos inside of one of the containers here.
 */
export const isInit = (pid: number): boolean => isNumberedAsInit(numbersOf(pid))

/** The same of many, in one reading. */
export const initsAmong = (pids: readonly number[]): ReadonlySet<number> => {
  const texts = readTexts(pids.map(statusPath))
  return new Set(pids.filter((_, index) => isNumberedAsInit(numbersIn(texts[index] ?? ''))))
}

const isNumberedAsInit = (numbers: readonly number[]): boolean =>
  numbers.length === 2 && numbers[1] === 1

/** In the pid namespace of ours, and in no other. */
export const isOnHost = (pid: number): boolean => numbersOf(pid).length === 1

/**
 * All its user ids are our own: root's, where we are root. As we see them: root of another user
 * namespace is somebody else, except for the user who has made that.
 */
export const isOurUser = (pid: number): boolean => {
  const ids = /^Uid:\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)$/m.exec(readText(`/proc/${pid}/status`) ?? '')
  return ids?.slice(1).every(id => Number(id) === process.geteuid?.()) === true
}

const statusPath = (pid: number): string => `/proc/${pid}/status`

const numbersOf = (pid: number): number[] => numbersIn(readText(statusPath(pid)) ?? '')

const numbersIn = (status: string): number[] =>
  (status.match(/^NSpid:\s*(.*)$/m)?.[1] ?? '').split(/\s+/).filter(Boolean).map(Number)

/** What it holds, by number and target. Empty if it has ended, or if we may not look. */
export const descriptors = (
  pid: number | 'self',
): readonly (readonly [fd: number, target: string])[] => {
  const directory = `/proc/${pid}/fd`
  const look = <A>(read: () => A, nothing: A): A => {
    try {
      return read()
    } catch {
      // It has ended in the meantime; or it is the descriptor that listed the directory.
      return nothing
    }
  }
  return look(() => readdirSync(directory), []).map(
    name => [Number(name), look(() => readlinkSync(join(directory, name)), '')] as const,
  )
}

export const descriptorTarget = (pid: number | 'self', fd: number): string | null =>
  unlessGone(() => readlinkSync(`/proc/${pid}/fd/${fd}`))

export const isAlive = (pid: number): boolean => {
  const stat = readStat(pid)
  return stat !== null && stat.state !== 'Z' && stat.state !== 'X'
}

const bootTimeClock = 7
const monotonicClock = 1
const ticksPerSecond = 100

/**
 * `birth` as milliseconds of CLOCK_MONOTONIC. The kernel counts it on CLOCK_BOOTTIME, which is
 * ahead by the time that the machine has slept; the two are read here only to be compared.
 */
export const birthToMono = (birth: number): number =>
  (birth * 1000) / ticksPerSecond - (readClock(bootTimeClock) - readClock(monotonicClock))

const readClock = (clock: number): number => {
  const time = new BigInt64Array(2)
  clockGettime(clock, time)
  return Number(time[0]) * 1000 + Number(time[1]) / 1e6
}

const readText = (path: string): string | null => unlessGone(() => readFileSync(path, 'utf8'))

/** Only what means "no such process": a shortage of descriptors must not look like a death. */
const unlessGone = <A>(look: () => A): A | null => {
  try {
    return look()
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT' || code === 'ESRCH') return null
    throw error
  }
}
