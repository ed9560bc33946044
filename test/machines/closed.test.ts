/**
 * Goal: wherever the supervisor and a kernel can get to together: never two of one instance, never
 *   an end told twice, no exit that leaves somebody behind; a stop always ends in an exit, what is
 *   wanted always comes to run, what is not wanted always ends.
 * Method: one instance, every state of the whole, deaths of the supervisor before and after it
 *   acts included; then backwards from where everything must be able to end, over moves that are
 *   sure to come: nobody exits who was not killed.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { movesOf } from './closed.ts'
import { firstSmall, reduceSmall, smallKey } from './small.ts'
import type { Small } from './small.ts'

interface Seen {
  readonly small: Small
  readonly from: Seen | null
  readonly by: string
  /** From where it is reached by what is sure to come. */
  readonly before: Seen[]
}

const seeAll = (): readonly Seen[] => {
  const all = new Map<string, Seen>()
  const see = (small: Small, from: Seen | null, by: string): Seen => {
    const key = smallKey(small)
    const known = all.get(key)
    if (known !== undefined) return known
    const seen = { small, from, by, before: [] }
    all.set(key, seen)
    return seen
  }
  see(reduceSmall(firstSmall), null, '')
  // A Map also hands out what is added while it is walked through.
  for (const seen of all.values())
    for (const { name, isSure, to } of movesOf(seen.small)) {
      const next = see(to, seen, name)
      if (isSure) next.before.push(seen)
    }
  return [...all.values()]
}

const storyOf = ({ from, by }: Seen): string =>
  from === null ? 'begin' : `${storyOf(from)}, ${by}`

const all = seeAll()

/** The shortest story to a state from which none that satisfies `isGoal` can be reached. */
const stuck = (
  isConcerned: (small: Small) => boolean,
  isGoal: (small: Small) => boolean,
): string | null => {
  const good = new Set(all.filter(({ small }) => isGoal(small)))
  for (const seen of good) for (const each of seen.before) good.add(each)
  const concerned = all.filter(({ small }) => isConcerned(small))
  assert.ok(concerned.length > 100, 'this says something')
  const bad = concerned.find(seen => !good.has(seen))
  return bad === undefined ? null : storyOf(bad)
}

const instanceIn = ({ state }: Small) => state.instances.get('web/a.0')
const isAnybodyAlive = ({ knots }: Small) => knots.some(({ isAlive }) => isAlive)
const runs = (small: Small, config: string): boolean => {
  const { value, context } = instanceIn(small) ?? {}
  return value === 'running' && context?.life?.config === config && isAnybodyAlive(small)
}
const isStopping = ({ state, process }: Small): boolean =>
  process === 'serves' && state.tree.context.isStopping
const isToServe = (small: Small): boolean => small.process !== 'left' && !isStopping(small)
/** Whoever asks for a reload asks once: what was read is remembered. */
const isOnDisk = (small: Small): boolean =>
  isToServe(small) &&
  (small.isDiskRead ||
    small.process === 'dead' ||
    small.pending.includes('load') ||
    small.state.tree.value === 'restarting')

test('it is a world worth looking at', () => {
  assert.ok(all.length > 10_000, `${all.length} states`)
  const trees = new Set(all.map(({ small }) => small.state.tree.value))
  assert.equal(
    [...trees].sort(),
    ['abandoning', 'recovering', 'restarting', 'serving', 'stopped', 'stopping'].sort(),
  )
  // Who has stopped for good is forgotten in the same turn.
  const instances = new Set(all.map(({ small }) => instanceIn(small)?.value ?? 'none'))
  assert.equal([...instances].sort(), [
    'backoff',
    'killing',
    'none',
    'running',
    'starting',
    'stopping',
  ])
})

test('what must never happen has never happened', () => {
  const bad = all.find(({ small }) => small.wrong !== null)
  if (bad !== undefined) assert.unreachable(`${bad.small.wrong}: ${storyOf(bad)}`)
})

test('a stop ends in an exit with nobody left, from everywhere', () => {
  const isOver = (small: Small) => small.process === 'left' && !isAnybodyAlive(small)
  assert.is(stuck(isStopping, isOver), null)
})

for (const disk of ['A', 'B'] as const)
  test(`configuration ${disk} comes to run, from everywhere`, () => {
    const isWanted = (small: Small) => isOnDisk(small) && small.disk === disk
    assert.is(
      stuck(isWanted, small => runs(small, disk)),
      null,
    )
  })

test('what is not wanted any more ends, from everywhere', () => {
  const isUnwanted = (small: Small) => isOnDisk(small) && small.disk === 'gone'
  const isGone = (small: Small) => !isAnybodyAlive(small) && instanceIn(small) === undefined
  assert.is(stuck(isUnwanted, isGone), null)
})

test('with nonsense on the disk, what was wanted before comes to run', () => {
  for (const config of ['A', 'B']) {
    const isKept = (small: Small) =>
      isToServe(small) &&
      small.disk === 'bad' &&
      small.state.sandboxes.get('web')?.context.wanted['web/a.0']?.config === config
    assert.is(
      stuck(isKept, small => runs(small, config)),
      null,
    )
  }
})

test.run()
