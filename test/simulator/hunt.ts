/** Many seeds, and what is said of them. A seed that fails is made smaller and then told. */
import type { Bug } from './bugs.ts'
import { runSeed, stepsFor } from './run.ts'
import type { Result } from './run.ts'
import { faultKinds } from './world.ts'
import type { FaultKind } from './world.ts'

export interface HuntOptions {
  readonly say: (line: string) => void
  readonly firstSeed: number
  readonly seedsMax: number
  readonly secondsMax: number
  /** Null: as each seed says. */
  readonly steps: number | null
  readonly without: ReadonlySet<FaultKind>
  readonly bug: Bug | null
  readonly isTold: boolean
}

interface Sum {
  seeds: number
  turns: number
  steps: number
  lives: number
  readonly faults: Map<FaultKind, number>
}

/** False: a promise was broken. */
export const hunt = (options: HuntOptions): boolean => {
  const { say, firstSeed, seedsMax, secondsMax, without, bug, isTold } = options
  const began = performance.now()
  const seconds = (): number => (performance.now() - began) / 1_000
  const sum: Sum = { seeds: 0, turns: 0, steps: 0, lives: 0, faults: new Map() }
  for (let seed = firstSeed; sum.seeds < seedsMax && seconds() < secondsMax; seed += 1) {
    const steps = options.steps ?? stepsFor(seed)
    const result = runSeed({ seed, steps, without, bug, isTold })
    add(sum, result)
    if (result.violation !== null) {
      say(`seed ${seed} fails after ${sum.seeds} seeds, ${seconds().toFixed(1)} s`)
      tell(say, shrink({ seed, steps, without, bug }))
      return false
    }
    if (isTold) result.story.forEach(say)
    if (process.stderr.isTTY === true && sum.seeds % 20 === 0)
      process.stderr.write(`\r${sum.seeds} seeds, ${seconds().toFixed(0)} s `)
  }
  sayFigures(say, firstSeed, sum, seconds())
  return true
}

const add = (sum: Sum, { turns, steps, lives, faults }: Result): void => {
  sum.seeds += 1
  sum.turns += turns
  sum.steps += steps
  sum.lives += lives
  for (const [kind, times] of faults) sum.faults.set(kind, (sum.faults.get(kind) ?? 0) + times)
}

const sayFigures = (
  say: (line: string) => void,
  firstSeed: number,
  { seeds, turns, steps, lives, faults }: Sum,
  seconds: number,
): void => {
  const of = (kind: FaultKind): number => faults.get(kind) ?? 0
  say(`seeds     ${seeds}, from ${firstSeed}; ${(seeds / seconds).toFixed(0)} a second`)
  say(`events    ${turns} turns in ${steps} steps, ${lives} lives of the supervisor`)
  say(`crashes   ${of('kill')} killed, ${of('crash')} crashed, ${of('reboot')} reboots`)
  say(`faults    ${faultKinds.map(kind => `${kind} ${of(kind)}`).join(', ')}`)
  say('violations none')
}

// ---------------------------------------------------------------------------
// A seed that fails
// ---------------------------------------------------------------------------

export interface Failing {
  readonly seed: number
  readonly steps: number
  readonly without: ReadonlySet<FaultKind>
  readonly bug: Bug | null
}

/** Leaves out every kind of fault without which the same promise is still broken. */
export const shrink = (failing: Failing): Failing => {
  const promise = runSeed(failing).violation?.promise
  const fails = (smaller: Failing): boolean => runSeed(smaller).violation?.promise === promise
  let small = failing
  for (const kind of faultKinds) {
    const smaller = { ...small, without: new Set([...small.without, kind]) }
    if (!small.without.has(kind) && fails(smaller)) small = smaller
  }
  for (let steps = small.steps >> 1; steps > 0; steps >>= 1) {
    const smaller = { ...small, steps: small.steps - steps }
    if (fails(smaller)) small = smaller
  }
  return small
}

export const tell = (say: (line: string) => void, failing: Failing): void => {
  const { violation, story } = runSeed({ ...failing, isTold: true })
  story.forEach(say)
  say(`broken    ${violation?.promise}: ${violation?.what}`)
  say(`again     ${commandFor(failing)}`)
}

const commandFor = ({ seed, steps, without, bug }: Failing): string =>
  [
    `npm run simulate -- --seed ${seed}`,
    ...(steps === stepsFor(seed) ? [] : [`--steps ${steps}`]),
    ...(without.size === 0 ? [] : [`--without ${[...without].join(',')}`]),
    ...(bug === null ? [] : [`--bug '${bug}'`]),
  ].join(' ')
