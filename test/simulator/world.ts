/**
 * What all parts of the simulated host share: time, chance, what was noted of the present step,
 * and which promise was broken. Time runs from entry to entry of the agenda.
 */
import { createAgenda } from './agenda.ts'
import type { Agenda } from './agenda.ts'
import { diceOf, seedFor } from './dice.ts'
import type { Dice } from './dice.ts'
import type { Bug } from './bugs.ts'

/** What may go wrong, or at least happens at the worst time. A seed draws some of them. */
export const faultKinds = [
  /** An application ends by itself, with any status. */
  'death',
  /** A knot is killed by somebody: no word of it in its file. */
  'murder',
  /** A knot refuses a step of its plan. */
  'refusal',
  /** A launch fails before there is a process. */
  'stillbirth',
  /** An application ignores SIGTERM. */
  'deaf',
  /** A knot hangs: it hears no SIGTERM and keeps no deadline. */
  'hang',
  /** A knot hangs before it has started its application. */
  'stuck',
  /** The supervisor is killed, between two things it does, or in the midst of a write. */
  'kill',
  /** It crashes and becomes a new image in place. */
  'crash',
  /** It is asked to restart in place. */
  'exec',
  /** The restart in place is refused, by us or by the kernel. */
  'execRefused',
  /** It is asked to stop, and started again later. */
  'stop',
  /** It is not scheduled for a while: what happens meanwhile is heard at once. */
  'stall',
  /** The host is booted anew; the runtime directory is kept or not. */
  'reboot',
  /** The wall clock is set, by hours and days both ways. */
  'clock',
  /** The disk of the hot journal is full for a time. */
  'full',
  /** A byte of the hot journal is flipped. */
  'damage',
  /** The hot journal is removed. */
  'lost',
  /** A status file is removed. */
  'lostFile',
  /** Configuration changes: instances, time-outs, images, sandboxes. */
  'config',
  /** Configuration asks for back-off, for a limit of restarts, for an order of starts. */
  'policy',
  /** Configuration asks whether it is ready, and some become so late, or never. */
  'ready',
  /** It asks whether it is well, and some are not. */
  'healthy',
  /** Applications speak as of sd_notify: they reload, stop, need longer, say how they are. */
  'notice',
  /** It has a list of signals for a stop. */
  'stopList',
  /** It has a command that is run before a stop. */
  'preStop',
  /** It has processes replaced a few at a time, with spare ones or without. */
  'rolling',
  /** Starts are spread over time. */
  'startRate',
  /** An operator switches to a version that is never ready, and puts the former one back. */
  'operator',
  /** A knot starts its application again in its place. */
  'inPlace',
  /** A file of the configuration cannot be read or evaluated. */
  'badConfig',
  /** The directory of the sandboxes cannot be read. */
  'badListing',
  /** An operator asks for a restart of an instance. */
  'restart',
  /** The keeper of the sockets is killed. */
  'keeper',
  /** A knot appears that nobody of us has launched. */
  'intruder',
  /** A pid goes to another process as soon as it is free. */
  'reuse',
] as const
export type FaultKind = (typeof faultKinds)[number]

export interface Violation {
  readonly promise: string
  readonly what: string
}

export interface World {
  readonly seed: number
  readonly agenda: Agenda
  readonly faults: ReadonlySet<FaultKind>
  readonly bug: Bug | null
  /** Milliseconds since the simulation began: what really passes. */
  now: number
  bootedAt: number
  wallOffset: number
  boots: number
  /** From some time on nothing goes wrong any more. */
  isCalm: boolean
  violation: Violation | null
  /** Starts a second, as the master configuration has it; null: as many as there are. */
  startRate: number | null
  readonly counts: Map<FaultKind, number>
  readonly notes: string[]
  readonly isTold: boolean
  readonly dice: (kind: string) => Dice
}

export interface WorldOptions {
  readonly seed: number
  readonly without?: ReadonlySet<FaultKind>
  readonly bug?: Bug | null
  readonly isTold?: boolean
}

export const createWorld = (options: WorldOptions): World => {
  const { seed, without = new Set<FaultKind>(), bug = null, isTold = false } = options
  const streams = new Map<string, Dice>()
  const dice = (kind: string): Dice => {
    let found = streams.get(kind)
    if (found === undefined) streams.set(kind, (found = diceOf(seedFor(seed, kind))))
    return found
  }
  const drawn = faultKinds.filter(kind => dice(`faults ${kind}`).happens(0.6))
  const faults = new Set(drawn.filter(kind => !without.has(kind)))
  return {
    seed,
    agenda: createAgenda(),
    faults,
    bug,
    now: 0,
    bootedAt: -dice('boot').between(1, 1_000_000),
    wallOffset: 1_700_000_000_000,
    boots: 1,
    isCalm: false,
    violation: null,
    startRate: faults.has('startRate') ? dice('start rate').pick([2, 5, 50]) : null,
    counts: new Map(),
    notes: [],
    isTold,
    dice,
  }
}

/** Milliseconds of CLOCK_MONOTONIC. */
export const monoOf = ({ now, bootedAt }: World): number => now - bootedAt

export const stampOf = (world: World): { readonly at: number; readonly mono: number } => ({
  at: world.now + world.wallOffset,
  mono: world.bug === 'wall clock' ? world.now + world.wallOffset : monoOf(world),
})

export const after = (world: World, delay: number, work: () => void): void =>
  world.agenda.at(world.now + Math.max(0, delay), work)

/** Whether this fault comes now. The stream is drawn from in any case. */
export const strikes = (world: World, kind: FaultKind, probability: number): boolean => {
  const isDrawn = world.dice(kind).happens(probability)
  return isDrawn && !world.isCalm && world.faults.has(kind)
}

export const count = (world: World, kind: FaultKind): void =>
  void world.counts.set(kind, (world.counts.get(kind) ?? 0) + 1)

/** For the story of a failing seed. */
export const note = (world: World, text: () => string): void => {
  if (world.isTold) world.notes.push(text())
}

/** The first one counts: what follows may follow from it. */
export const breakPromise = (world: World, promise: string, what: string): void => {
  world.violation ??= { promise, what }
}
