/**
 * What can happen to the small supervisor of `small.ts`: from outside, in the kernel, by its own
 * actors, and that it starts again.
 */
import type { Input } from '../../machines/vocabulary.ts'
import type { Found } from '../../native/survey.ts'
import { begin } from '../../src/begin.ts'
import { later } from './explore.ts'
import { die, hear, instance, lifeOf, reduceSmall, sandbox, stamp } from './small.ts'
import type { Knot, Small } from './small.ts'

/** What it is called, whether it is sure to come, and what it may lead to, accidents last. */
type Happening = readonly [name: string, isSure: boolean, outcomes: readonly Small[]]

export interface Move {
  readonly name: string
  /** Happens sooner or later, whatever else does: nobody has to wish for it. */
  readonly isSure: boolean
  readonly to: Small
}

const want = (config: string) => ({
  [instance]: { spec: config, config, restartMs: 1_000, killMs: 5_000 },
})
const signal = (name: string): Input => ({ type: 'signal.received', signal: name, ...stamp })

const moves = (small: Small): readonly Happening[] => [
  ...kernelMoves(small),
  ...(small.process === 'serves'
    ? [...tellZombies(small), ...actorMoves(small), ...operatorMoves(small)]
    : []),
  ...(small.process === 'dead'
    ? [
        ['started anew', true, startAgain(small, 2)] as const,
        ['started in place', true, startAgain(small, 1)] as const,
      ]
    : []),
]

/** Every move and what it may lead to; the first outcome is the one without an accident. */
export const movesOf = (small: Small): readonly Move[] =>
  small.process === 'left' || small.wrong !== null
    ? []
    : [
        ...moves(small).flatMap(([name, isSure, outcomes]) =>
          outcomes.map((to, i) => ({
            name: i === 0 ? name : `${name}, and died`,
            isSure: isSure && i === 0,
            to: reduceSmall(to),
          })),
        ),
        { name: 'time passes', isSure: true, to: reduceSmall(small, later + 1) },
      ]

const replaced = (small: Small, knot: Knot, change: Partial<Knot>): Small => ({
  ...small,
  knots: small.knots.map(each => (each === knot ? { ...each, ...change } : each)),
})

/** An adopted zombie is read in a turn of its own. */
const tellZombies = (small: Small): readonly Happening[] =>
  small.knots
    .filter(({ isAlive, hasApp, isTold }) => !isAlive && hasApp && !isTold)
    .filter(({ incarnation }) => incarnation === lifeOf(small)?.incarnation)
    .map(({ incarnation }) => {
      const life = { instance, incarnation, pid: 42, status: 0, ...stamp }
      return ['an end is found', true, hear(small, { type: 'knot.exited', ...life })]
    })

const kernelMoves = (small: Small): readonly Happening[] =>
  small.knots
    .filter(({ isAlive }) => isAlive)
    .flatMap((knot): Happening[] => {
      const { incarnation } = knot
      const life = { instance, incarnation, ...stamp }
      const isHeard = small.process === 'serves'
      const ended = replaced(small, knot, { isAlive: false })
      const up = replaced(small, knot, { hasApp: true })
      const exited: Input = { type: 'knot.exited', ...life, pid: 42, status: 0 }
      const refused: Input = { type: 'knot.refused', ...life, step: '', about: '', code: '' }
      const started: Input = { type: 'app.started', ...life, pid: 43 }
      const tell = (after: Small, input: Input) => (isHeard ? hear(after, input) : [after])
      const isKilled = knot.signal === 'SIGKILL'
      if (knot.hasApp) return [['exits', isKilled, tell(ended, exited)]]
      return [
        ['is refused', isKilled, tell(ended, refused)],
        ['starts its application', knot.signal === null, tell(up, started)],
      ]
    })

const without = (small: Small, what: string): Small => ({
  ...small,
  timers: small.timers.filter(timer => timer !== what),
  pending: small.pending.filter(effect => effect !== what),
})

const actorMoves = (small: Small): readonly Happening[] => [
  ...small.timers.map(timer => {
    const elapsed = { type: 'timer.elapsed', timer, ...stamp } as Input
    const input = timer === 'stop' ? elapsed : ({ ...elapsed, instance } as Input)
    return [`${timer} elapsed`, true, hear(without(small, timer), input)] as const
  }),
  ...small.pending.flatMap((effect): Happening[] => {
    const before = without(small, effect)
    if (effect === 'load') return [['load', true, load({ ...before, isDiskRead: true })]]
    if (effect === 'launch')
      return [
        ['launch', true, launch(before)],
        ['no launch', false, noLaunch(before)],
      ]
    // Whoever stops meanwhile is not restarted any more.
    if (small.state.tree.value !== 'restarting') return [['no exec', true, [before]]]
    const refused: Input = { type: 'exec.refused', code: 'ENOENT', ...stamp }
    return [
      ['exec', true, [die(before)]],
      ['exec refused', false, hear(before, refused)],
    ]
  }),
]

const load = (small: Small): readonly Small[] => {
  if (small.disk === 'bad')
    return hear(small, { type: 'config.refused', sandbox, reasons: ['no'], ...stamp })
  if (small.disk === 'gone') return hear(small, { type: 'config.absent', sandbox, ...stamp })
  return hear(small, { type: 'config.loaded', sandbox, wanted: want(small.disk), ...stamp })
}

const launch = (small: Small): readonly Small[] => {
  const life = lifeOf(small)
  if (life === null) return [{ ...small, wrong: 'something was launched without a life' }]
  const { incarnation, config } = life
  const knot = { incarnation, config, hasApp: false, signal: null, isAlive: true, isTold: false }
  const after: Small = {
    ...small,
    knots: [...small.knots, knot],
    wrong: small.knots.some(({ isAlive }) => isAlive) ? 'two live at once' : small.wrong,
  }
  const launched = { instance, incarnation, pid: 42, birth: incarnation, ...stamp }
  return [...hear(after, { type: 'knot.launched', ...launched }), die(after)]
}

const noLaunch = (small: Small): readonly Small[] => {
  const incarnation = lifeOf(small)?.incarnation ?? 0
  const refused = { type: 'knot.refused', instance, incarnation, step: '', about: '', code: '' }
  return hear(small, { ...refused, ...stamp } as Input)
}

const operatorMoves = (small: Small): readonly Happening[] => [
  ...(['A', 'B', 'gone', 'bad'] as const)
    .filter(disk => disk !== small.disk)
    .map(disk => [`disk: ${disk}`, false, [{ ...small, disk, isDiskRead: false }]] as const),
  ['TERM', false, hear(small, signal('SIGTERM'))] as const,
  ['QUIT', false, hear(small, signal('SIGQUIT'))] as const,
  ['reload', false, hear(small, { type: 'config.reload', by: 'uid 0', ...stamp })] as const,
  [
    'restart',
    false,
    hear(small, { type: 'instance.restart', instance, by: '', ...stamp }),
  ] as const,
]

// ---------------------------------------------------------------------------
// Starting again
// ---------------------------------------------------------------------------

const found = ({ incarnation, config, hasApp, isAlive }: Knot): Found => ({
  instance,
  incarnation,
  // Reduced as in `subjects.ts`: the process of this life, or another one.
  ...(incarnation === 7 ? { pid: 42, birth: 9 } : { pid: 41, birth: 5 }),
  spec: null,
  file: null,
  offset: 0,
  // Whoever was refused is found by its file only.
  pidfd: isAlive || hasApp ? (3 as Found['pidfd']) : null,
  state: isAlive ? 'alive' : hasApp ? 'zombie' : 'gone',
  kept: {
    startedAt: null,
    refused: !isAlive && !hasApp ? { step: 1, errno: 2 } : null,
    exited: !isAlive && hasApp ? { status: 0, started: 1, mono: 2 } : null,
  } as Found['kept'],
  config: isAlive ? config : null,
  appPid: isAlive && hasApp ? 43 : null,
  bornAt: 0,
  foreign: false,
})

const startAgain = (small: Small, pid: number): readonly Small[] => {
  const inputs: Input[] = []
  const timers: string[] = []
  const forgotten: number[] = []
  let dismissed = 0
  begin(
    {
      state: small.state,
      // No turn is lost here.
      isTold: () => true,
      condition: 'whole',
      bootId: 'b',
      found: small.knots.map(found),
      pid,
      version: '1',
      reason: '',
      stamp: () => stamp,
      sayRefusal: () => () => ({ step: '', about: '', code: '' }),
    },
    {
      hear: input => void inputs.push(input),
      skipTo: () => {},
      arm: ({ timer }) => void timers.push(timer),
      adopt: () => {},
      keep: () => ({ status: null, keptBy: '' }),
      forget: (_, incarnation) => void forgotten.push(incarnation),
      dismiss: () => void (dismissed += 1),
    },
  )
  const known = small.knots.filter(({ incarnation }) => !forgotten.includes(incarnation))
  return hear(
    {
      ...small,
      process: 'serves',
      timers,
      knots: known,
      wrong: dismissed > 0 ? 'somebody was one too many' : small.wrong,
    },
    ...inputs,
  )
}
