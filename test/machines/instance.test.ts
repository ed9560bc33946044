/**
 * Goal: every arrow of the instance's chart, every arrow that must not exist, and what each does.
 * Method: for each state, reached by a shortest story, try the whole alphabet; compare the table
 * and the list of effects with the ones below. A new state or event fails here until it has a row.
 */
import { initialTransition, transition } from 'xstate'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { instanceMachine } from '../../machines/instance.ts'
import type { Heard } from '../../machines/letters.ts'
import { drawChart } from './chart.ts'
import type { Said } from './chart.ts'

type Snapshot = ReturnType<typeof begin>

const instance = 'web/http.0'
const begin = () => initialTransition(instanceMachine, { name: instance })[0]
const wanted = { spec: 'aa', config: '{"a":1}', restartMs: 1_000, killMs: 5_000 }
const changed = { ...wanted, spec: 'bb', config: '{"a":2}' }
const life = { instance, incarnation: 7 }

const want: Said = { type: 'want', wanted }
const change: Said = { type: 'want', wanted: changed }
const unwant: Said = { type: 'unwant' }
const launched: Said = { type: 'knot.launched', ...life, pid: 42, birth: 9 }
const started: Said = { type: 'app.started', ...life, pid: 43 }
const exited: Said = { type: 'knot.exited', ...life, pid: 42, status: 512, app: 256 }
const adopted: Said = {
  type: 'knot.adopted',
  ...life,
  pid: 42,
  birth: 9,
  config: wanted.config,
  bornAt: 0,
  appPid: 43,
}
const refused: Said = {
  type: 'knot.refused',
  ...life,
  step: 'mounting',
  about: '/x',
  code: 'ENOENT',
}
const restart: Said = { type: 'timer.elapsed', instance, timer: 'restart' }
const kill: Said = { type: 'timer.elapsed', instance, timer: 'kill' }
const late: Said = { type: 'timer.elapsed', instance, timer: 'start' }
const ask: Said = { type: 'instance.restart', instance, by: 'uid 0' }
const abandon: Said = { type: 'abandon' }
const formerExit: Said = { ...exited, incarnation: 3 } as Said

const alphabet = {
  want,
  change,
  unwant,
  launched,
  started,
  adopted,
  refused,
  exited,
  formerExit,
  restart,
  kill,
  late,
  ask,
  abandon,
}

/** All of a story happens at 100 ms, in turn 7; the question is asked at `mono`, in turn 8. */
const hear = (snapshot: Snapshot, said: Said, mono = 100, turn = 7) => {
  const [next, actions] = transition(instanceMachine, snapshot, {
    at: 1_000,
    mono,
    turn,
    ...said,
  } as Heard)
  return [next, actions] as const
}
const reach = (story: readonly Said[]): Snapshot =>
  story.reduce<Snapshot>((snapshot, said) => hear(snapshot, said)[0], begin())

const stories: Record<string, readonly Said[]> = {
  stopped: [],
  starting: [want],
  'start+pid': [want, launched],
  running: [want, launched, started],
  stopping: [want, launched, started, unwant],
  'stop+want': [want, launched, started, change],
  killing: [want, launched, started, unwant, kill],
  backoff: [want, launched, started, exited],
}

const table = (mono: number): string =>
  drawChart(stories, alphabet, reach, (before, said) => hear(before, said, mono, 8)[0], [12, 10])

test('every story ends where its name says', () => {
  for (const [name, story] of Object.entries(stories))
    assert.ok(String(reach(story).value).startsWith(name.split('+')[0]!), name)
})

test('the whole chart, before the restart-timeout is over', () => {
  assert.is(
    table(200),
    [
      '            stopped   starting  start+pid running   stopping  stop+want killing   backoff',
      'want        starting  -         -         -         -         -         -         -',
      'change      starting  -         stopping  stopping  -         -         -         -',
      'unwant      -         -         stopping  stopping  -         -         -         stopped',
      'launched    -         -         -         -         -         -         -         -',
      'started     -         running   running   -         -         -         -         -',
      'adopted     running   running   running   -         -         -         -         running',
      'refused     -         backoff   backoff   backoff   stopped   backoff   stopped   -',
      'exited      -         backoff   backoff   backoff   stopped   backoff   stopped   -',
      'formerExit  -         -         -         -         -         -         -         -',
      'restart     -         -         -         -         -         -         -         starting',
      'kill        -         -         -         -         killing   killing   -         -',
      'late        -         -         killing   -         -         -         -         -',
      'ask         -         -         -         stopping  -         -         -         starting',
      'abandon     -         -         killing   killing   killing   killing   -         -',
    ].join('\n'),
  )
})

test('a death after the restart-timeout starts the next life at once, a refusal soon', () => {
  assert.is(
    table(5_000),
    [
      '            stopped   starting  start+pid running   stopping  stop+want killing   backoff',
      'want        starting  -         -         -         -         -         -         -',
      'change      starting  -         stopping  stopping  -         -         -         -',
      'unwant      -         -         stopping  stopping  -         -         -         stopped',
      'launched    -         -         -         -         -         -         -         -',
      'started     -         running   running   -         -         -         -         -',
      'adopted     running   running   running   -         -         -         -         running',
      'refused     -         backoff   backoff   backoff   stopped   backoff   stopped   -',
      'exited      -         -         -         starting  stopped   starting  stopped   -',
      'formerExit  -         -         -         -         -         -         -         -',
      'restart     -         -         -         -         -         -         -         starting',
      'kill        -         -         -         -         killing   killing   -         -',
      'late        -         -         killing   -         -         -         -         -',
      'ask         -         -         -         stopping  -         -         -         starting',
      'abandon     -         -         killing   killing   killing   killing   -         -',
    ].join('\n'),
  )
})

const shown = ({
  type,
  params,
}: {
  readonly type: string
  readonly params?: unknown
}): string | null => {
  const { instance: _, wanted: __, ...rest } = (params ?? {}) as Record<string, unknown>
  return params === null ? null : `${type} ${Object.values(rest).join(' ')}`.trim()
}

test('the effects of every arrow', () => {
  const lines = Object.entries(stories).flatMap(([state, story]) =>
    Object.entries(alphabet).flatMap(([name, said]) => {
      const [, actions] = hear(reach(story), said, 200, 8)
      const effects = actions.map(shown).filter(text => text !== null)
      return effects.length === 0 ? [] : [`${state}, ${name}: ${effects.join(', ')}`]
    }),
  )
  assert.is(
    lines.join('\n'),
    [
      'stopped, want: launch 8, armTimer start 60200',
      'stopped, change: launch 8, armTimer start 60200',
      'starting, started: disarmTimer start',
      'starting, adopted: disarmTimer start',
      'starting, refused: disarmTimer start, sweepUp false, armTimer restart 1100',
      'starting, exited: disarmTimer start, sweepUp false, armTimer restart 1100',
      'start+pid, change: disarmTimer start, signal 7 42 SIGTERM, armTimer kill 6200',
      'start+pid, unwant: disarmTimer start, signal 7 42 SIGTERM, armTimer kill 6200',
      'start+pid, started: disarmTimer start',
      'start+pid, adopted: disarmTimer start',
      'start+pid, refused: disarmTimer start, sweepUp false, armTimer restart 1100',
      'start+pid, exited: disarmTimer start, sweepUp false, armTimer restart 1100',
      'start+pid, late: signal 7 42 SIGKILL, armTimer kill 10200',
      'start+pid, abandon: disarmTimer start, signal 7 42 SIGKILL, armTimer kill 10200',
      'running, change: signal 7 42 SIGTERM, armTimer kill 6200',
      'running, unwant: signal 7 42 SIGTERM, armTimer kill 6200',
      'running, refused: sweepUp false, armTimer restart 1100',
      'running, exited: sweepUp false, armTimer restart 1100',
      'running, ask: signal 7 42 SIGTERM, armTimer kill 6200',
      'running, abandon: signal 7 42 SIGKILL, armTimer kill 10200',
      'stopping, adopted: signal 7 42 SIGTERM',
      'stopping, refused: disarmTimer kill, sweepUp true',
      'stopping, exited: disarmTimer kill, sweepUp true',
      'stopping, kill: signal 7 42 SIGKILL, armTimer kill 10200',
      'stopping, abandon: disarmTimer kill, signal 7 42 SIGKILL, armTimer kill 10200',
      'stop+want, adopted: signal 7 42 SIGTERM',
      'stop+want, refused: disarmTimer kill, sweepUp false, armTimer restart 1100',
      'stop+want, exited: disarmTimer kill, sweepUp false, armTimer restart 1100',
      'stop+want, kill: signal 7 42 SIGKILL, armTimer kill 10200',
      'stop+want, abandon: disarmTimer kill, signal 7 42 SIGKILL, armTimer kill 10200',
      'killing, adopted: signal 7 42 SIGKILL',
      'killing, refused: disarmTimer kill, sweepUp true',
      'killing, exited: disarmTimer kill, sweepUp true',
      'killing, kill: signal 7 42 SIGKILL, armTimer kill 10200',
      'backoff, unwant: disarmTimer restart, sweepUp true',
      'backoff, adopted: disarmTimer restart',
      'backoff, restart: launch 8, armTimer start 60200',
      'backoff, ask: disarmTimer restart, launch 8, armTimer start 60200',
    ].join('\n'),
  )
})

test('a life that ends late is followed by the next one in the same turn', () => {
  for (const story of ['starting', 'running', 'stop+want'] as const) {
    const [, actions] = hear(reach(stories[story]!), exited, 5_000, 8)
    const effects = actions.map(shown).filter(text => text !== null)
    assert.ok(effects.includes('sweepUp false'), story)
    assert.is(effects.indexOf('launch 8') > effects.indexOf('sweepUp false'), true, story)
  }
})

test('an exit status is remembered with what was asked', () => {
  const after = reach([want, launched, started, unwant, want, exited])
  assert.is(after.context.last?.app, 256)
  assert.is(after.context.last?.asked, 'it is no longer wanted')
  assert.is(after.context.restarts, 1)
})

test('a stop asked before the pid is known is carried out as soon as it is', () => {
  const waiting = reach([want, unwant])
  assert.is(waiting.value, 'starting')
  const [next, actions] = hear(waiting, launched)
  assert.is(next.value, 'stopping')
  assert.ok(actions.some(action => shown(action)?.startsWith('signal 7 42 SIGTERM')))
})

test('what is read while it is launched makes no wish of what was taken back', () => {
  const read: Said = { type: 'spec.loaded', instance, wanted: { ...wanted, killMs: 300 } }
  const next = reach([want, unwant, read])
  assert.is(next.context.want, null)
  assert.is(next.context.life?.killMs, 300)
  assert.is(hear(next, launched)[0].value, 'stopping')
  assert.is(reach([want, read]).context.want?.killMs, 300)
})

test('a life has what it was launched with, and nothing of what was decided before', () => {
  const ready = { probe: { kind: 'tcp', port: 80 }, timeoutMs: 100, onTimeout: 'accept' } as const
  const socket = {
    ...{ key: 'tcp:80', host: '0.0.0.0', port: 80, backlog: 1, uid: 0, gid: 0 },
    ...{ reuseAddr: true, reusePort: false, setNonBlock: false },
  }
  const more = { ...wanted, policy: { ready }, sockets: [socket] }
  const read = (wanted: typeof more | typeof changed): Said => ({
    ...{ type: 'spec.loaded', instance, wanted },
  })
  const first = reach([{ type: 'want', wanted: more }])
  assert.equal(first.context.life?.sockets, ['tcp:80'])
  const [next] = hear(first, read(wanted))
  assert.not.ok('policy' in (next.context.life ?? {}))
  assert.not.ok('sockets' in (next.context.life ?? {}))
  assert.is(hear(hear(next, launched)[0], started)[0].value, 'running')
  const [again] = hear(next, read(more))
  assert.is(hear(hear(again, launched)[0], started)[0].value, 'readying')
})

test('a wish that is taken back while starting costs no life', () => {
  const [next] = hear(reach([want, change, want]), launched)
  assert.is(next.value, 'starting')
})

test.run()
