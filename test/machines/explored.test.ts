/**
 * Goal: no event in any state of a shipped machine is without an answer unless somebody has said
 *   why, and no arrow of the source is never taken.
 * Method: every reachable state × every event; what has no answer is compared with the list below,
 *   in which a missing and a stale row both fail. Then a long random way with whole contexts, to
 *   see that the exploration has left nothing out. SEED=123 repeats one.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Command, Fact } from '../../machines/vocabulary.ts'
import { prng } from '../prng.ts'
import { explore, wander } from './explore.ts'
import type { Explored, Subject } from './explore.ts'
import { policyIgnores, policySubject } from './policySubject.ts'
import { instanceSubject, sandboxSubject, treeSubject } from './subjects.ts'

const seed = Number(process.env['SEED'] ?? Date.now() % 100_000)

/** Every one of these events in every one of these states, and why nothing has to be done. */
export type Ignored = readonly [states: string, events: string, why: string]

const anyInstance =
  'stopped; starting without pid; starting; running without pid; running; ' +
  'stopping without pid; stopping; killing without pid; killing; backoff'
const anyTree = 'recovering; serving; restarting; stopping; abandoning; stopped'

const instanceIgnores: readonly Ignored[] = [
  [
    anyInstance,
    'former launched; former refused; former started; former exited',
    'a late fact about a former life says nothing about this one',
  ],
  [
    'stopped; backoff',
    'launched; refused; started; exited',
    'there is no life that this could be about',
  ],
  ['stopped', 'unwant', 'it is not wanted already'],
  ['stopped', 'ask', 'what is not wanted is not started by a restart'],
  ['stopped; backoff', 'abandon', 'nobody lives'],
  [
    'stopped',
    'restart elapsed; start elapsed; kill elapsed',
    'a timer that elapsed just before it was disarmed',
  ],
  ['starting without pid; starting', 'restart elapsed; kill elapsed', 'as above'],
  [
    'running without pid; running',
    'restart elapsed; start elapsed; kill elapsed',
    'as above: no timer is armed while it runs',
  ],
  ['stopping without pid; stopping', 'restart elapsed; start elapsed', 'as above'],
  ['killing without pid; killing', 'restart elapsed; start elapsed', 'as above'],
  ['backoff', 'start elapsed; kill elapsed', 'as above'],
  [
    'stopped; running without pid; running; stopping without pid; stopping; ' +
      'killing without pid; killing; backoff',
    'spec',
    'said between a launch and what comes of it only; the sandbox remembers it in any case',
  ],
  ['starting without pid; starting', 'ask', 'it is a new life already'],
  [
    'stopping without pid; stopping; killing without pid; killing',
    'ask',
    'this life ends already; if it is wanted, another follows',
  ],
  [
    'starting without pid',
    'abandon',
    'a launch is over, well or badly, before anything else is heard; nothing is launched by a ' +
      'tree that stops',
  ],
  [
    'starting without pid',
    'start elapsed',
    'as above: without a pid there is no process that could hang',
  ],
  [
    'running without pid; running; stopping without pid; stopping; killing without pid; killing',
    'launched',
    'a launch is said before its application, so the pid is known',
  ],
  ['killing without pid; killing', 'started', 'it is killed as a whole, with its application'],
  ['killing without pid; killing', 'abandon', 'more than SIGKILL there is not'],
]

const sandboxIgnores: readonly Ignored[] = [
  [
    'draining; gone',
    'loaded none; loaded a; loaded other a; loaded b',
    'while everything stops no configuration starts anything; an open one does',
  ],
  ['draining; gone', 'config refused', 'there is no configuration that it could spoil'],
  ['gone', 'absent; remove', 'it is gone'],
  ['gone', 'drain', 'it has nobody'],
]

const treeIgnores: readonly Ignored[] = [
  [anyTree, 'journal stalled; journal resumed', 'supervision goes on; the log says it'],
  [
    'recovering',
    'TERM; INT; QUIT; HUP; USR1; USR2; reload; reload of one',
    'held back until the survey is heard; a survey of a serving tree loads everything',
  ],
  ['recovering', 'exec refused; stop elapsed', 'of the life before'],
  ['recovering; serving; restarting', 'some left; nobody left', 'is said to a tree that stops'],
  ['serving', 'exec refused; stop elapsed', 'of a restart or a stop that is over'],
  ['serving; restarting; stopping; abandoning; stopped', 'surveyed', 'once, while it recovers'],
  [
    'restarting',
    'QUIT; HUP; USR1; USR2; reload; reload of one',
    'the new image reads everything anew, and so does an exec that was refused',
  ],
  ['restarting', 'stop elapsed', 'no stop was asked for'],
  [
    'stopping; abandoning; stopped',
    'QUIT; HUP; USR1; USR2; reload; reload of one; exec refused',
    'everything ends: nothing is loaded any more',
  ],
  ['stopping; abandoning; stopped', 'TERM; INT', 'it stops already'],
  ['abandoning', 'some left', 'then it waits; the limit is set once'],
  [
    'recovering; serving; restarting; abandoning; stopped',
    'more time asked for',
    'nobody waits for a stop, or nobody is waited for any more',
  ],
  ['stopped', 'some left; nobody left; stop elapsed', 'the exit is under way'],
]

const pairs = (rows: readonly Ignored[]): readonly string[] => {
  const all = rows.flatMap(([states, events]) =>
    states.split('; ').flatMap(state => events.split('; ').map(event => `${state}, ${event}`)),
  )
  assert.is(new Set(all).size, all.length, 'no pair has two reasons')
  return all
}

const tryOut = <C>(title: string, subject: Subject<C>, ignores: readonly Ignored[]): Explored => {
  const explored = explore(subject)

  test(`${title}: what has no answer in some state is on the list, and nothing else is`, () => {
    const reasoned = pairs(ignores)
    const without = (a: readonly string[], b: readonly string[]) => a.filter(x => !b.includes(x))
    assert.equal(without(explored.ignored, reasoned), [], 'no answer and no reason')
    assert.equal(without(reasoned, explored.ignored), [], 'a reason, but there is an answer')
  })

  test(`${title}: our own step decides what xstate decides, everywhere`, () => {
    assert.equal(explored.differing, [])
  })

  test(`${title}: whole contexts lead nowhere else (SEED=${seed})`, () => {
    assert.is(wander(subject, explored, prng(seed), 20_000), null)
  })
  return explored
}

const explored = [
  tryOut('instance', instanceSubject, instanceIgnores),
  tryOut('instance with policies', policySubject, policyIgnores),
  tryOut('sandbox', sandboxSubject, sandboxIgnores),
  tryOut('tree', treeSubject, treeIgnores),
]

test('every arrow of the source is taken', () => {
  const [plain, policies, ...others] = explored.map(({ untaken }) => untaken)
  assert.equal(
    plain?.filter(arrow => policies?.includes(arrow)),
    [],
  )
  assert.equal(others, [[], []])
})

test('every machine has been walked through', () => {
  for (const { states, edges } of explored) {
    const ways = [...edges.values()].reduce((sum, { size }) => sum + size, 0)
    assert.ok(states.size > 20 && ways > 400)
  }
})

/** Of sockets src/decide.ts keeps the book itself: there is nothing to decide by their state. */
const ofNoMachine = [
  ...['socket.opened', 'socket.closed', 'socket.recovered', 'config.listed'],
  ...['command.started', 'command.ended'],
]

test('every word of the vocabulary is said to somebody', () => {
  const nothing = new Proxy({}, { get: () => null })
  const said = [instanceSubject, policySubject, sandboxSubject, treeSubject].flatMap(
    ({ alphabet }) => Object.values(alphabet).map(say => say(nothing as never).type),
  )
  for (const { name } of [...Fact.types, ...Command.types])
    assert.ok([...said, ...ofNoMachine].includes(name as never), `${name} is in no alphabet`)
})

test.run()
