/**
 * Goal: every arrow of the sandbox's chart, and the letters each of them writes.
 * Method: each state by a shortest story, the whole alphabet, two tables.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { initialTransition, transition } from 'xstate'
import type { Heard, Post } from '../../machines/letters.ts'
import { sandboxMachine } from '../../machines/sandbox.ts'
import { drawChart } from './chart.ts'
import type { Said } from './chart.ts'

const sandbox = 'web'
const wanted = (config: string) => ({ spec: config, config, restartMs: 1_000, killMs: 5_000 })
const loaded: Said = { type: 'config.loaded', sandbox, wanted: { 'web/a.0': wanted('1') } }
const other: Said = { type: 'config.loaded', sandbox, wanted: { 'web/b.0': wanted('1') } }
const newer: Said = { type: 'config.loaded', sandbox, wanted: { 'web/a.0': wanted('2') } }
const none: Said = { type: 'config.loaded', sandbox, wanted: {} }
const refused: Said = { type: 'config.refused', sandbox, reasons: ['no'] }
const absent: Said = { type: 'config.absent', sandbox }
const remove: Said = { type: 'config.remove', sandbox, by: 'pid 1, uid 0' }
const drain: Said = { type: 'drain' }
const found: Said = { type: 'found', instance: 'web/z.0', config: '1' }
const ended: Said = { type: 'ended', instance: 'web/a.0' }

const reopen: Said = { type: 'reopen' }
const alphabet = {
  loaded,
  other,
  newer,
  none,
  refused,
  absent,
  remove,
  drain,
  found,
  ended,
  reopen,
}

const begin = () => initialTransition(sandboxMachine, { name: sandbox })[0]
type Snapshot = ReturnType<typeof begin>
const hear = (snapshot: Snapshot, said: Said) =>
  transition(sandboxMachine, snapshot, { at: 1, mono: 1, turn: 1, ...said } as Heard)
const reach = (story: readonly Said[]): Snapshot =>
  story.reduce<Snapshot>((snapshot, said) => hear(snapshot, said)[0], begin())

const stories: Record<string, readonly Said[]> = {
  empty: [],
  'empty+z': [found],
  serving: [loaded],
  keeping: [loaded, refused],
  draining: [loaded, absent],
  'drain+tree': [loaded, drain],
  gone: [absent],
}

test('the whole chart', () => {
  const table = drawChart(
    stories,
    alphabet,
    reach,
    (before, said) => hear(before, said)[0],
    [9, 11],
  )
  assert.is(
    table,
    [
      '         empty      empty+z    serving    keeping    draining   drain+tree gone',
      'loaded   serving    serving    -          serving    serving    -          serving',
      'other    serving    serving    -          serving    serving    -          serving',
      'newer    serving    serving    -          serving    serving    -          serving',
      'none     serving    serving    -          serving    serving    -          serving',
      'refused  -          -          keeping    -          -          -          -',
      'absent   gone       draining   draining   draining   -          -          -',
      'remove   gone       draining   draining   draining   -          -          -',
      'drain    gone       draining   draining   draining   -          -          -',
      'found    -          -          -          -          -          -          draining',
      'ended    -          -          -          -          gone       gone       -',
      'reopen   -          -          -          -          -          -          -',
    ].join('\n'),
  )
})

const shown = ({ names, letter }: Post): string =>
  `${letter.type} ${names === null ? 'all' : names.join(' ')}`

test('the letters of every arrow', () => {
  const lines = Object.entries(stories).flatMap(([state, story]) =>
    Object.entries(alphabet).flatMap(([name, said]) => {
      const [, actions] = hear(reach(story), said)
      const posts = actions.flatMap(({ params }) => (params as { posts: readonly Post[] }).posts)
      return posts.length === 0 ? [] : [`${state}, ${name}: ${posts.map(shown).join(', ')}`]
    }),
  )
  assert.is(
    lines.join('\n'),
    [
      'empty, loaded: want web/a.0',
      'empty, other: want web/b.0',
      'empty, newer: want web/a.0',
      'empty+z, loaded: want web/a.0, unwant web/z.0',
      'empty+z, other: want web/b.0, unwant web/z.0',
      'empty+z, newer: want web/a.0, unwant web/z.0',
      'empty+z, none: unwant web/z.0',
      'empty+z, absent: unwant web/z.0',
      'empty+z, remove: unwant web/z.0',
      'empty+z, drain: unwant web/z.0',
      'serving, other: want web/b.0, unwant web/a.0',
      'serving, newer: want web/a.0',
      'serving, none: unwant web/a.0',
      'serving, absent: unwant web/a.0',
      'serving, remove: unwant web/a.0',
      'serving, drain: unwant web/a.0',
      'keeping, other: want web/b.0, unwant web/a.0',
      'keeping, newer: want web/a.0',
      'keeping, none: unwant web/a.0',
      'keeping, absent: unwant web/a.0',
      'keeping, remove: unwant web/a.0',
      'keeping, drain: unwant web/a.0',
      'draining, loaded: want web/a.0',
      'draining, other: want web/b.0, unwant web/a.0',
      'draining, newer: want web/a.0',
      'draining, none: unwant web/a.0',
      'draining, absent: unwant web/a.0',
      'draining, remove: unwant web/a.0',
      'draining, drain: unwant web/a.0',
      'drain+tree, absent: unwant web/a.0',
      'drain+tree, remove: unwant web/a.0',
      'drain+tree, drain: unwant web/a.0',
      'gone, loaded: want web/a.0',
      'gone, other: want web/b.0',
      'gone, newer: want web/a.0',
      'gone, found: unwant web/z.0',
    ].join('\n'),
  )
})

test('a refused configuration changes nothing but the reasons', () => {
  const { context } = reach([loaded, refused])
  assert.equal(Object.keys(context.wanted), ['web/a.0'])
  assert.equal(context.reasons, ['no'])
  assert.equal(reach([loaded, refused, loaded]).context.reasons, [])
})

test('what one supervisor has closed, the next one opens', () => {
  const closed = reach([loaded, drain])
  assert.is(hear(closed, loaded)[0].value, 'draining')
  assert.is(hear(hear(closed, reopen)[0], loaded)[0].value, 'serving')
})

test.run()
