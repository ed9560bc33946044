/**
 * One process instance, `sandbox/process.N`, through all its lives.
 *
 *   stopped ── want ──► starting ── app.started ──► running ── exited ─► (death)
 *      ▲                 ▲ ▲  │                       │
 *      │ unwant  restart │ │  ├─ exited, refused ─► (death)
 *      │         elapsed │ │  │ not wanted so         │ not wanted so, restart asked
 *      │                 │ │  └──────────► stopping ◄─┘
 *      ├──────────── backoff │                 │ kill elapsed, abandon
 *      │      hold of nobody │                 ▼
 *      ├──────────── waiting ┘ (death) ◄──── killing
 *      │     retry elapsed
 *      └──────────── failed ──► starting
 *
 *   (death) ┬ not wanted ──► stopped      `stopping` and `killing` end in (death) like the rest
 *           ├ too often ───► failed       `intensity`: tried now and then, and told once
 *           ├ too soon ────► backoff      `restartMs` after the last start, `backoff` after the end
 *           ├ held ────────► waiting      for what it is to be started after
 *           └ otherwise ───► starting
 *
 *   With `ready`:      starting ── app.started ──► readying ── app.ready, or accepted ──► running
 *                                                     └── not ready in time ──► stopping
 *   With `pre-stop`:   running ── to be stopped ──► leaving ── ended, or elapsed ──► stopping
 *
 * The state says what is, `want` what the configuration asks for: two axes, and only a fact moves
 * the first. A life with another configuration than the wanted one is stopped; the next has it.
 *
 * `stopping` has sent SIGTERM: to its knot, which does what `stop` says and keeps the deadlines
 * itself; ours comes later, for a knot that hangs. Only a fact leaves it: we never assume that a
 * signal has worked.
 */
import { newMemory } from './life.ts'
import { instanceWords } from './instanceWords.ts'
import {
  another,
  arm,
  arrival,
  askHealthy,
  askReady,
  atOnce,
  death,
  deathAsked,
  destroy,
  disarm,
  end,
  heard,
  hush,
  isReadyTimer,
  refusal,
  refusalAsked,
  runPreStop,
  sweep,
  terminate,
} from './orders.ts'

export const instanceMachine = instanceWords.createMachine({
  id: 'instance',
  context: ({ input }) => newMemory(input?.name ?? ''),
  initial: 'stopped',
  on: {
    hold: heard,
    'app.notified': { guard: 'isThisLife', actions: 'remember' },
  },
  states: {
    stopped: {
      on: {
        want: [
          { guard: 'isEarly', target: 'backoff', actions: 'remember' },
          { guard: 'isHeld', target: 'waiting', actions: 'remember' },
          { target: 'starting', actions: 'remember' },
        ],
        // Until a configuration has been read nobody knows whether it is wanted: it may run.
        'knot.adopted': { target: 'running', actions: 'remember' },
      },
    },

    waiting: {
      on: {
        hold: [
          { guard: 'isHeld', actions: 'remember' },
          { guard: 'isEarly', target: 'backoff', actions: 'remember' },
          { target: 'starting', actions: 'remember' },
        ],
        want: [
          { guard: 'isHeld', actions: 'remember' },
          { target: 'backoff', actions: 'remember' },
        ],
        unwant: { target: 'stopped', actions: ['remember', sweep] },
        'knot.adopted': arrival,
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
          { guard: 'isOver', target: 'stopping', actions: end },
          { guard: 'isThisLife', actions: 'remember' },
        ],
        'knot.adopted': [
          { guard: 'isRunningUnready', target: 'readying', actions: 'remember' },
          { guard: 'isRunning', target: 'running', actions: 'remember' },
          // The deadline is that of its own start, not of the one it has come in place of.
          { guard: 'isOther', actions: ['remember', 'setStartTimer', arm] },
          heard,
        ],
        'spec.loaded': heard,
        'app.started': [
          { guard: 'isUnready', target: 'readying', actions: 'remember' },
          { guard: 'isThisLife', target: 'running', actions: 'remember' },
        ],
        'app.ready': { guard: 'isThisLife', actions: 'remember' },
        'knot.refused': refusal,
        'knot.exited': death,
        want: [{ guard: 'changes', target: 'stopping', actions: end }, heard],
        unwant: [{ guard: 'hasPid', target: 'stopping', actions: end }, heard],
        'timer.elapsed': { guard: 'isLate', target: 'killing', actions: 'rememberWhy' },
        abandon: { guard: 'hasPid', target: 'killing', actions: 'rememberWhy' },
      },
    },

    readying: {
      entry: [askReady, 'setReadyTimer', arm],
      exit: [disarm, 'forgetTimer'],
      on: {
        'app.ready': { guard: 'isThisLife', target: 'running', actions: 'remember' },
        'app.started': { guard: 'isThisLife', actions: 'remember' },
        'app.unready': { guard: 'isThisLife', actions: 'remember' },
        'app.notified': [
          { guard: 'isExtension', actions: ['remember', 'extendReadyTimer', arm] },
          { guard: 'isThisLife', actions: 'remember' },
        ],
        'app.unhealthy': { guard: 'isThisLife', target: 'stopping', actions: 'rememberWhy' },
        'timer.elapsed': [
          { guard: 'isAccepted', target: 'running', actions: 'accept' },
          { guard: isReadyTimer, target: 'stopping', actions: 'rememberWhy' },
        ],
        'knot.exited': death,
        'knot.refused': refusal,
        // Who asked is gone with the supervisor.
        'knot.adopted': [...another, { actions: ['remember', askReady] }],
        want: [{ guard: 'changes', target: 'stopping', actions: end }, heard],
        unwant: { target: 'stopping', actions: end },
        'instance.restart': { target: 'stopping', actions: ['rememberWhy', 'forgive'] },
        abandon: { target: 'killing', actions: 'rememberWhy' },
      },
    },

    running: {
      entry: askHealthy,
      on: {
        'knot.exited': death,
        'knot.refused': refusal,
        'knot.adopted': [
          // While nobody was there.
          { guard: 'isNewApplication', target: 'readying', actions: ['remember', 'forgetReady'] },
          { guard: 'isOtherUnready', target: 'readying', actions: 'remember' },
          { actions: ['remember', askHealthy] },
        ],
        'app.started': [
          { guard: 'isNewApplication', target: 'readying', actions: ['remember', 'forgetReady'] },
          { guard: 'isThisLife', actions: 'remember' },
        ],
        'app.ready': { guard: 'isThisLife', actions: 'remember' },
        'app.unready': { guard: 'isThisLife', actions: 'remember' },
        'app.unhealthy': { guard: 'isThisLife', target: 'stopping', actions: 'rememberWhy' },
        want: [
          { guard: 'changesGently', target: 'leaving', actions: end },
          { guard: 'changes', target: 'stopping', actions: end },
          { guard: 'isFoundUnready', target: 'readying', actions: 'remember' },
          { guard: 'isFound', actions: ['remember', askHealthy] },
          heard,
        ],
        unwant: [
          { guard: 'hasPreStop', target: 'leaving', actions: end },
          { target: 'stopping', actions: end },
        ],
        'instance.restart': [
          { guard: 'hasPreStop', target: 'leaving', actions: ['rememberWhy', 'forgive'] },
          { target: 'stopping', actions: ['rememberWhy', 'forgive'] },
        ],
        abandon: { target: 'killing', actions: 'rememberWhy' },
      },
    },

    leaving: {
      entry: [hush, runPreStop, 'setPreStopTimer', arm],
      exit: [disarm, 'forgetTimer'],
      on: {
        'preStop.ended': { guard: 'isThisLife', target: 'stopping' },
        'timer.elapsed': { guard: { type: 'isTimer', params: 'preStop' }, target: 'stopping' },
        'knot.exited': deathAsked,
        'knot.refused': refusalAsked,
        // Whether it was run nobody can tell: it is run again, until the same deadline.
        'knot.adopted': [...another, { actions: ['remember', runPreStop] }],
        'app.started': { guard: 'isThisLife', actions: 'remember' },
        want: heard,
        unwant: heard,
        abandon: { target: 'killing' },
      },
    },

    stopping: {
      entry: [hush, terminate, 'setKillTimer', arm],
      exit: [disarm, 'forgetTimer'],
      on: {
        'knot.exited': death,
        'knot.refused': refusal,
        // The supervisor may have died between writing down the signal and sending it.
        'knot.adopted': [...another, { actions: ['remember', terminate] }],
        'app.started': { guard: 'isThisLife', actions: 'remember' },
        'app.notified': [
          { guard: 'isExtension', actions: ['remember', 'extendKillTimer', arm] },
          { guard: 'isThisLife', actions: 'remember' },
        ],
        want: heard,
        unwant: heard,
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
        'knot.adopted': [...another, { actions: ['remember', destroy] }],
        want: heard,
        unwant: heard,
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
        'timer.elapsed': [
          { guard: { type: 'isDueHeld', params: 'restart' }, target: 'waiting' },
          { guard: { type: 'isTimer', params: 'restart' }, target: 'starting' },
        ],
        'instance.restart': atOnce,
        'knot.adopted': arrival,
        want: [
          // Sooner than the curve says: the timer is set anew.
          { guard: 'isForgiven', target: 'backoff', reenter: true, actions: 'remember' },
          heard,
        ],
        unwant: { target: 'stopped', actions: ['remember', sweep] },
      },
    },

    failed: {
      entry: ['setRetryTimer', arm],
      exit: [disarm, 'forgetTimer'],
      on: {
        'timer.elapsed': [
          { guard: { type: 'isDueHeld', params: 'retry' }, target: 'waiting' },
          { guard: { type: 'isTimer', params: 'retry' }, target: 'starting' },
        ],
        'instance.restart': atOnce,
        'knot.adopted': arrival,
        want: [{ guard: 'isForgiven', target: 'backoff', actions: 'remember' }, heard],
        unwant: { target: 'stopped', actions: ['remember', sweep] },
      },
    },
  },
})
