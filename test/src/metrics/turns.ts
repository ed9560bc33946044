/** Turns made by hand, for tests of what is counted in them. */
import type { Effect, Input, Wanted } from '../../../machines/vocabulary.ts'
import { emptyState, decide } from '../../../src/decide.ts'
import { count, newCounts } from '../../../src/metrics/counts.ts'
import type { Counts } from '../../../src/metrics/counts.ts'

export const missing = (): never => {
  throw new Error('it is not there')
}

export const app = 'web/app.0'
export const wanted: Wanted = { spec: 's', config: '{}', restartMs: 1, killMs: 1 }

export type Spoken = {
  readonly [K in Input['type']]: Omit<Extract<Input, { type: K }>, 'at' | 'mono'>
}
export const at = (mono: number, said: Spoken[Input['type']]): Input =>
  ({ ...said, at: 1_000_000 + mono, mono }) as Input

export const launch = (turn: number, instance = app): Effect => ({
  type: 'launch',
  instance,
  incarnation: turn,
  wanted,
})

export const life = (incarnation: number, instance = app) => ({ instance, incarnation })

export const started: Input = at(0, {
  type: 'tree.started',
  pid: 1,
  bootId: 'b',
  version: '1',
  reason: 'started with f',
})

/** `[heard, effects]`, from turn 1 on. */
export type Story = readonly (readonly [readonly Input[], readonly Effect[]])[]
export const tell = (story: Story, counts: Counts = newCounts(), first = 1): Counts => {
  story.forEach(([heard, effects], index) => count(counts, { seq: first + index, heard, effects }))
  return counts
}

export const exit = (turn: number, mono: number, status: number | null, more = {}): Input =>
  at(mono, { type: 'knot.exited', ...life(turn), pid: 7, status, ...more })

export const beginning: Story = [
  [[started], [launch(1)]],
  [[at(30, { type: 'knot.launched', ...life(1), pid: 7, birth: 1 })], []],
  [[at(40, { type: 'app.started', ...life(1), pid: 8 })], []],
]

/** A state as the machines make it: two sandboxes, one of a process with three instances. */
export const stateOf = () => {
  const loaded = (sandbox: string, names: readonly string[]): Input =>
    at(5, {
      type: 'config.loaded',
      sandbox,
      wanted: Object.fromEntries(names.map(name => [name, { ...wanted, config: name }])),
    })
  const heard = [
    started,
    at(1, { type: 'tree.surveyed', adopted: 0, lost: 0 }),
    loaded('web', ['web/app.0', 'web/app.1', 'web/app.2']),
    loaded('db', ['db/main.0']),
  ]
  const first = decide(emptyState(), heard, 1)
  const runs = [at(9, { type: 'app.started', ...life(1), pid: 77 })]
  const { state, effects } = decide(first.state, runs, 2)
  const story: Story = [
    [heard, first.effects],
    [runs, effects],
  ]
  return { state, counts: tell(story) }
}
