/**
 * Who starts the supervisor, and starts it again: after a death as another process, after an exec
 * as the same one. It also delivers the signals, which wait while an image gives way to the next.
 */
import type { Host } from './host.ts'
import { run, startLife } from './life.ts'
import type { Life } from './life.ts'
import { createMortal } from './mortal.ts'
import { after, breakPromise, count, note, stampOf, strikes } from './world.ts'

export interface Init {
  readonly life: () => Life | null
  /** From outside, at this very moment. */
  readonly kill: (kind: 'kill' | 'crash') => void
  readonly signal: (name: string) => void
  readonly reboot: (keepsRuntime: boolean) => void
  /** To be asked after every step: whether it has died of something. */
  readonly look: () => void
  readonly lives: () => number
  readonly begin: () => void
}

export const createInit = (host: Host): Init => {
  const { world, kernel, disk, network, promises, memory } = host
  let life: Life | null = null
  let manner: 'kill' | 'crash' = 'kill'
  let lives = 0
  let pid = 10
  /** A start that is on its way; a later one makes it void. */
  let starting = 0
  /** Blocked, because no image listens just now. */
  const pending = new Set<string>()
  let isImageChanging = false

  const startIn = (delay: number, reason: string, isSamePid: boolean): void => {
    const mine = (starting += 1)
    isImageChanging = isSamePid
    after(world, delay, () => {
      if (starting === mine) start(reason, isSamePid)
    })
  }

  const bordersOf = (): number => {
    const dice = world.dice('death of the supervisor')
    const [killAt, crashAt] = [dice.wait(150), dice.wait(300)]
    const isKilled = strikes(world, 'kill', 0.7)
    const isCrashed = strikes(world, 'crash', 0.5)
    manner = isKilled && (killAt <= crashAt || !isCrashed) ? 'kill' : 'crash'
    return isKilled || isCrashed ? (manner === 'kill' ? killAt : crashAt) : Infinity
  }

  const start = (reason: string, isSamePid: boolean): void => {
    if (!isSamePid) pid += 1
    isImageChanging = false
    lives += 1
    const mortal = createMortal(bordersOf())
    const signals = [...pending]
    pending.clear()
    note(world, () => `life ${lives}: ${reason}`)
    run(mortal, () => {
      life = startLife({
        ...{ host, mortal, pid, reason, signals },
        onExec: becomeNew,
        onExit: leave,
      })
    })
    if (mortal.isDead() && life?.mortal !== mortal) ended(mortal.place() ?? '')
  }

  const later = (delay: number, work: (life: Life) => void): void => {
    const mine = life
    after(world, delay, () => {
      if (mine !== null && mine === life) run(mine.mortal, () => work(mine))
    })
  }

  /** What the last image had open is closed, its children are children still. */
  const leaveImage = (): void => {
    kernel.watcher = null
    life?.mortal.kill('left')
    life = null
  }

  const becomeNew = (reason: string): void => {
    const dice = world.dice('exec')
    count(world, 'exec')
    later(dice.pick([1, 5, 250]), mine => {
      if (strikes(world, 'execRefused', 0.3)) {
        count(world, 'execRefused')
        return mine.hear({ type: 'exec.refused', code: 'EINVAL', ...stampOf(world) })
      }
      if (mine.state().tree.value !== 'restarting') return
      leaveImage()
      startIn(dice.between(20, 60), `restarted in place (${reason})`, true)
    })
  }

  const leave = (code: number): void =>
    later(world.dice('leave').pick([0, 5, 200]), mine => {
      mine.close()
      if (code === 0)
        for (const process of kernel.byPid.values())
          if (process.instance !== null && process.state === 'alive' && !process.isSpare)
            breakPromise(world, 'stops whole', `${process.instance} ${process.pid} outlives a stop`)
      promises.leftOrderly()
      host.continuity.forget()
      leaveImage()
      kernel.orphan()
      startIn(world.dice('leave').wait(2_000), 'started', false)
    })

  /** It has died: what becomes of its children depends on how. */
  const ended = (place: string): void => {
    count(world, manner)
    note(world, () => `${manner === 'kill' ? 'killed' : 'crashed'} ${place}`)
    leaveImage()
    if (manner === 'kill') {
      network.closeTree()
      kernel.orphan()
    }
    const delay = world.dice('starts').pick([5, 50, 500, 3_000])
    startIn(delay, manner === 'kill' ? 'started' : 'after a crash', manner === 'crash')
  }

  return {
    life: () => life,
    lives: () => lives,
    begin: () => startIn(0, 'started', false),
    kill: kind => {
      if (life === null) return
      manner = kind
      life.mortal.kill('between two turns')
    },
    signal: name => {
      if (life === null) {
        if (isImageChanging) pending.add(name)
        return
      }
      if (pending.has(name)) return
      pending.add(name)
      const mine = life
      const delay = Math.max(world.dice('loop').pick([0, 1, 5]), mine.busyUntil - world.now)
      after(world, delay, () => {
        if (mine !== life) return
        pending.delete(name)
        run(mine.mortal, () =>
          mine.hear({ type: 'signal.received', ...stampOf(world), signal: name }),
        )
      })
    },
    reboot: keepsRuntime => {
      count(world, 'reboot')
      note(world, () => `reboot, the runtime directory is ${keepsRuntime ? 'kept' : 'empty'}`)
      promises.rebooted()
      for (const judge of host.judges) judge.forget?.()
      life?.mortal.kill('at a reboot')
      leaveImage()
      pending.clear()
      kernel.powerOff(keepsRuntime)
      network.closeAll()
      host.continuity.forget()
      if (!keepsRuntime) {
        disk.clear()
        memory.suspect()
      }
      world.boots += 1
      world.bootedAt = world.now - world.dice('reboot').between(1_000, 10_000)
      startIn(world.dice('reboot').between(1_000, 20_000), 'started', false)
    },
    look: () => {
      if (life?.mortal.isDead() === true) ended(life.mortal.place() ?? '')
    },
  }
}
