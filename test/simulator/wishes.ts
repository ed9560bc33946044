/**
 * What a process is asked for beyond being started: drawn by the seed, each kind of wish from a
 * stream of its own, so that one can be left out. Pauses are short enough to be over in the calm.
 */
import type { Policy } from '../../machines/policy.ts'
import type { SpecStopStep } from '../../src/spec.ts'
import type { FaultKind, World } from './world.ts'
import type { Dice } from './dice.ts'

export interface Wishes {
  /** Null: nothing of it. */
  readonly policy: Policy | null
  readonly stop: readonly SpecStopStep[] | null
  /** Its knot starts it again in its place. */
  readonly isInPlace: boolean
}

/** In the order of what comes after what. */
export const processNames = ['a', 'b', 'c'] as const
export type ProcessName = (typeof processNames)[number]

/** An image from this number on holds a version that never gets ready. */
export const badImage = 100

/** By its place. */
export const isBadImage = (place: string): boolean =>
  Number(place.slice(place.lastIndexOf('/') + 1)) >= badImage

export const drawWishes = (world: World, name: string): Wishes => {
  const policy: Policy = {
    ...pacing(world),
    ...after(world, name),
    ...wish(world, 'ready', 0.6, ready),
    ...wish(world, 'healthy', 0.4, healthy),
    ...wish(world, 'preStop', 0.3, preStop),
    ...wish(world, 'rolling', 0.6, rolling),
  }
  return {
    policy: Object.keys(policy).length === 0 ? null : policy,
    stop: wish(world, 'stopList', 0.5, stopList).stop ?? null,
    isInPlace: wish(world, 'inPlace', 0.2, () => ({ is: true })).is === true,
  }
}

/** The stream is drawn from in any case. */
const wish = <T extends object>(
  world: World,
  kind: FaultKind,
  probability: number,
  draw: (dice: Dice) => T,
): Partial<T> => {
  const dice = world.dice(`wishes ${kind}`)
  const [isWished, drawn] = [dice.happens(probability), draw(dice)]
  return isWished && world.faults.has(kind) ? drawn : {}
}

const pacing = (world: World): Pick<Policy, 'backoff' | 'intensity'> => ({
  ...wish(world, 'policy', 0.5, dice => ({
    backoff: {
      ...{ initialMs: dice.pick([10, 100]), factor: 2, maxMs: dice.pick([500, 5_000]) },
      ...{ jitter: dice.pick([0, 0.5]), resetAfterMs: dice.pick([0, 2_000]) },
    },
  })),
  ...wish(world, 'policy', 0.5, dice => ({
    intensity: {
      restarts: dice.pick([0, 2]),
      periodMs: 10_000,
      retryMs: dice.pick([200, 8_000]),
    },
  })),
})

const after = (world: World, name: string): Pick<Policy, 'after'> =>
  wish(world, 'policy', name === 'a' ? 0 : 0.6, dice => {
    const [one, both] = [dice.pick(['a', 'b']), dice.happens(0.3)]
    return { after: name === 'b' ? ['a'] : both ? ['a', 'b'] : [one] }
  })

const ready = (dice: Dice): Pick<Policy, 'ready'> => ({
  ready: {
    probe: { kind: dice.pick(['tcp', 'notify', 'notify', 'fd', 'exec', 'http']) },
    timeoutMs: dice.pick([100, 1_000, 3_000]),
    onTimeout: dice.pick(['restart', 'restart', 'accept']),
  },
})

const healthy = (dice: Dice): Pick<Policy, 'healthy'> => ({
  healthy: {
    probe: { kind: dice.pick(['tcp', 'notify', 'exec', 'http']) },
    ...{ periodMs: dice.pick([50, 500, 2_000]), failures: dice.pick([1, 3]) },
    startDelayMs: dice.pick([0, 500]),
  },
})

const preStop = (dice: Dice): Pick<Policy, 'preStop'> => ({
  preStop: { command: ['/bin/drain'], timeoutMs: dice.pick([0, 100, 1_000, 3_000]) },
})

const rolling = (dice: Dice): Pick<Policy, 'rolling'> => {
  const surge = dice.pick([0, 0, 1, 2])
  return { rolling: { surge, maxUnavailable: surge > 0 ? dice.pick([0, 0, 1]) : 1 } }
}

const stopList = (dice: Dice): { readonly stop: readonly SpecStopStep[] } => ({
  stop: ['SIGTERM', 'SIGQUIT', 'SIGINT', 'SIGUSR1']
    .slice(0, dice.between(1, 4))
    .map(signal => ({ signal, waitMs: dice.pick([0, 50, 300, 1_200]) })),
})
