/**
 * The supervisor itself.
 *
 *   recovering ── surveyed ──► serving ── QUIT HUP USR1 USR2 ──► restarting ──► (exec)
 *     │                          │   ▲                             │  │
 *     │                          │   └─────── exec refused ────────┘  │
 *     │ surveyed, but the last   │ TERM INT                           │ TERM INT
 *     │ image was stopping       ▼                                    │
 *     └─────────────────────► stopping ◄──────────────────────────────┘
 *                                │   └── nobody left ──► stopped ──► (exit 0)
 *                                │ stop elapsed             ▲
 *                                ▼                          │
 *                           abandoning ── nobody left ──────┤
 *                                └─────── stop elapsed ─────┘ (exit 1)
 *
 * Starts that a configuration asks for may be spread over time (`start-rate`): each of them makes a
 * `claim`, and the next one has to wait. What has died is started again without asking.
 *
 * Recovery is start-up: every life of the supervisor begins with `tree.started` in whatever state
 * the last one ended.
 */
import { assign, setup } from 'xstate'
import type { Heard, Post } from './letters.ts'
import type { Effect, Timer } from './vocabulary.ts'

export interface TreeMemory {
  readonly bootId: string | null
  readonly pid: number | null
  readonly startedAt: number | null
  readonly starts: number
  /** Everything is to stop. A new image of the same process goes on with it. */
  readonly isStopping: boolean
  readonly timer: { readonly timer: Timer; readonly due: number } | null
  /** Starts a second that a configuration may ask for; absent: no limit. */
  readonly startRate?: number | undefined
  /** No further of those before this instant of CLOCK_MONOTONIC. */
  readonly nextStart?: number | undefined
}

/** Overall limit of an orderly stop, beyond the longest kill-timeout of those that live. */
const stopLimitMs = 10_000
/** How long SIGKILL may take before we give up waiting and say who is left. */
const abandonLimitMs = 5_000

type Params<T extends Effect['type']> = Omit<Extract<Effect, { readonly type: T }>, 'type'>

const restartSignals = ['SIGQUIT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2']
const stopSignals = ['SIGTERM', 'SIGINT']

const arm = {
  type: 'armTimer',
  params: ({ context }: { context: TreeMemory }) => ({
    timer: 'stop' as const,
    due: context.timer?.due ?? 0,
  }),
} as const

/** Nobody's wish is no field, so that what was remembered before stays as it was. */
const rateOf = (
  { bootId, startRate, nextStart }: TreeMemory,
  event: Heard & { type: 'tree.started' },
): Pick<TreeMemory, 'startRate' | 'nextStart'> =>
  event.startRate === undefined && startRate === undefined
    ? {}
    : // Instants of an earlier boot, or at another rate, would hold up everybody.
      {
        startRate: event.startRate,
        ...(nextStart !== undefined &&
          (event.bootId !== bootId || event.startRate !== startRate) && { nextStart: undefined }),
      }

const toAll = (to: Post['to'], letter: Post['letter']) =>
  ({ type: 'post', params: { posts: [{ to, names: null, letter }] } }) as const

export const treeMachine = setup({
  types: { context: {} as TreeMemory, events: {} as Heard },
  actions: {
    // Named here, performed in actors/ and src/.
    load: (_, _effect: Params<'load'>) => {},
    exec: (_, _effect: Params<'exec'>) => {},
    exit: (_, _effect: Params<'exit'>) => {},
    armTimer: (_, _effect: Params<'armTimer'>) => {},

    post: (_, _letters: { readonly posts: readonly Post[] }) => {},
    rememberStart: assign(({ context, event }) =>
      event.type === 'tree.started'
        ? {
            bootId: event.bootId,
            pid: event.pid,
            startedAt: event.at,
            starts: context.starts + 1,
            isStopping: context.isStopping && event.pid === context.pid,
            timer: null,
            ...rateOf(context, event),
          }
        : {},
    ),
    setStopTimer: assign({
      timer: ({ event }) => ({
        timer: 'stop' as const,
        due: event.mono + stopLimitMs + (event.type === 'census' ? event.longestKillMs : 0),
      }),
    }),
    extendStopTimer: assign({
      timer: ({ context: { timer }, event }) =>
        event.type === 'census'
          ? { timer: 'stop' as const, due: event.killsAt + stopLimitMs }
          : timer,
    }),
    claimStart: assign({
      nextStart: ({ context: { startRate = 1, nextStart = 0 }, event }) =>
        Math.max(event.mono, nextStart) + 1_000 / startRate,
    }),
    forgetTimer: assign({ timer: null }),
    rememberStop: assign({ isStopping: true }),
    setAbandonTimer: assign({
      timer: ({ event }) => ({ timer: 'stop' as const, due: event.mono + abandonLimitMs }),
    }),
  },
  guards: {
    isRestartSignal: ({ event }) =>
      event.type === 'signal.received' && restartSignals.includes(event.signal),
    isStopSignal: ({ event }) =>
      event.type === 'signal.received' && stopSignals.includes(event.signal),
    isStopTimer: ({ event }) => event.type === 'timer.elapsed' && event.timer === 'stop',
    wasStopping: ({ context }) => context.isStopping,
    isUnlimited: ({ context }) => context.timer === null,
    /** Somebody has asked for more time, and was given it. */
    isOutlived: ({ context: { timer }, event }) =>
      event.type === 'census' && timer !== null && event.killsAt >= timer.due,
    isNobodyLeft: ({ event }) => event.type === 'census' && event.alive === 0,
  },
}).createMachine({
  id: 'tree',
  context: { bootId: null, pid: null, startedAt: null, starts: 0, isStopping: false, timer: null },
  initial: 'recovering',
  on: {
    'tree.started': {
      target: '.recovering',
      actions: ['rememberStart', toAll('sandboxes', { type: 'reopen' })],
    },
    claim: { actions: 'claimStart' },
  },
  states: {
    recovering: {
      on: {
        'tree.surveyed': [{ guard: 'wasStopping', target: 'stopping' }, { target: 'serving' }],
      },
    },
    serving: {
      entry: { type: 'load', params: {} },
      on: {
        'signal.received': [
          { guard: 'isStopSignal', target: 'stopping' },
          { guard: 'isRestartSignal', target: 'restarting' },
        ],
        'config.reload': {
          actions: {
            type: 'load',
            params: ({ event }) => (event.sandbox === undefined ? {} : { sandbox: event.sandbox }),
          },
        },
      },
    },
    restarting: {
      entry: {
        type: 'exec',
        params: ({ event }) => ({
          reason: event.type === 'signal.received' ? event.signal : event.type,
        }),
      },
      on: {
        'exec.refused': 'serving',
        'signal.received': { guard: 'isStopSignal', target: 'stopping' },
      },
    },
    stopping: {
      entry: ['forgetTimer', 'rememberStop', toAll('sandboxes', { type: 'drain' })],
      on: {
        census: [
          { guard: 'isNobodyLeft', target: 'stopped' },
          { guard: 'isUnlimited', actions: ['setStopTimer', arm] },
          { guard: 'isOutlived', actions: ['extendStopTimer', arm] },
        ],
        'timer.elapsed': { guard: 'isStopTimer', target: 'abandoning' },
      },
    },
    abandoning: {
      // Also those that wait for others to end: what dies now is not started again.
      entry: [
        toAll('instances', { type: 'abandon' }),
        toAll('instances', { type: 'unwant' }),
        'setAbandonTimer',
        arm,
      ],
      on: {
        census: { guard: 'isNobodyLeft', target: 'stopped' },
        'timer.elapsed': {
          guard: 'isStopTimer',
          target: 'stopped',
        },
      },
    },
    stopped: {
      entry: {
        type: 'exit',
        params: ({ event }) => ({ code: event.type === 'census' ? 0 : 1 }),
      },
    },
  },
})
