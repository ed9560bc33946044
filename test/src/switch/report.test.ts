/**
 * Goal: what is said of a switch is true also where a later supervisor answers, and a plan names
 * what will happen and why.
 * Method: tables of what was, what is, and the words.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Fate } from '../../../src/outcome.ts'
import { planOf, sayPlan } from '../../../src/switch/plan.ts'
import { isAsWanted, sayOutcome, sinceBefore } from '../../../src/switch/report.ts'

const fate = (instance: string, verdict: Fate['verdict'], incarnation: number | null): Fate => ({
  ...{ instance, verdict, incarnation },
  state: 'running',
  pid: 10,
  reason: verdict === 'failed' ? 'exited with code 1' : null,
})

const answer = (...fates: readonly Fate[]) => ({ seq: 1, readings: [], fates })
const verdicts = ({ fates }: { readonly fates: readonly Fate[] }) =>
  fates.map(({ instance, verdict }) => `${instance} ${verdict}`)

test('what a later supervisor calls kept is compared with what was there before', () => {
  const before = new Map([
    ['w/a.0', 1],
    ['w/a.1', 2],
    ['w/a.10', 3],
    ['w/a.2', 4],
  ])
  const later = answer(
    fate('w/a.0', 'kept', 1),
    fate('w/a.1', 'kept', 9),
    fate('w/a.3', 'kept', 9),
    fate('w/a.10', 'failed', null),
  )
  assert.equal(verdicts(sinceBefore(later, before)), [
    'w/a.0 kept',
    'w/a.1 restarted',
    'w/a.2 stopped',
    'w/a.3 started',
    'w/a.10 failed',
  ])
  assert.is(sinceBefore(later, null), later)
})

test('the words, and what counts as done', () => {
  const bad = answer(fate('w/a.0', 'kept', 1), fate('w/a.1', 'failed', null))
  assert.is(
    sayOutcome('w', bad),
    'w: 1 not running, 1 kept\n  not running  w/a.1: exited with code 1\n',
  )
  assert.is(sayOutcome('w', answer()), 'w: nothing runs, nothing is to run\n')
  assert.not(isAsWanted(bad))
  assert.ok(isAsWanted(answer(fate('w/a.0', 'kept', 1), fate('w/a.1', 'stopped', null))))
  const refused = { sandbox: 'w', result: 'refused', reasons: ['no'] } as const
  assert.not(isAsWanted({ ...answer(), readings: [refused] }))
})

const newer = 'what is new in its container configuration or its sandbox counts from its next start'

test('a plan', () => {
  const want = (config: object) => ({
    spec: 's',
    config: JSON.stringify(config),
    restartMs: 0,
    killMs: 0,
  })
  const now = (config: object | null, spec = 's') => ({
    config: config === null ? null : JSON.stringify(config),
    spec,
  })
  const steps = planOf(
    new Map([
      ['w/a.0', want({ image: 'i' })],
      ['w/a.1', want({ image: 'j', kind: 'Daemon' })],
      ['w/b.0', want({})],
      ['w/c.0', want({})],
      ['w/d.0', want({})],
    ]),
    new Map([
      ['w/a.0', now({ image: 'i' })],
      ['w/a.1', now({ image: 'i', kind: 'Daemon' })],
      ['w/a.2', now({})],
      ['w/c.0', now(null)],
      ['w/d.0', now({}, 'older')],
      ['w/e.0', now({})],
    ]),
  )
  assert.is(
    sayPlan('w', steps),
    `w: 2 to stop, 1 to restart, 2 to start, 2 to keep
  stop     w/a.2: there are to be fewer instances
  stop     w/e.0: its process is no longer configured
  restart  w/a.1: image: i → j
  start    w/b.0: it is new
  start    w/c.0: it does not run now
  keep     w/a.0: it is not changed
  keep     w/d.0: it is not changed; ${newer}
`,
  )
})

test.run()
