/**
 * One process instance, `sandbox/process.N`, through all its lives.
 *
 *   stopped ── want ──► starting ── app.started ──► running ── exited ─► (death)
 *      ▲                 ▲    │                       │
 *      │ unwant  restart │    ├─ exited, refused ─► (death)
 *      │         elapsed │    │ not wanted so         │ not wanted so, restart asked
 *      │                 │    └──────────► stopping ◄─┘
 *      └───────────── backoff                 │ kill elapsed, abandon
 *                                             ▼
 *      (death) ◄──────────── exited ──────  killing
 *
 *   (death) ┬ not wanted ──► stopped      `stopping` and `killing` end in (death) like the rest
 *           ├ may start ───► starting     not sooner than `restartMs` after the last start
 *           └ otherwise ───► backoff
 *
 * The state says what is, `want` what the configuration asks for: two axes, and only a fact moves
 * the first. A life with another configuration than the wanted one is stopped; the next has it.
 *
 * `stopping` has sent SIGTERM. The knot keeps the kill deadline itself; ours comes later, for a
 * knot that hangs. Only a fact leaves it: we never assume that a signal has worked.
 */
import { assign, setup } from 'xstate'
import type { Heard } from './letters.ts'
import {
  begin,
  isOtherProcess,
  isOver,
  isThisLife,
  newMemory,
  nextStart,
  reason,
  remember,
} from './life.ts'
import type { Memory } from './life.ts'
import type { Effect, Timer } from './vocabulary.ts'

type Params<T extends Effect['type']> = Omit<Extract<Effect, { readonly type: T }>, 'type'>

/** How much later than the knot we kill: it may be just about to do so itself. */
const killGraceMs = 1_000
/** Set-up takes milliseconds; what is not up after this hangs in the kernel or a file system. */
const startLimitMs = 60_000
/** SIGKILL that had no effect (a process in uninterruptible sleep) is repeated this often. */
const killAgainMs = 10_000

/** What a life leaves behind; the cgroup only where no other life will use it. */
const sweep = {
  type: 'sweepUp',
  params: ({ context }: { context: Memory }) => ({
    instance: context.name,
    cgroup: context.want === null,
  }),
} as const

/** What the end of a life means, wherever it happens. First match wins. */
const death = [
  { guard: 'isLastLife', target: 'stopped', actions: ['remember', sweep] },
  { guard: 'mayStartAgain', target: 'starting', reenter: true, actions: ['remember', sweep] },
  { guard: 'isThisLife', target: 'backoff', actions: ['remember', sweep] },
] as const

/** What was refused is never tried again at once, see `nextStart`. */
const refusal = [death[0], death[2]] as const

/** The life that was being ended is over; of what has come into its place nobody has judged. */
const another = {
  guard: 'isOther',
  target: 'running',
  actions: ['remember', 'forgetWhy'],
} as const

/** A deadline is kept in the context, so that a recovered supervisor can arm it again. */
const arm = {
  type: 'armTimer',
  params: ({ context }: { context: Memory }) => due(context),
} as const

/** Nothing to do, hence no effect, where the timer has just elapsed. */
const disarm = {
  type: 'disarmTimer',
  params: ({ context, event }: { context: Memory; event: Heard }) =>
    context.timer === null || event.type === 'timer.elapsed'
      ? null
      : { instance: context.name, timer: context.timer.timer },
} as const

const due = ({ name, timer }: Memory): Params<'armTimer'> => ({
  instance: name,
  timer: timer?.timer ?? 'restart',
  due: timer?.due ?? 0,
})

const kill = ({ name, life }: Memory, signal: 'SIGTERM' | 'SIGKILL'): Params<'signal'> => ({
  instance: name,
  incarnation: life?.incarnation ?? 0,
  pid: life?.pid ?? 0,
  signal,
})

const terminate = {
  type: 'signal',
  params: ({ context }: { context: Memory }) => kill(context, 'SIGTERM'),
} as const

const destroy = {
  type: 'signal',
  params: ({ context }: { context: Memory }) => kill(context, 'SIGKILL'),
} as const

export const instanceMachine = setup({
  types: {
    input: {} as { readonly name: string },
    context: {} as Memory,
    events: {} as Heard,
  },
  actions: {
    // Named here, performed in actors/.
    launch: (_, _effect: Params<'launch'>) => {},
    signal: (_, _effect: Params<'signal'>) => {},
    armTimer: (_, _effect: Params<'armTimer'>) => {},
    disarmTimer: (_, _effect: Params<'disarmTimer'> | null) => {},
    sweepUp: (_, _effect: Params<'sweep'>) => {},

    begin: assign(({ context, event }) => begin(context, event)),
    remember: assign(({ context, event }) => remember(context, event)),
    forgetWhy: assign({ asked: null }),
    rememberWhy: assign({ asked: ({ context, event }) => reason(context, event) }),
    setStartTimer: assign({
      timer: ({ event }) => ({
        timer: 'start' as const,
        due: (event.type === 'knot.adopted' ? event.bornAt : event.mono) + startLimitMs,
      }),
    }),
    setRestartTimer: assign({
      timer: ({ context }) => ({ timer: 'restart' as const, due: context.notBefore }),
    }),
    setKillTimer: assign({
      timer: ({ context, event }) => ({
        timer: 'kill' as const,
        due: event.mono + (context.life?.killMs ?? 0) + killGraceMs,
      }),
    }),
    setKillAgainTimer: assign({
      timer: ({ event }) => ({ timer: 'kill' as const, due: event.mono + killAgainMs }),
    }),
    forgetTimer: assign({ timer: null }),
  },
  guards: {
    isThisLife: ({ context, event }) => isThisLife(context, event),
    isLastLife: ({ context, event }) => isThisLife(context, event) && context.want === null,
    mayStartAgain: ({ context, event }) =>
      isThisLife(context, event) && event.mono >= nextStart(context, event),
    mayStart: ({ context, event }) => event.mono >= context.notBefore,
    /** The letter says it, the context will only know it after this event. */
    changes: ({ context, event }) =>
      event.type === 'want' && context.life?.pid != null
        ? event.wanted.config !== context.life.config
        : false,
    hasPid: ({ context }) => context.life?.pid != null,
    isOver: ({ context, event }) => isThisLife(context, event) && isOver(context),
    isTimer: ({ event }, timer: Timer) => event.type === 'timer.elapsed' && event.timer === timer,
    isLate: ({ context, event }) =>
      event.type === 'timer.elapsed' && event.timer === 'start' && context.life?.pid != null,
    isOther: ({ context, event }) => isOtherProcess(context, event),
    isRunning: ({ event }) => event.type === 'knot.adopted' && event.appPid !== undefined,
  },
}).createMachine({
  id: 'instance',
  context: ({ input }) => newMemory(input?.name ?? ''),
  initial: 'stopped',
  states: {
    stopped: {
      on: {
        want: [
          { guard: 'mayStart', target: 'starting', actions: 'remember' },
          { target: 'backoff', actions: 'remember' },
        ],
        // Until a configuration has been read nobody knows whether it is wanted: it may run.
        'knot.adopted': { target: 'running', actions: 'remember' },
      },
    },

    starting: {
      entry: [
        'begin',
        {
          type: 'launch',
          params: ({ context, event }) => ({
            instance: context.name,
            incarnation: event.turn,
            wanted: context.want!,
          }),
        },
        'setStartTimer',
        arm,
      ],
      exit: [disarm, 'forgetTimer'],
      on: {
        'knot.launched': [
          { guard: 'isOver', target: 'stopping', actions: ['remember', 'rememberWhy'] },
          { guard: 'isThisLife', actions: 'remember' },
        ],
        'knot.adopted': [
          { guard: 'isRunning', target: 'running', actions: 'remember' },
          // The deadline is that of its own start, not of the one it has come in place of.
          { guard: 'isOther', actions: ['remember', 'setStartTimer', arm] },
          { actions: 'remember' },
        ],
        'spec.loaded': { actions: 'remember' },
        'app.started': { guard: 'isThisLife', target: 'running', actions: 'remember' },
        'knot.refused': refusal,
        'knot.exited': death,
        want: [
          { guard: 'changes', target: 'stopping', actions: ['remember', 'rememberWhy'] },
          { actions: 'remember' },
        ],
        unwant: [
          { guard: 'hasPid', target: 'stopping', actions: ['remember', 'rememberWhy'] },
          { actions: 'remember' },
        ],
        'timer.elapsed': {
          guard: 'isLate',
          target: 'killing',
          actions: 'rememberWhy',
        },
        abandon: { guard: 'hasPid', target: 'killing', actions: 'rememberWhy' },
      },
    },

    running: {
      on: {
        'knot.exited': death,
        'knot.refused': refusal,
        'knot.adopted': { actions: 'remember' },
        'app.started': { guard: 'isThisLife', actions: 'remember' },
        want: [
          { guard: 'changes', target: 'stopping', actions: ['remember', 'rememberWhy'] },
          { actions: 'remember' },
        ],
        unwant: { target: 'stopping', actions: ['remember', 'rememberWhy'] },
        'instance.restart': { target: 'stopping', actions: 'rememberWhy' },
        abandon: { target: 'killing', actions: 'rememberWhy' },
      },
    },

    stopping: {
      entry: [terminate, 'setKillTimer', arm],
      exit: [disarm, 'forgetTimer'],
      on: {
        'knot.exited': death,
        'knot.refused': refusal,
        // The supervisor may have died between writing down the signal and sending it.
        'knot.adopted': [another, { actions: ['remember', terminate] }],
        'app.started': { guard: 'isThisLife', actions: 'remember' },
        want: { actions: 'remember' },
        unwant: { actions: 'remember' },
        'timer.elapsed': { guard: { type: 'isTimer', params: 'kill' }, target: 'killing' },
        abandon: { target: 'killing' },
      },
    },

    killing: {
      entry: [destroy, 'setKillAgainTimer', arm],
      exit: [disarm, 'forgetTimer'],
      on: {
        'knot.exited': death,
        'knot.refused': refusal,
        'knot.adopted': [another, { actions: ['remember', destroy] }],
        want: { actions: 'remember' },
        unwant: { actions: 'remember' },
        'timer.elapsed': {
          guard: { type: 'isTimer', params: 'kill' },
          target: 'killing',
          reenter: true,
        },
      },
    },

    backoff: {
      entry: ['setRestartTimer', arm],
      exit: [disarm, 'forgetTimer'],
      on: {
        'timer.elapsed': { guard: { type: 'isTimer', params: 'restart' }, target: 'starting' },
        'instance.restart': 'starting',
        'knot.adopted': { target: 'running', actions: 'remember' },
        want: { actions: 'remember' },
        unwant: { target: 'stopped', actions: ['remember', sweep] },
      },
    },
  },
})
