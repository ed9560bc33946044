/**
 * Every process of the host at one moment, as /proc tells it: read in few calls, because a host of
 * a thousand containers has thousands. What goes while we read is left out.
 */
import { readFileSync } from 'node:fs'
import { readTexts } from './look.ts'
import { allPids, statPath } from './proc.ts'

export interface Process {
  readonly pid: number
  /** The name of its program, cut to 15 bytes. */
  readonly name: string
  readonly state: string
  readonly parent: number
  readonly threads: number
  /** Start time in clock ticks since boot: with the pid it names one process. */
  readonly birth: number
  /** Clock ticks, of itself and of children that it has waited for. */
  readonly user: number
  readonly system: number
  readonly childUser: number
  readonly childSystem: number
}

export interface Sweep {
  readonly processes: ReadonlyMap<number, Process>
  readonly children: ReadonlyMap<number, readonly number[]>
}

/** Ascending by pid. Zombies are no processes any more. */
export const sweep = (): Sweep => {
  const pids = allPids().sort((a, b) => a - b)
  const processes = new Map<number, Process>()
  const children = new Map<number, number[]>()
  const texts = readTexts(pids.map(statPath))
  pids.forEach((pid, index) => {
    const process = parseProcess(pid, texts[index] ?? null)
    if (process === null) return
    processes.set(pid, process)
    const siblings = children.get(process.parent)
    if (siblings === undefined) children.set(process.parent, [pid])
    else siblings.push(pid)
  })
  return { processes, children }
}

export const parseProcess = (pid: number, text: string | null): Process | null => {
  if (text === null) return null
  // The name is free text in parentheses, and may hold both of these.
  const [start, end] = [text.indexOf('('), text.lastIndexOf(')')]
  if (start < 0 || end < start) return null
  const fields = text.slice(end + 2).split(' ', 20)
  const number = (index: number): number => Number(fields[index])
  const state = fields[0] ?? ''
  if (fields.length < 20 || state === 'Z' || state === 'X') return null
  return {
    pid,
    name: text.slice(start + 1, end),
    state,
    parent: number(1),
    user: number(11),
    system: number(12),
    childUser: number(13),
    childSystem: number(14),
    threads: number(17),
    birth: number(19),
  }
}

/** A process and all below it, itself first. */
export const familyOf = ({ children }: Sweep, pid: number): readonly number[] => {
  const family = [pid]
  for (let index = 0; index < family.length; index += 1)
    family.push(...(children.get(family[index] as number) ?? []))
  return family
}

/** Bytes. */
export interface Memory {
  readonly resident: number
  readonly swapped: number
}

/**
 * Those that are gone have none. What `status` says costs the kernel many times what `statm` does,
 * and the one thing that it says more of is swap: where nothing at all is swapped, nobody asks.
 */
export const memoryOf = (
  pids: readonly number[],
  isSwapped = isAnythingSwapped(),
): ReadonlyMap<number, Memory> => {
  const texts = readTexts(pids.map(pid => `/proc/${pid}/${isSwapped ? 'status' : 'statm'}`))
  const read = isSwapped ? inStatus : inStatm(pageBytes())
  return new Map(pids.map((pid, index) => [pid, read(texts[index] ?? '')]))
}

const inStatus = (text: string): Memory => ({
  resident: kilobytes(text, 'VmRSS'),
  swapped: kilobytes(text, 'VmSwap'),
})

/** Pages: of the whole, resident, shared … */
const inStatm =
  (page: number) =>
  (text: string): Memory => ({ resident: Number(text.split(' ', 2)[1] ?? 0) * page, swapped: 0 })

const isAnythingSwapped = (): boolean => {
  const text = `\n${readFileSync('/proc/meminfo', 'utf8')}`
  return kilobytes(text, 'SwapTotal') !== kilobytes(text, 'SwapFree')
}

/** As the kernel has told it to us at our start, in pairs of a kind and a value. */
const pageBytes = (): number => {
  const pairs = readFileSync('/proc/self/auxv')
  for (let at = 0; at + 16 <= pairs.length; at += 16)
    if (pairs.readBigUInt64LE(at) === kindOfPageBytes) return Number(pairs.readBigUInt64LE(at + 8))
  return 4096
}

const kindOfPageBytes = 6n

const kilobytes = (text: string, name: string): number => {
  const start = text.indexOf(`\n${name}:`)
  return start < 0 ? 0 : Number.parseInt(text.slice(start + name.length + 2), 10) * 1024
}

export const ticksPerSecond = 100

/** When the machine was started, in seconds since 1970. */
export const bootTime = (): number =>
  Number(/^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1] ?? 0)
