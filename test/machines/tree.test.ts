/**
 * Goal: every arrow of the supervisor's own chart and what it does.
 * Method: each state by a shortest story, the whole alphabet, a table and a list of effects.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { initialTransition, transition } from 'xstate'
import type { Heard, Post } from '../../machines/letters.ts'
import { treeMachine } from '../../machines/tree.ts'
import { drawChart } from './chart.ts'
import type { Said } from './chart.ts'

const started: Said = { type: 'tree.started', pid: 1, bootId: 'b', version: '1' }
const surveyed: Said = { type: 'tree.surveyed', adopted: 0, lost: 0 }
const signal = (name: string): Said => ({ type: 'signal.received', signal: name })
const some: Said = { type: 'census', alive: 2, longestKillMs: 3_000, killsAt: 4_000 }
const more: Said = { type: 'census', alive: 1, longestKillMs: 3_000, killsAt: 60_000 }
const none: Said = { type: 'census', alive: 0, longestKillMs: 0, killsAt: 0 }
const limit: Said = { type: 'timer.elapsed', timer: 'stop' }
const reload: Said = { type: 'config.reload', by: 'uid 0', sandbox: 'web' }
const failed: Said = { type: 'exec.refused', code: 'ENOENT' }

const alphabet = {
  started,
  surveyed,
  TERM: signal('SIGTERM'),
  INT: signal('SIGINT'),
  QUIT: signal('SIGQUIT'),
  HUP: signal('SIGHUP'),
  USR1: signal('SIGUSR1'),
  USR2: signal('SIGUSR2'),
  some,
  more,
  none,
  limit,
  reload,
  failed,
}

const stories: Record<string, readonly Said[]> = {
  recovering: [started],
  serving: [started, surveyed],
  restarting: [started, surveyed, signal('SIGQUIT')],
  stopping: [started, surveyed, signal('SIGTERM'), some],
  abandoning: [started, surveyed, signal('SIGTERM'), some, limit],
  stopped: [started, surveyed, signal('SIGTERM'), none],
  'recov+stop': [started, surveyed, signal('SIGTERM'), some, started],
}

const begin = () => initialTransition(treeMachine)[0]
type Snapshot = ReturnType<typeof begin>
const hear = (snapshot: Snapshot, said: Said) =>
  transition(treeMachine, snapshot, { at: 1, mono: 100, turn: 1, ...said } as Heard)
const reach = (story: readonly Said[]): Snapshot =>
  story.reduce<Snapshot>((snapshot, said) => hear(snapshot, said)[0], begin())

test('the whole chart', () => {
  const table = drawChart(
    stories,
    alphabet,
    reach,
    (before, said) => hear(before, said)[0],
    [10, 11],
  )
  assert.is(
    table,
    [
      '          recovering serving    restarting stopping   abandoning stopped    recov+stop',
      'started   -          recovering recovering recovering recovering recovering -',
      'surveyed  serving    -          -          -          -          -          stopping',
      'TERM      -          stopping   stopping   -          -          -          -',
      'INT       -          stopping   stopping   -          -          -          -',
      'QUIT      -          restarting -          -          -          -          -',
      'HUP       -          restarting -          -          -          -          -',
      'USR1      -          restarting -          -          -          -          -',
      'USR2      -          restarting -          -          -          -          -',
      'some      -          -          -          -          -          -          -',
      'more      -          -          -          -          -          -          -',
      'none      -          -          -          stopped    stopped    -          -',
      'limit     -          -          -          abandoning stopped    -          -',
      'reload    -          -          -          -          -          -          -',
      'failed    -          -          serving    -          -          -          -',
    ].join('\n'),
  )
})

const shown = ({ type, params }: { readonly type: string; readonly params: unknown }): string => {
  if (type !== 'post') return `${type} ${JSON.stringify(params)}`
  const { posts } = params as { readonly posts: readonly Post[] }
  return posts.map(({ to, letter }) => `${letter.type} to all ${to}`).join(', ')
}

test('what every arrow does', () => {
  const lines = Object.entries(stories).flatMap(([state, story]) =>
    Object.entries(alphabet).flatMap(([name, said]) => {
      const [, actions] = hear(reach(story), said)
      const done = actions.map(shown)
      return done.length === 0 ? [] : [`${state}, ${name}: ${done.join(', ')}`]
    }),
  )
  assert.is(
    lines.join('\n'),
    [
      'recovering, started: reopen to all sandboxes',
      'recovering, surveyed: load {}',
      'serving, started: reopen to all sandboxes',
      'serving, TERM: drain to all sandboxes',
      'serving, INT: drain to all sandboxes',
      'serving, QUIT: exec {"reason":"SIGQUIT"}',
      'serving, HUP: exec {"reason":"SIGHUP"}',
      'serving, USR1: exec {"reason":"SIGUSR1"}',
      'serving, USR2: exec {"reason":"SIGUSR2"}',
      'serving, reload: load {"sandbox":"web"}',
      'restarting, started: reopen to all sandboxes',
      'restarting, TERM: drain to all sandboxes',
      'restarting, INT: drain to all sandboxes',
      'restarting, failed: load {}',
      'stopping, started: reopen to all sandboxes',
      'stopping, more: armTimer {"timer":"stop","due":70000}',
      'stopping, none: exit {"code":0}',
      'stopping, limit: abandon to all instances, unwant to all instances, ' +
        'armTimer {"timer":"stop","due":5100}',
      'abandoning, started: reopen to all sandboxes',
      'abandoning, none: exit {"code":0}',
      'abandoning, limit: exit {"code":1}',
      'stopped, started: reopen to all sandboxes',
      'recov+stop, started: reopen to all sandboxes',
      'recov+stop, surveyed: drain to all sandboxes',
    ].join('\n'),
  )
})

test('another process does not go on with the stop of its predecessor', () => {
  const other = { ...started, pid: 2 } as Said
  const after = reach([started, surveyed, signal('SIGTERM'), some, other, surveyed])
  assert.is(after.value, 'serving')
})

test.run()
