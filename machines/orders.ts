/** What an instance orders, as the actions of its chart: each is an effect, or nothing. */
import type { Heard } from './letters.ts'
import type { Memory } from './life.ts'
import type { Effect, HealthPolicy, ReadyPolicy } from './vocabulary.ts'

export type Params<T extends Effect['type']> = Omit<Extract<Effect, { readonly type: T }>, 'type'>

type Probed = Omit<Params<'stopProbes'>, never> & {
  readonly pid: number
  readonly appPid: number | null
  readonly spec: string | null
}
export type ProbeParams = Probed &
  (
    | { readonly what: 'ready'; readonly ready: ReadyPolicy }
    | { readonly what: 'healthy'; readonly healthy: HealthPolicy }
  )

interface Args {
  readonly context: Memory
  readonly event: Heard
}

/** What a life leaves behind; the cgroup only where no other life will use it. */
export const sweep = {
  type: 'sweepUp',
  params: ({ context }: Args) => ({ instance: context.name, cgroup: context.want === null }),
} as const

/** A deadline is kept in the context, so that a recovered supervisor can arm it again. */
export const arm = {
  type: 'armTimer',
  params: ({ context: { name, timer } }: Args): Params<'armTimer'> => ({
    instance: name,
    timer: timer?.timer ?? 'restart',
    due: timer?.due ?? 0,
  }),
} as const

/** Nothing to do, hence no effect, where the timer has just elapsed. */
export const disarm = {
  type: 'disarmTimer',
  params: ({ context, event }: Args) =>
    context.timer === null || event.type === 'timer.elapsed'
      ? null
      : { instance: context.name, timer: context.timer.timer },
} as const

const kill = ({ name, life }: Memory, signal: 'SIGTERM' | 'SIGKILL'): Params<'signal'> => ({
  instance: name,
  incarnation: life?.incarnation ?? 0,
  pid: life?.pid ?? 0,
  signal,
})

export const terminate = {
  type: 'signal',
  params: ({ context }: Args) => kill(context, 'SIGTERM'),
} as const

export const destroy = {
  type: 'signal',
  params: ({ context }: Args) => kill(context, 'SIGKILL'),
} as const

const probed = ({ name, life }: Memory): Probed => ({
  instance: name,
  incarnation: life?.incarnation ?? 0,
  pid: life?.pid ?? 0,
  appPid: life?.appPid ?? null,
  spec: life?.spec ?? null,
})

export const askReady = {
  type: 'probe',
  params: ({ context }: Args): ProbeParams | null => {
    const ready = context.life?.policy?.ready
    return ready === undefined ? null : { ...probed(context), what: 'ready', ready }
  },
} as const

export const askHealthy = {
  type: 'probe',
  params: ({ context }: Args): ProbeParams | null => {
    const healthy = context.life?.policy?.healthy
    return healthy === undefined ? null : { ...probed(context), what: 'healthy', healthy }
  },
} as const

/** Only where somebody asks: most instances have no probes. */
export const hush = {
  type: 'stopProbes',
  params: ({ context: { name, life } }: Args): Params<'stopProbes'> | null =>
    life?.policy?.ready === undefined && life?.policy?.healthy === undefined
      ? null
      : { instance: name, incarnation: life.incarnation },
} as const

export const runPreStop = {
  type: 'preStop',
  params: ({ context }: Args): Params<'preStop'> | null => {
    const preStop = context.life?.policy?.preStop
    return preStop === undefined ? null : { ...probed(context), ...preStop }
  },
} as const

// ---------------------------------------------------------------------------
// Arrows that several states have
// ---------------------------------------------------------------------------

/** What the end of a life means, wherever it happens. First match wins. */
export const death = [
  { guard: 'isLastLife', target: 'stopped', actions: [hush, 'remember', sweep] },
  { guard: 'isGivenUp', target: 'failed', actions: [hush, 'remember', sweep] },
  { guard: 'isTooSoon', target: 'backoff', actions: [hush, 'remember', sweep] },
  { guard: 'isThisLifeHeld', target: 'waiting', actions: [hush, 'remember', sweep] },
  {
    guard: 'isThisLife',
    target: 'starting',
    reenter: true,
    actions: [hush, 'remember', sweep],
  },
] as const

/** What was refused is never tried again at once, see `nextStart`. */
export const refusal = [
  death[0],
  death[1],
  { guard: 'isThisLife', target: 'backoff', actions: [hush, 'remember', sweep] },
] as const

/** Of one that was to end anyway: that is no failure. */
export const deathAsked = [death[0], death[2], death[3], death[4]] as const
export const refusalAsked = [death[0], refusal[2]] as const

/** The life that was being ended is over; of what has come into its place nobody has judged. */
export const another = [
  {
    guard: 'isOtherUnready',
    target: 'readying',
    reenter: true,
    actions: ['remember', 'forgetWhy'],
  },
  { guard: 'isOther', target: 'running', actions: ['remember', 'forgetWhy'] },
] as const

/** Where nobody was known to live. */
export const arrival = [
  { guard: 'isAdoptedUnready', target: 'readying', actions: 'remember' },
  { target: 'running', actions: 'remember' },
] as const

/** Somebody has asked: what was before does not count. */
export const atOnce = [
  { guard: 'isHeld', target: 'waiting', actions: 'forgive' },
  { target: 'starting', actions: 'forgive' },
] as const

export const heard = { actions: 'remember' } as const
/** The life is to end, and why. */
export const end = ['remember', 'rememberWhy'] as const
export const isReadyTimer = { type: 'isTimer', params: 'ready' } as const
