/**
 * Which knots of ours there are: the union of the status files, which know the dead, and of
 * /proc, which knows the living, also those of the original lithos and those whose file was
 * lost. A knot is recognised by its arguments, `lithos_knot --name N --master M --config C`
 * with our M; words behind C are for others.
 */
import { mkdirSync, readdirSync } from 'node:fs'
import { basename, dirname, isAbsolute, join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { fromHere, isSameFile } from './here.ts'
import { readTexts } from './look.ts'
import * as pidfd from './pidfd.ts'
import type { Pidfd } from './pidfd.ts'
import * as proc from './proc.ts'
import { parseFileName } from './statusFile.ts'
import { lifeIn, nothing, sharedBy } from './statusLife.ts'
import type { Kept, Life } from './statusLife.ts'

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

/**
 * `/proc` is read in three sweeps of many files each. Who is there is held first, with a pidfd;
 * all that is told of it here is read after that, so an end that comes later is heard later.
 */
export const survey = (knotsDir: string, masterFile: string): Survey => {
  mkdirSync(knotsDir, { recursive: true, mode: 0o700 })
  const pids = proc.allPids()
  const commandLines = readTexts(pids.map(proc.commandPath))
  const all = pids.map((pid, index) => ({ pid, command: commandLines[index] ?? '' }))
  const keepers = all
    .filter(({ command }) => command.startsWith('lithos_keep\0'))
    .flatMap(({ pid, command }) => recogniseKeeper(pid, proc.parseCommand(command), masterFile))
  const running = all.flatMap(({ pid, command }) => recognise(pid, command, masterFile))
  const held = hold(running)
  const names = readdirSync(knotsDir)
  const texts = readTexts(names.map(name => join(knotsDir, name)))
  const files = new Map(names.map((name, index) => [name, lifeIn(name, texts[index] ?? '')]))
  const byProcess = new Map(
    [...files].map(([name, { pid, birth, instance }]) => [`${pid} ${birth} ${instance}`, name]),
  )
  const ours = held.flatMap(knot => {
    const named = byProcess.get(`${knot.pid} ${knot.birth} ${knot.name}`)
    if (named !== undefined) return [{ knot, file: named }]
    // What a knot has forked looks like the knot, down to its descriptors, until it executes.
    if (proc.isInit(knot.pid) && !isOfOther(knot, knotsDir))
      return [{ knot, file: openFile(knot, files) }]
    pidfd.close(knot.pidfd)
    return []
  })
  const commands = new Set<string>()
  const living = ours.filter(({ knot: { name, pidfd: commandFd } }) => {
    if (!isCommandName(name)) return true
    commands.add(name)
    pidfd.close(commandFd)
    return false
  })
  const taken = new Set(living.map(({ file }) => file))
  const others = [...files].filter(([name]) => !taken.has(name))
  return {
    knots: [
      ...living.map(({ knot, file }) => describeLiving(knot, file, files)),
      ...others.flatMap(([name, life]) => describeOther(knotsDir, name, life)),
    ],
    commands,
    keepers,
  }
}

/** Anybody may call himself so; root, outside of every container, is one of us. */
const recogniseKeeper = (pid: number, words: readonly string[], masterFile: string): Keeper[] => {
  const stat = proc.readStat(pid)
  const isOurs = words[1] === '--master' && words[2] === fromHere(masterFile)
  if (stat === null || !isOurs || !proc.isOurUser(pid) || !proc.isOnHost(pid)) return []
  const held = pidfd.openIf(pid, stat.birth)
  return held === null ? [] : [{ pid, pidfd: held }]
}

// ---- the living --------------------------------------------------------------------------

interface Running {
  readonly name: string
  readonly pid: number
  readonly command: string
  readonly config: string
  readonly master: string
}

interface Held extends Running {
  readonly birth: number
  readonly isZombie: boolean
  readonly children: readonly number[]
  readonly pidfd: Pidfd
}

const isCommandName = (name: string) => /^[^/]+\/cmd\.[^./]+\.\d+$/.test(name)

const recognise = (pid: number, command: string, masterFile: string): Running[] => {
  // Most processes of a host are none of ours, and need not be taken apart.
  if (!command.includes('lithos_knot\0--name\0')) return []
  const words = proc.parseCommand(command)
  const [program, nameOption, name, masterOption, master, configOption, config] = words
  const isKnot =
    words.length >= 7 &&
    basename(program as string) === 'lithos_knot' &&
    nameOption === '--name' &&
    masterOption === '--master' &&
    configOption === '--config' &&
    fromHere(master as string) === fromHere(masterFile)
  return isKnot
    ? [{ name: name as string, pid, command, config: config as string, master: master as string }]
    : []
}

/** That very process, or it is none: its number may have gone to another one meanwhile. */
const hold = (running: readonly Running[]): readonly Held[] => {
  const opened = running.flatMap(knot => {
    const held = pidfd.open(knot.pid)
    return E.isLeft(held) ? [] : [{ ...knot, pidfd: held.right }]
  })
  const texts = readTexts(
    opened.flatMap(({ pid }) => [
      proc.commandPath(pid),
      proc.statPath(pid),
      proc.childrenPath(pid),
    ]),
  )
  return opened.flatMap((knot, index) => {
    const [command, statText, children] = texts.slice(3 * index, 3 * index + 3)
    const stat = proc.parseStat(statText ?? null)
    // A zombie has no words any more. Held and not reaped, the number was its own all the time.
    const isIt = command === knot.command || command === ''
    if (stat === null || !isIt || !pidfd.isThere(knot.pidfd)) {
      pidfd.close(knot.pidfd)
      return []
    }
    return [
      {
        ...knot,
        birth: stat.birth,
        isZombie: stat.state === 'Z' || stat.state === 'X',
        children: children == null ? proc.childrenOf(knot.pid) : proc.parseChildren(children),
      },
    ]
  })
}

/**
 * In two directories two supervisors may be told the same relative path: whose knot it is, is then
 * told by where it writes.
 */
const isOfOther = ({ pid, master }: Held, knotsDir: string): boolean => {
  if (isAbsolute(master)) return false
  const directory = dirname(proc.descriptorTarget(pid, 4) ?? '')
  return basename(directory) === 'knots' && !isSameFile(directory, knotsDir)
}

/** Where nobody has written its pid down, its descriptor 4 tells which file is its own. */
const openFile = (knot: Held, files: ReadonlyMap<string, Life>): string | null => {
  const target = proc.descriptorTarget(knot.pid, 4)
  const name = target === null ? '' : basename(target)
  return files.get(name)?.instance === knot.name ? name : null
}

const describeLiving = (
  knot: Held,
  file: string | null,
  files: ReadonlyMap<string, Life>,
): Found => {
  const life = files.get(file ?? '') ?? nothing
  return {
    ...sharedBy(life, file),
    instance: knot.name,
    incarnation: life.incarnation,
    state: knot.isZombie ? 'zombie' : 'alive',
    foreign: file === null,
    pid: knot.pid,
    birth: knot.birth,
    pidfd: knot.pidfd,
    config: knot.config,
    bornAt: proc.birthToMono(knot.birth),
    appPid: knot.isZombie ? null : findApp(knot.children, life.innerPid),
  }
}

/** Of the knot's children the one with that number inside; orphans are its children, too. */
export const findApp = (children: readonly number[], innerPid: number | null): number | null =>
  innerPid === null || children.length < 2
    ? (children[0] ?? null)
    : (children.find(child => proc.innerPid(child) === innerPid) ?? null)

// ---- those that only their file tells of -------------------------------------------------

const describeOther = (knotsDir: string, name: string, { pid, birth }: Life): Found[] => {
  if (parseFileName(name) === null) return []
  const held = pid === 0 ? null : pidfd.openIf(pid, birth)
  // Its arguments name another master file, but its status file is here: it is ours.
  const isAlive = held !== null && proc.isAlive(pid)
  const life = lifeIn(name, readTexts([join(knotsDir, name)])[0] ?? '')
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
      appPid: isAlive ? findApp(proc.childrenOf(pid), life.innerPid) : null,
    },
  ]
}
