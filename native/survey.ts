/**
 * Which knots of ours there are: the union of the status files, which know the dead, and of
 * /proc, which knows the living, also those of the original lithos and those whose file was
 * lost. A knot is recognised by its arguments, `lithos_knot --name N --master M --config C`
 * with our M; words behind C are for others.
 */
import { mkdirSync, readdirSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import * as pidfd from './pidfd.ts'
import type { Pidfd } from './pidfd.ts'
import * as proc from './proc.ts'
import { parseFileName, readStatusFile } from './statusFile.ts'
import type { End, StatusLine } from './statusFile.ts'

export interface Found {
  readonly instance: string
  /** 0 where nobody has written it down: a knot of the original, or its file is lost. */
  readonly incarnation: number
  /** `zombie`: it has ended, and how is still to be asked for. `gone`: only the file is left. */
  readonly state: 'alive' | 'zombie' | 'gone'
  /** A knot of the original lithos: it keeps no status file. */
  readonly foreign: boolean
  readonly pid: number
  readonly birth: number
  /** Held from here on, so that no end escapes us; null if gone. `adopt` or close it. */
  readonly pidfd: Pidfd | null
  /** The JSON in its arguments; null where it has ended. */
  readonly config: string | null
  /** Content hash of the launch specification, where the file says it. */
  readonly spec: string | null
  /** Milliseconds of CLOCK_MONOTONIC. */
  readonly bornAt: number
  readonly appPid: number | null
  /** Its status file, by name; null where it has none. */
  readonly file: string | null
  /** What the file holds, and where the next reading of it begins. */
  readonly kept: Kept
  readonly offset: number
}

export interface Kept {
  readonly startedAt: number | null
  readonly refused: { readonly step: number; readonly errno: number } | null
  readonly exited: (End & { readonly how: string }) | null
}

export interface Survey {
  readonly knots: readonly Found[]
  /** Names of the living knots of `lithos_cmd`, which are not ours to touch. */
  readonly commands: ReadonlySet<string>
  /** Processes that hold listening sockets for us; see keep.c. */
  readonly keepers: readonly Keeper[]
}

export interface Keeper {
  readonly pid: number
  readonly pidfd: Pidfd
}

export const survey = (knotsDir: string, masterFile: string): Survey => {
  mkdirSync(knotsDir, { recursive: true, mode: 0o700 })
  const keepers: Keeper[] = []
  const running = proc.allPids().flatMap(pid => {
    const words = proc.commandLine(pid)
    if (words?.[0] === 'lithos_keep') keepers.push(...recogniseKeeper(pid, words, masterFile))
    return words === null ? [] : recognise(pid, words, masterFile)
  })
  const commands = new Set(running.filter(({ isCommand }) => isCommand).map(({ name }) => name))
  // The living first, and held: what is written before an end is then read after it.
  const living = running.filter(({ isCommand }) => !isCommand).flatMap(hold)
  const files = new Map(readdirSync(knotsDir).map(name => [name, readLife(knotsDir, name)]))
  const fileOf = new Map<Held, string>()
  for (const knot of living) {
    const name = findFile(knot, files)
    if (name !== null) fileOf.set(knot, name)
  }
  const taken = new Set(fileOf.values())
  const others = [...files].filter(([name]) => !taken.has(name))
  return {
    knots: [
      ...living.map(knot => describeLiving(knot, knotsDir, fileOf.get(knot) ?? null, files)),
      ...others.flatMap(([name, life]) => describeOther(knotsDir, name, life)),
    ],
    commands,
    keepers,
  }
}

/** Anybody may call himself so; root, outside of every container, is one of us. */
const recogniseKeeper = (pid: number, words: readonly string[], masterFile: string): Keeper[] => {
  const stat = proc.readStat(pid)
  const isOurs = words[1] === '--master' && resolve(words[2] ?? '') === resolve(masterFile)
  if (stat === null || !isOurs || !proc.isRoot(pid) || !proc.isOnHost(pid)) return []
  const held = pidfd.openIf(pid, stat.birth)
  return held === null ? [] : [{ pid, pidfd: held }]
}

// ---- the living --------------------------------------------------------------------------

interface Running {
  readonly name: string
  readonly pid: number
  readonly config: string
  readonly isCommand: boolean
}

interface Held extends Running {
  readonly birth: number
  readonly pidfd: Pidfd
}

const isCommandName = (name: string) => /^[^/]+\/cmd\.[^./]+\.\d+$/.test(name)

const recognise = (pid: number, words: readonly string[], masterFile: string): Running[] => {
  if (words.length < 7) return []
  const [program, nameOption, name, masterOption, master, configOption, config] = words
  const isKnot =
    basename(program as string) === 'lithos_knot' &&
    nameOption === '--name' &&
    masterOption === '--master' &&
    configOption === '--config' &&
    resolve(master as string) === resolve(masterFile)
  if (!isKnot || !proc.isInit(pid)) return []
  return [
    {
      name: name as string,
      pid,
      config: config as string,
      isCommand: isCommandName(name as string),
    },
  ]
}

const hold = (knot: Running): Held[] => {
  const stat = proc.readStat(knot.pid)
  const held = stat === null ? null : pidfd.openIf(knot.pid, stat.birth)
  return stat === null || held === null ? [] : [{ ...knot, birth: stat.birth, pidfd: held }]
}

/** Its descriptor 4 is the file; where that does not tell, the `pid` line in the file does. */
const findFile = (knot: Held, files: ReadonlyMap<string, Life>): string | null => {
  const target = proc.descriptorTarget(knot.pid, 4)
  const name = target === null ? '' : basename(target)
  if (files.get(name)?.instance === knot.name) return name
  const found = [...files].find(
    ([, { instance, pid, birth }]) =>
      instance === knot.name && pid === knot.pid && birth === knot.birth,
  )
  return found?.[0] ?? null
}

const describeLiving = (
  knot: Held,
  knotsDir: string,
  name: string | null,
  files: ReadonlyMap<string, Life>,
): Found => {
  // Read anew: since the first reading it may have been started, or have ended.
  const life = name === null ? nothing : readLife(knotsDir, name)
  const incarnation = life.incarnation || files.get(name ?? '')?.incarnation || 0
  const isZombie = !proc.isAlive(knot.pid)
  return {
    ...sharedBy(life, name),
    instance: knot.name,
    incarnation,
    state: isZombie ? 'zombie' : 'alive',
    foreign: name === null,
    pid: knot.pid,
    birth: knot.birth,
    pidfd: knot.pidfd,
    config: knot.config,
    bornAt: proc.birthToMono(knot.birth),
    appPid: isZombie ? null : findApp(knot.pid, life.innerPid),
  }
}

/** Of the knot's children the one with that number inside; orphans are its children, too. */
const findApp = (knot: number, innerPid: number | null): number | null =>
  innerPid === null
    ? (proc.childrenOf(knot)[0] ?? null)
    : (proc.childrenOf(knot).find(child => proc.innerPid(child) === innerPid) ?? null)

// ---- those that only their file tells of -------------------------------------------------

const describeOther = (knotsDir: string, name: string, { pid, birth }: Life): Found[] => {
  if (parseFileName(name) === null) return []
  const held = pid === 0 ? null : pidfd.openIf(pid, birth)
  // Its arguments name another master file, but its status file is here: it is ours.
  const isAlive = held !== null && proc.isAlive(pid)
  const life = readLife(knotsDir, name)
  return [
    {
      ...sharedBy(life, name),
      instance: life.instance,
      incarnation: life.incarnation,
      state: isAlive ? 'alive' : held === null ? 'gone' : 'zombie',
      foreign: false,
      pid,
      birth,
      pidfd: held,
      config: isAlive ? (proc.commandLine(pid)?.[6] ?? null) : null,
      bornAt: birth === 0 ? 0 : proc.birthToMono(birth),
      appPid: isAlive ? findApp(pid, life.innerPid) : null,
    },
  ]
}

// ---- files -------------------------------------------------------------------------------

interface Life extends Kept {
  readonly instance: string
  readonly incarnation: number
  readonly spec: string | null
  readonly pid: number
  readonly birth: number
  readonly innerPid: number | null
  readonly offset: number
}

const nothing: Life = {
  instance: '',
  incarnation: 0,
  spec: null,
  pid: 0,
  birth: 0,
  innerPid: null,
  startedAt: null,
  refused: null,
  exited: null,
  offset: 0,
}

const readLife = (knotsDir: string, name: string): Life => {
  const { lines, offset } = readStatusFile(join(knotsDir, name), 0)
  return lines.reduce(add, { ...nothing, ...parseFileName(name), offset })
}

const add = (life: Life, line: StatusLine): Life => {
  switch (line.said) {
    case 'knot':
      return { ...life, spec: line.spec }
    case 'pid':
      return { ...life, pid: line.pid, birth: line.birth }
    case 'started':
      return { ...life, startedAt: line.mono, innerPid: line.innerPid }
    case 'refused':
      return { ...life, refused: { step: line.step, errno: line.errno } }
    case 'exited':
      return { ...life, exited: line }
    default:
      return life
  }
}

const sharedBy = ({ spec, startedAt, refused, exited, offset }: Life, file: string | null) => ({
  spec,
  file,
  kept: { startedAt, refused, exited },
  offset,
})
