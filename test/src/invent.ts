/** Stories that nobody has thought of: inputs for src/decide.ts, by chance. */
import type { Input, Socket, Wanted } from '../../machines/vocabulary.ts'
import type { State } from '../../src/decide.ts'

/** Two configurations: one has a socket to share, the other has that, another one, and its own. */
export const wanted = (config: string): Wanted => ({
  spec: `s${config}`,
  config,
  restartMs: 1_000,
  killMs: 500,
  sockets: config === '1' ? [shared(80)] : [shared(80), shared(81), own(90)],
})

export const shared = (port: number, more: Partial<Socket> = {}): Socket => ({
  key: `tcp:0.0.0.0:${port}`,
  host: '0.0.0.0',
  port,
  backlog: 128,
  reuseAddr: true,
  reusePort: false,
  setNonBlock: false,
  uid: 1000,
  gid: 0,
  ...more,
})

export const own = (port: number): Socket => shared(port, { reusePort: true })

const names = ['web/a.0', 'web/a.1', 'db/x.0']

/** What may be heard: often what fits to the state, sometimes what never should come. */
export const invent = (random: () => number, state: State, at: number): Input => {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const instance = pick(names)
  const sandbox = pick(['web', 'db'])
  const life = state.instances.get(instance)?.context.life
  const incarnation = random() < 0.9 ? (life?.incarnation ?? 1) : 1
  const mono = at
  const mine = names.filter(name => name.startsWith(`${sandbox}/`) && random() < 0.7)
  const config = pick(['1', '2'])
  const socket = shared(pick([80, 81]))
  const { key } = socket
  return pick<Input>([
    { type: 'tree.started', at, mono, pid: 1, bootId: random() < 0.95 ? 'b' : 'c', version: '1' },
    { type: 'tree.surveyed', at, mono, adopted: 0, lost: 0 },
    { type: 'signal.received', at, mono, signal: pick(['SIGTERM', 'SIGQUIT', 'SIGHUP']) },
    {
      type: 'config.loaded',
      at,
      mono,
      sandbox,
      wanted: Object.fromEntries(mine.map(name => [name, wanted(config)])),
      specs: { [`s${config}`]: { config } },
    },
    { type: 'config.refused', at, mono, sandbox, reasons: ['no'] },
    { type: 'config.absent', at, mono, sandbox },
    { type: 'knot.launched', at, mono, instance, incarnation, pid: 7, birth: 1 },
    // An application is not heard of before its knot.
    life?.pid == null
      ? { type: 'config.refused', at, mono, sandbox, reasons: ['no'] }
      : { type: 'app.started', at, mono, instance, incarnation, pid: 8 },
    { type: 'knot.refused', at, mono, instance, incarnation, step: 's', about: '', code: 'E' },
    { type: 'knot.exited', at, mono, instance, incarnation, pid: 7, status: 256 },
    {
      type: 'knot.adopted',
      at,
      mono,
      instance,
      incarnation,
      pid: 7,
      birth: 1,
      config,
      bornAt: 0,
    },
    { type: 'timer.elapsed', at, mono, instance, timer: pick(['restart', 'kill', 'start']) },
    { type: 'timer.elapsed', at, mono, timer: 'stop' },
    { type: 'socket.opened', at, mono, key, socket },
    { type: 'socket.closed', at, mono, key },
    { type: 'socket.recovered', at, mono, key, from: 'exec' },
    { type: 'instance.restart', at, mono, instance, by: 'test' },
  ])
}
