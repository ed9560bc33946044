/** What goes on around the supervisor, by itself and again and again, until it is calm. */
import { edit, hideListing } from './configs.ts'
import type { Host } from './host.ts'
import type { Init } from './init.ts'
import { hotDirectory } from './life.ts'
import { noOrders } from './kernel.ts'
import { liveAsIntruder } from './knot.ts'
import { switchSome } from './operator.ts'
import { after, count, note, stampOf } from './world.ts'
import type { FaultKind } from './world.ts'

interface Happening {
  readonly kind: FaultKind
  /** Milliseconds from one to the next, on average. */
  readonly every: number
  readonly work: () => void
}

export const beginWeather = (host: Host, init: Init): void => {
  const { world } = host
  const happenings = happeningsOf(host, init)
  for (const { kind, every, work } of happenings) {
    if (!world.faults.has(kind)) continue
    const dice = world.dice(`weather ${kind}`)
    // Some seeds have much of it, some little.
    const mean = every * dice.pick([0.3, 1, 3])
    const again = (): void =>
      after(world, dice.wait(mean), () => {
        if (world.isCalm) return
        work()
        again()
      })
    again()
  }
}

const happeningsOf = (host: Host, init: Init): readonly Happening[] => {
  const { world, kernel, disk, network, configs, memory } = host
  const log = `${hotDirectory}/hot.log`

  const kill = (kind: 'kill' | 'crash') => (): void => init.kill(kind)

  const reload = (): void => {
    const life = init.life()
    const dice = world.dice('reload')
    const one = dice.pick([...configs.sandboxes.keys()])
    if (life === null) return
    if (configs.sandboxes.get(one)?.state === 'vanished' && dice.happens(0.5))
      return life.hear({ type: 'config.remove', sandbox: one, by: 'operator', ...stampOf(world) })
    if (dice.happens(0.3))
      return init.signal(dice.pick(['SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2']))
    const which = dice.happens(0.5) ? { sandbox: one } : {}
    life.hear({ type: 'config.reload', by: 'operator', ...which, ...stampOf(world) })
  }

  const change = (): void => {
    edit(world, configs)
    if (world.dice('reload').happens(0.7)) reload()
  }

  const stop = (): void => {
    count(world, 'stop')
    init.signal('SIGTERM')
  }

  const restart = (): void => {
    const life = init.life()
    const dice = world.dice('restart')
    const instances = [...(life?.state().instances.keys() ?? [])]
    if (life === null || instances.length === 0) return
    count(world, 'restart')
    const instance = dice.pick(instances)
    life.hear({ type: 'instance.restart', instance, by: 'operator', ...stampOf(world) })
  }

  const stall = (): void => {
    const life = init.life()
    if (life === null) return
    count(world, 'stall')
    life.busyUntil = world.now + world.dice('stall').wait(1_000)
  }

  const setClock = (): void => {
    count(world, 'clock')
    const dice = world.dice('clock')
    const hours = dice.pick([1, 5, 24, 24 * 30]) * dice.pick([1, -1])
    world.wallOffset += hours * 3_600_000
    note(world, () => `the wall clock is set by ${hours} h`)
  }

  const fill = (): void => {
    if (disk.isFull) return
    count(world, 'full')
    note(world, () => 'the disk is full')
    disk.isFull = true
    memory.suspect()
    after(world, world.dice('full').wait(2_000), () => {
      disk.isFull = false
      note(world, () => 'the disk has room')
    })
  }

  const damage = (): void => {
    const bytes = disk.read(log)
    if (bytes === null || bytes.length === 0) return
    count(world, 'damage')
    memory.suspect()
    const at = world.dice('damage').upTo(bytes.length)
    bytes[at] = (bytes[at] ?? 0) ^ (1 << world.dice('damage').upTo(8))
    note(world, () => `byte ${at} of hot.log is changed`)
  }

  const lose = (): void => {
    count(world, 'lost')
    memory.suspect()
    disk.remove(log)
    note(world, () => 'hot.log is removed')
  }

  const loseFile = (): void => {
    const files = [...kernel.files.keys()]
    if (files.length === 0) return
    const file = world.dice('lostFile').pick(files)
    count(world, 'lostFile')
    kernel.lostFiles.add(kernel.files.get(file) ?? [])
    kernel.files.delete(file)
    note(world, () => `${file} is removed`)
  }

  const killKeeper = (): void => {
    count(world, 'keeper')
    note(world, () => 'the keeper of the sockets is killed')
    network.closeKeeper()
    network.isKeeperLost = true
    init.life()?.sockets.keeperDied()
  }

  const intrude = (): void => {
    const dice = world.dice('intruder')
    const names = [...configs.given.values()].flatMap(({ wanted }) => [...wanted])
    const [instance, wanted] = names.length > 0 && dice.happens(0.8) ? dice.pick(names) : unknown
    count(world, 'intruder')
    const process = kernel.bear({
      ...{ instance, incarnation: 0, file: null, lines: [], spec: null, killMs: 500 },
      orders: noOrders,
      config: dice.happens(0.5) ? wanted.config : '{"other":true}',
      isChild: false,
      isSpare: true,
    })
    note(world, () => `${instance} ${process.pid} of the original appears`)
    liveAsIntruder(world, kernel, process)
  }

  return [
    { kind: 'kill', every: 8_000, work: kill('kill') },
    { kind: 'crash', every: 15_000, work: kill('crash') },
    { kind: 'exec', every: 6_000, work: () => init.signal('SIGHUP') },
    { kind: 'stop', every: 15_000, work: stop },
    { kind: 'config', every: 2_000, work: change },
    { kind: 'badListing', every: 20_000, work: () => hideListing(world, configs) },
    { kind: 'restart', every: 5_000, work: restart },
    { kind: 'operator', every: 8_000, work: () => switchSome(host, init) },
    { kind: 'stall', every: 4_000, work: stall },
    { kind: 'clock', every: 6_000, work: setClock },
    { kind: 'full', every: 10_000, work: fill },
    { kind: 'damage', every: 30_000, work: damage },
    { kind: 'lost', every: 40_000, work: lose },
    { kind: 'lostFile', every: 15_000, work: loseFile },
    { kind: 'keeper', every: 10_000, work: killKeeper },
    { kind: 'intruder', every: 10_000, work: intrude },
    { kind: 'reboot', every: 40_000, work: () => init.reboot(world.dice('reboot').happens(0.4)) },
  ]
}

const unknown = ['old/gone.0', { config: '{"old":true}' }] as const
