/**
 * The alphabet of the supervisor. Tense tells the role:
 *
 *   fact      knot.exited       past tense   it happened; nobody may refuse it
 *   command   instance.restart  imperative   somebody asks; a machine may ignore it
 *   effect    launch            bare verb    a machine decided; an actor performs it
 *
 * Facts and commands are written to the journal, so their shapes are a file format: a field
 * may be added as optional, nothing is ever renamed or removed. What concerns a sandbox has
 * `sandbox`, what concerns an instance has `instance` (its full name, `sandbox/process.N`)
 * and, where it speaks of one life, `incarnation`: the number of the turn that launched it,
 * so that a late fact about a former life is recognised.
 */
import * as t from 'io-ts'
import { Policy } from './policy.ts'
import type { HealthPolicy, ReadyPolicy } from './policy.ts'

export type { HealthPolicy, Policy, Probe, ReadyPolicy } from './policy.ts'

/**
 * `at`: milliseconds since 1970, for people. `mono`: milliseconds of CLOCK_MONOTONIC since
 * boot, for arithmetic: it survives the supervisor, but not a reboot. Both are stamped once,
 * at the edge. `cause`: the turn this follows from, where there is one.
 */
const stamp = { at: t.number, mono: t.number }

const said = <T extends string, P extends t.Props, O extends t.Props>(
  type: T,
  fields: P,
  optional?: O,
) =>
  t.intersection(
    [
      t.type({ type: t.literal(type), ...stamp, ...fields }),
      t.partial({ cause: t.number, ...((optional ?? {}) as O) }),
    ],
    type,
  )

const life = { instance: t.string, incarnation: t.number }

/** A listening TCP socket, as it is wanted. Two that have the same `key` are the same. */
export const Socket = t.readonly(
  t.type({
    /** Its address: `tcp:0.0.0.0:80`, `tcp:[::1]:80`. */
    key: t.string,
    host: t.string,
    port: t.number,
    backlog: t.number,
    reuseAddr: t.boolean,
    /** Not shared: each start of a process has one of its own. */
    reusePort: t.boolean,
    setNonBlock: t.boolean,
    /** Whose the inode is, on the host. */
    uid: t.number,
    gid: t.number,
  }),
  'a socket',
)
export type Socket = t.TypeOf<typeof Socket>

/** What a machine needs to know of the configuration an instance is wanted to run with. */
export const Wanted = t.intersection(
  [
    t.type({
      /** Content hash of the launch specification, see src/spec.ts. */
      spec: t.string,
      /** The instance as JSON, byte for byte as in the argv of its knot. */
      config: t.string,
      restartMs: t.number,
      killMs: t.number,
    }),
    t.partial({ sockets: t.readonlyArray(Socket), policy: Policy }),
  ],
  'what is wanted',
)
export type Wanted = t.TypeOf<typeof Wanted>

/** `ready`, `preStop`: until when it has to be ready, the command over. `retry`: of what failed. */
const Timer = t.keyof(
  { restart: null, kill: null, start: null, stop: null, ready: null, preStop: null, retry: null },
  'timer',
)
export type Timer = t.TypeOf<typeof Timer>

/** How many of its processes the kernel killed for lack of memory; the limit in bytes. */
const OutOfMemory = t.type({ kills: t.number, limit: t.union([t.number, t.null]) }, 'kills')
export type OutOfMemory = t.TypeOf<typeof OutOfMemory>

// ---------------------------------------------------------------------------
// Facts
// ---------------------------------------------------------------------------

export const Fact = t.union([
  /** A supervisor begins: after a boot, a death, or in place of itself. */
  said(
    'tree.started',
    { pid: t.number, bootId: t.string, version: t.string },
    /** `master`: why the last good master configuration is used instead of the present one.
     * `startRate`: so many starts a second at most. */
    { reason: t.string, journal: t.string, master: t.string, startRate: t.number },
  ),
  /** The kernel has been compared with the journal; what was found has been said before this. */
  said('tree.surveyed', { adopted: t.number, lost: t.number }),
  /** Becoming a new copy in place failed before the point of no return, or would have ended us,
   * for `reasons`: we go on as we are. */
  said('exec.refused', { code: t.string }, { reasons: t.array(t.string) }),
  said('signal.received', { signal: t.string }, { uid: t.number, pid: t.number }),
  /** The archive or the hot journal cannot be written, or can be written again. */
  said('journal.stalled', { where: t.string, reason: t.string }),
  said('journal.resumed', { where: t.string, missing: t.number }),

  /** A sandbox was evaluated whole. `specs` holds the specifications nobody had yet, by hash. */
  said(
    'config.loaded',
    { sandbox: t.string, wanted: t.record(t.string, Wanted) },
    /** `spares`: what takes the place of those that are replaced, while they are. */
    {
      specs: t.record(t.string, t.unknown),
      warnings: t.array(t.string),
      spares: t.record(t.string, Wanted),
    },
  ),
  said('config.refused', { sandbox: t.string, reasons: t.array(t.string) }),
  said('config.absent', { sandbox: t.string }),
  /** All names were read, and nothing else is said: there is no sandbox, and none was known. */
  said('config.listed', { sandboxes: t.array(t.string) }),
  /** The container configuration of a process was found changed when an instance was started. */
  said('spec.loaded', { instance: t.string, wanted: Wanted }, { spec: t.unknown }),

  /**
   * `weaker`: in what it is confined less than by default. `filter`: content hash of the filter of
   * system calls.
   */
  said(
    'knot.launched',
    { ...life, pid: t.number, birth: t.number },
    { weaker: t.array(t.string), filter: t.string },
  ),
  said('knot.refused', { ...life, step: t.string, about: t.string, code: t.string }),
  said('app.started', { ...life, pid: t.number }),
  /** `status` and `app` are wait statuses, of the knot and of the last application in it. */
  said(
    'knot.exited',
    { ...life, pid: t.number, status: t.union([t.number, t.null]) },
    { app: t.number, uptimeMs: t.number, keptBy: t.string, oom: OutOfMemory },
  ),
  /** A living knot that we did not launch in this life of the supervisor. */
  said(
    'knot.adopted',
    { ...life, pid: t.number, birth: t.number, config: t.string, bornAt: t.number },
    { appPid: t.number, foreign: t.boolean },
  ),
  /** As its `ready` says; and that it is so no longer, though it runs. */
  said('app.ready', life),
  said('app.unready', { ...life, reason: t.string }),
  /** It failed as often as its `healthy` allows, or let its watchdog wait. */
  said('app.unhealthy', { ...life, reason: t.string }),
  /**
   * What it has said by sd_notify, apart from being ready. `extendMs`: it needs so much longer.
   * Who hears it keeps the watchdog and tells only that one has waited in vain.
   */
  said('app.notified', life, {
    status: t.string,
    reloading: t.boolean,
    stopping: t.boolean,
    watchdogUs: t.number,
    extendMs: t.number,
  }),
  /** `code`: of its end, 128 and the signal for one that was killed, -1: it could not be run. */
  said('preStop.ended', { ...life, code: t.number }, { reason: t.string }),
  /** A shared socket listens, with these options. */
  said('socket.opened', { key: t.string, socket: Socket }),
  said('socket.closed', { key: t.string }),
  /** One of an earlier life of the supervisor, and who had it: `exec`, `keeper` … */
  said('socket.recovered', { key: t.string, from: t.string }),
  /** A command of `lithos_cmd`, `sandbox/cmd.NAME.PID`, runs; `pid` and `birth` of who waits. */
  said(
    'command.started',
    { command: t.string, pid: t.number, by: t.string },
    { birth: t.number, spec: t.string },
  ),
  /** `status`: a wait status; null: it was killed together with who waited for it. */
  said(
    'command.ended',
    { command: t.string, status: t.union([t.number, t.null]) },
    { uptimeMs: t.number, oom: OutOfMemory },
  ),
  said('timer.elapsed', { timer: Timer }, { instance: t.string }),
])
export type Fact = t.TypeOf<typeof Fact>

// ---------------------------------------------------------------------------
// Commands: they carry who asked
// ---------------------------------------------------------------------------

export const Command = t.union([
  /** `request`: chosen by who asks, so that it can be found again in the journal. */
  said('config.reload', { by: t.string }, { sandbox: t.string, request: t.string }),
  /** Stop what a sandbox runs, although no file says so: its own file is gone. */
  said('config.remove', { sandbox: t.string, by: t.string }, { request: t.string }),
  said('instance.restart', { instance: t.string, by: t.string }, { request: t.string }),
])
export type Command = t.TypeOf<typeof Command>

/** What the journal stores and the machines read. */
export const Input = t.union([Fact, Command])
export type Input = t.TypeOf<typeof Input>
export type InputOf<T extends Input['type']> = Extract<Input, { readonly type: T }>

// ---------------------------------------------------------------------------
// Effects: never decoded, therefore plain types
// ---------------------------------------------------------------------------

interface Probed {
  readonly instance: string
  readonly incarnation: number
  readonly pid: number
  readonly appPid: number | null
  readonly spec: string | null
}

export type Effect =
  | {
      readonly type: 'launch'
      readonly instance: string
      readonly incarnation: number
      readonly wanted: Wanted
    }
  | {
      readonly type: 'signal'
      readonly instance: string
      readonly incarnation: number
      readonly pid: number
      readonly signal: 'SIGTERM' | 'SIGKILL'
    }
  /**
   * Look whether it is ready, until it is; or whether it is well, from `startDelayMs` on. One of
   * each kind for an instance: another one takes the place of the first. `pid` is the knot's;
   * `spec`, where known, the specification it was started with.
   */
  | (Probed & { readonly type: 'probe'; readonly what: 'ready'; readonly ready: ReadyPolicy })
  | (Probed & { readonly type: 'probe'; readonly what: 'healthy'; readonly healthy: HealthPolicy })
  /** Of both kinds. */
  | { readonly type: 'stopProbes'; readonly instance: string; readonly incarnation: number }
  | (Probed & {
      readonly type: 'preStop'
      readonly command: readonly string[]
      readonly timeoutMs: number
    })
  /** `due` is an absolute instant of CLOCK_MONOTONIC, milliseconds. No instance: the tree's own. */
  | {
      readonly type: 'armTimer'
      readonly instance?: string
      readonly timer: Timer
      readonly due: number
    }
  | { readonly type: 'disarmTimer'; readonly instance?: string; readonly timer: Timer }
  /** Listen, or give one that listens these options. */
  | { readonly type: 'openSocket'; readonly socket: Socket }
  | { readonly type: 'closeSocket'; readonly key: string }
  /** Remove what a life has left behind; the cgroup is kept where the name is started again. */
  | { readonly type: 'sweep'; readonly instance: string; readonly cgroup: boolean }
  /** Read and evaluate configuration: of one sandbox or of all. */
  | { readonly type: 'load'; readonly sandbox?: string }
  /** Become a new copy of this program in place, same pid. */
  | { readonly type: 'exec'; readonly reason: string }
  | { readonly type: 'exit'; readonly code: number }

/** How a fact reaches us, and how an effect leaves: the whole border of the supervisor. */
export type Hear = (input: Input) => void
export type Perform = (effect: Effect, turn: number) => void
