/**
 * The disturbances: each is done at one moment, and says what it was. Chosen by chance from the
 * seed; whoever is ended is written down before, with the signal.
 */
import { spawn } from 'node:child_process'
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { childrenOf, commandLine, readStat } from '../../native/proc.ts'
import * as pidfd from '../../native/pidfd.ts'
import { program } from '../../src/demo/world.ts'
import type { Cast } from './cast.ts'
import type { Init } from './init.ts'
import type { Seen, Watch } from './watch.ts'

export interface Kill {
  readonly knot: Seen
  readonly signal: NodeJS.Signals
  readonly at: number
}

export interface Disturber {
  readonly kills: readonly Kill[]
  /** How often each kind was done. */
  readonly done: Readonly<Record<string, number>>
  readonly disturbOnce: () => Promise<void>
  /** Everything is as it was, and no disturbance is under way. */
  readonly calm: () => Promise<void>
}

interface Scene {
  readonly cast: Cast
  readonly init: Init
  readonly watched: Watch
  /** From 0 up to 1. */
  readonly random: () => number
}

const deadly = ['SIGKILL', 'SIGTERM', 'SIGSEGV', 'SIGABRT', 'SIGUSR1', 'SIGQUIT'] as const
const inPlace = ['SIGQUIT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const

export const createDisturber = ({ cast, init, watched, random }: Scene): Disturber => {
  const kills: Kill[] = []
  const done: Record<string, number> = {}
  const underWay = new Set<Promise<void>>()
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const between = (a: number, b: number): number => a + random() * (b - a)

  /** True if it was there to hear it. */
  const tell = (signal: NodeJS.Signals): boolean => {
    const tree = init.tree()
    return tree.isAlive() && process.kill(tree.pid, signal)
  }
  const later = (ms: number, work: () => void): void => {
    const promise = setTimeout(ms).then(work)
    underWay.add(promise)
    void promise.then(() => underWay.delete(promise))
  }

  const killSome = (): void => {
    const candidates = watched
      .sample()
      .filter(({ instance }) => cast.fates.get(instance) === 'ours' || instance.startsWith('mod/'))
    for (let left = 1 + Math.floor(random() * 4); left > 0 && candidates.length > 0; left--) {
      const [knot] = candidates.splice(Math.floor(random() * candidates.length), 1)
      if (knot !== undefined)
        killApplication(knot, knot.instance.includes('/deaf') ? 'SIGKILL' : pick(deadly))
    }
  }

  /** Through a pidfd, so that it can hit nobody else. */
  const killApplication = (knot: Seen, signal: NodeJS.Signals): void => {
    const [pid] = childrenOf(knot.pid)
    const stat = pid === undefined ? null : readStat(pid)
    if (pid === undefined || stat === null || stat.parent !== knot.pid) return
    const held = pidfd.openIf(pid, stat.birth)
    if (held === null) return
    try {
      // Before its exec it is not an application yet, and not what we are about to kill.
      if (readStat(knot.pid)?.birth !== knot.birth || commandLine(pid)?.[0] !== '/guest') return
      watched.excuse(knot)
      if (pidfd.signal(held, signal)._tag === 'Right') kills.push({ knot, signal, at: Date.now() })
    } finally {
      pidfd.close(held)
    }
  }

  // ---- configuration ---------------------------------------------------------------------

  const { sandbox, processes } = cast.changing
  let saved: readonly [string, string] = [
    readFileSync(sandbox, 'utf8'),
    readFileSync(processes, 'utf8'),
  ]
  const mend = (): void => {
    writeFileSync(sandbox, saved[0])
    writeFileSync(processes, saved[1])
  }

  const changeWell = (): void => {
    mend()
    cast.change(1 + Math.floor(random() * 3), Math.floor(random() * 3))
    saved = [readFileSync(sandbox, 'utf8'), readFileSync(processes, 'utf8')]
  }
  const changeBadly = (): void => {
    mend()
    const path = pick([sandbox, processes])
    const text = readFileSync(path)
    const worse: readonly (() => void)[] = [
      () => writeFileSync(path, ''),
      () => writeFileSync(path, text.subarray(0, Math.floor(random() * text.length))),
      () => writeFileSync(path, Buffer.from([0, 255, 1, 254, 2, 253])),
      () => writeFileSync(path, 'a: [\n'),
      () => writeFileSync(path, `${text.toString()}nonsense: 1\n`),
      () => rmSync(path),
      () => copyFileSync('/dev/null', path),
    ]
    pick(worse)()
  }
  const reload = (change: () => void): void => {
    change()
    tell(pick(inPlace))
  }

  /** What is deployed is checked against files that others may be damaging: refusals are right. */
  const deploy = (): void => {
    const before = existsSync(processes) ? readFileSync(processes) : null
    changeWell()
    const file = join(cast.world.root, `deployed-${random()}.yaml`)
    writeFileSync(file, saved[1])
    if (before === null) rmSync(processes)
    else writeFileSync(processes, before)
    const words = ['--master', cast.world.master, 'mod', file]
    const child = spawn(program('lithos_switch'), words, { stdio: 'ignore', timeout: 20_000 })
    const ended = new Promise<void>(resolve => child.on('close', () => resolve()))
    underWay.add(ended)
    void ended.then(() => underWay.delete(ended))
  }

  const { master } = cast.world
  const masterText = readFileSync(master)
  /** Whoever starts meanwhile goes on with the last good one. */
  const breakMaster = (): void => {
    const worse = ['', 'a: [\n', 'runtime-dir: [no path]\n', `${masterText.toString()}x: 1\n`]
    writeFileSync(master, pick(worse))
    later(between(100, 900), () => writeFileSync(master, masterText))
    tell(pick([...inPlace, 'SIGKILL'] as const))
  }

  // ---- the supervisor --------------------------------------------------------------------

  const starve = (): void => {
    const { pid } = init.tree()
    try {
      setPriority(pid, constants.priority.PRIORITY_LOW)
    } catch {
      // It has ended in the meantime.
    }
    const hogs = [0, 1].map(() => spawn('sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' }))
    later(between(200, 700), () => hogs.forEach(hog => hog.kill('SIGKILL')))
  }

  const kinds: readonly (readonly [name: string, weight: number, act: () => void])[] = [
    ['killed', 10, () => void tell('SIGKILL')],
    [
      'killed, started late',
      3,
      () => {
        init.delayNext(between(50, 1_000))
        tell('SIGKILL')
      },
    ],
    ['exec in place', 8, () => void tell(pick(inPlace))],
    ['crashed', 1, () => void tell(pick(['SIGSEGV', 'SIGABRT']))],
    [
      'stopped and continued',
      2,
      () => {
        if (tell('SIGSTOP')) later(between(20, 400), () => void tell('SIGCONT'))
      },
    ],
    ['starved', 1, starve],
    ['reload of a good configuration', 2, () => reload(changeWell)],
    ['reload of a bad configuration', 2, () => reload(changeBadly)],
    ['lithos_switch', 2, deploy],
    ['master configuration broken', 3, breakMaster],
    ['applications killed', 10, killSome],
  ]
  const total = kinds.reduce((sum, [, weight]) => sum + weight, 0)

  return {
    kills,
    done,
    disturbOnce: async () => {
      let at = random() * total
      for (const [name, weight, act] of kinds) {
        at -= weight
        if (at >= 0) continue
        done[name] = (done[name] ?? 0) + 1
        act()
        break
      }
      await setTimeout(between(10, 400))
    },
    calm: async () => {
      await Promise.all(underWay)
      tell('SIGCONT')
      mend()
    },
  }
}
