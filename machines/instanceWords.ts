/** The words of the chart of an instance: what its guards ask, and what its actions remember. */
import { assign, setup } from 'xstate'
import { isGivenUp, nextStart, startAt } from './again.ts'
import { isAdoptedUnready, isFound, isFoundUnready } from './found.ts'
import type { Heard } from './letters.ts'
import { accept, begin, blame, forgive, newApplication, remember } from './life.ts'
import type { Memory } from './life.ts'
import type { Params, ProbeParams } from './orders.ts'
import {
  changes,
  extensionOf,
  hasPreStop,
  isForgiven,
  isHeld,
  isNewApplication,
  isOtherProcess,
  isOver,
  isThisLife,
  isTimer,
  isUnready,
  slotOf,
} from './questions.ts'
import type { Timer } from './vocabulary.ts'

/** How much later than the knot we kill: it may be just about to do so itself. */
const killGraceMs = 1_000
/** Set-up takes milliseconds; what is not up after this hangs in the kernel or a file system. */
const startLimitMs = 60_000
/** SIGKILL that had no effect (a process in uninterruptible sleep) is repeated this often. */
const killAgainMs = 10_000
/** Of what failed, where nobody says how often. */
const retryMs = 600_000

export const instanceWords = setup({
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
    probe: (_, _effect: ProbeParams | null) => {},
    stopProbes: (_, _effect: Params<'stopProbes'> | null) => {},
    preStop: (_, _effect: Params<'preStop'> | null) => {},

    begin: assign(({ context, event }) => begin(context, event)),
    remember: assign(({ context, event }) => remember(context, event)),
    forgetWhy: assign(({ context: { isToBlame } }) => ({
      asked: null,
      ...(isToBlame !== undefined && { isToBlame: undefined }),
    })),
    rememberWhy: assign(({ context, event }) => blame(context, event)),
    forgive: assign(({ context }) => forgive(context)),
    forgetReady: assign(({ context }) => newApplication(context)),
    accept: assign(({ context }) => accept(context)),
    setStartTimer: assign({
      timer: ({ event }) => ({
        timer: 'start' as const,
        due: (event.type === 'knot.adopted' ? event.bornAt : event.mono) + startLimitMs,
      }),
    }),
    setRestartTimer: assign({
      timer: ({ context }) => ({ timer: 'restart' as const, due: startAt(context) }),
    }),
    setReadyTimer: assign({
      timer: ({ context: { life }, event }) => ({
        timer: 'ready' as const,
        due: event.mono + (life?.policy?.ready?.timeoutMs ?? 0),
      }),
    }),
    extendReadyTimer: assign({
      timer: ({ context, event }) => ({
        timer: 'ready' as const,
        due: Math.max(context.timer?.due ?? 0, event.mono + extensionOf(event)),
      }),
    }),
    setPreStopTimer: assign({
      timer: ({ context: { life }, event }) => ({
        timer: 'preStop' as const,
        due: event.mono + (life?.policy?.preStop?.timeoutMs ?? 0),
      }),
    }),
    setKillTimer: assign({
      timer: ({ context, event }) => ({
        timer: 'kill' as const,
        due: event.mono + (context.life?.killMs ?? 0) + killGraceMs,
      }),
    }),
    extendKillTimer: assign({
      timer: ({ context, event }) => ({
        timer: 'kill' as const,
        due: Math.max(context.timer?.due ?? 0, event.mono + extensionOf(event) + killGraceMs),
      }),
    }),
    setKillAgainTimer: assign({
      timer: ({ event }) => ({ timer: 'kill' as const, due: event.mono + killAgainMs }),
    }),
    setRetryTimer: assign({
      timer: ({ context: { want, notBefore }, event }) => ({
        timer: 'retry' as const,
        due: Math.max(notBefore, event.mono + (want?.policy?.intensity?.retryMs ?? retryMs)),
      }),
    }),
    forgetTimer: assign({ timer: null }),
  },
  guards: {
    isThisLife: ({ context, event }) => isThisLife(context, event),
    isThisLifeHeld: ({ context, event }) => isThisLife(context, event) && isHeld(context, event),
    isLastLife: ({ context, event }) => isThisLife(context, event) && context.want === null,
    isGivenUp: ({ context, event }) => isThisLife(context, event) && isGivenUp(context, event),
    isTooSoon: ({ context, event }) =>
      isThisLife(context, event) && event.mono < nextStart(context, event),
    isEarly: ({ context, event }) => event.mono < Math.max(startAt(context), slotOf(event)),
    isHeld: ({ context, event }) => isHeld(context, event),
    isFound: ({ context, event }) => isFound(context, event),
    isFoundUnready: ({ context, event }) => isFoundUnready(context, event),
    isForgiven: ({ context, event }) => isForgiven(context, event),
    /** The letter says it, the context will only know it after this event. */
    changes: ({ context, event }) => changes(context, event),
    changesGently: ({ context, event }) => changes(context, event) && hasPreStop(context),
    hasPreStop: ({ context }) => hasPreStop(context),
    hasPid: ({ context }) => context.life?.pid != null,
    isOver: ({ context, event }) => isThisLife(context, event) && isOver(context),
    isTimer: ({ event }, timer: Timer) => isTimer(event, timer),
    isDueHeld: ({ context, event }, timer: Timer) =>
      isTimer(event, timer) && isHeld(context, event),
    isAccepted: ({ context: { life }, event }) =>
      isTimer(event, 'ready') && life?.policy?.ready?.onTimeout === 'accept',
    isLate: ({ context, event }) => isTimer(event, 'start') && context.life?.pid != null,
    isOther: ({ context, event }) => isOtherProcess(context, event),
    isUnready: ({ context, event }) => isThisLife(context, event) && isUnready(context),
    isNewApplication: ({ context, event }) =>
      isThisLife(context, event) && isNewApplication(context, event),
    isExtension: ({ context, event }) => isThisLife(context, event) && extensionOf(event) > 0,
    isRunning: ({ event }) => event.type === 'knot.adopted' && event.appPid !== undefined,
    isRunningUnready: ({ context, event }) =>
      event.type === 'knot.adopted' &&
      event.appPid !== undefined &&
      isAdoptedUnready(context, event),
    isAdoptedUnready: ({ context, event }) => isAdoptedUnready(context, event),
    isOtherUnready: ({ context, event }) =>
      isOtherProcess(context, event) && isAdoptedUnready(context, event),
  },
})
