/**
 * The three machines as `explore` wants them: everything that can be said to each, and what of a
 * context can ever make a difference to what it does next.
 */
import { instanceMachine } from '../../machines/instance.ts'
import type { Life, Memory } from '../../machines/life.ts'
import { sandboxMachine } from '../../machines/sandbox.ts'
import type { SandboxMemory } from '../../machines/sandbox.ts'
import { treeMachine } from '../../machines/tree.ts'
import type { TreeMemory } from '../../machines/tree.ts'
import type { Wanted } from '../../machines/vocabulary.ts'
import type { Said } from './chart.ts'
import { later } from './explore.ts'
import type { Subject } from './explore.ts'

export const says = <C>(sayings: Readonly<Record<string, Said>>): Subject<C>['alphabet'] =>
  Object.fromEntries(Object.entries(sayings).map(([name, said]) => [name, () => said]))

// ---------------------------------------------------------------------------
// instance
// ---------------------------------------------------------------------------

const instance = 'web/a.0'
const wanted: Wanted = { spec: 's', config: 'A', restartMs: 1_000, killMs: 5_000 }

const reduceLife = (life: Life): Life => ({
  ...life,
  incarnation: 7,
  spec: null,
  killMs: 0,
  pid: life.pid === null ? null : 42,
  birth: life.birth === null ? null : 9,
  appPid: null,
  launchedAt: 0,
  since: 0,
})

const ofLife = (said: object) => (incarnation: number) =>
  ({ instance, incarnation, ...said }) as unknown as Said

const aboutLives = {
  launched: ofLife({ type: 'knot.launched', pid: 42, birth: 9 }),
  refused: ofLife({ type: 'knot.refused', step: 'mounting', about: '/x', code: 'ENOENT' }),
  started: ofLife({ type: 'app.started', pid: 43 }),
  exited: ofLife({ type: 'knot.exited', pid: 42, status: 0 }),
  adopted: ofLife({ type: 'knot.adopted', pid: 42, birth: 9, config: 'A', bornAt: 0, appPid: 43 }),
  // Its set-up is not over: it has no application yet.
  'adopted early': ofLife({ type: 'knot.adopted', pid: 42, birth: 9, config: 'A', bornAt: 0 }),
  'adopted zombie': ofLife({ type: 'knot.adopted', pid: 42, birth: 9, config: '', bornAt: 0 }),
}

export const instanceSubject: Subject<Memory> = {
  machine: instanceMachine,
  input: { name: instance },
  alphabet: {
    ...says<Memory>({
      want: { type: 'want', wanted },
      'want other': { type: 'want', wanted: { ...wanted, config: 'B', restartMs: 0 } },
      unwant: { type: 'unwant' },
      abandon: { type: 'abandon' },
      ask: { type: 'instance.restart', instance, by: 'uid 0' },
      spec: { type: 'spec.loaded', instance, wanted: { ...wanted, spec: 't' } },
      'restart elapsed': { type: 'timer.elapsed', instance, timer: 'restart' },
      'start elapsed': { type: 'timer.elapsed', instance, timer: 'start' },
      'kill elapsed': { type: 'timer.elapsed', instance, timer: 'kill' },
    }),
    ...Object.fromEntries(
      Object.entries(aboutLives).flatMap(([name, say]) => [
        [name, ({ life }: Memory) => say(life?.incarnation ?? 7)],
        [`former ${name}`, ({ life }: Memory) => say((life?.incarnation ?? 7) - 1)],
      ]),
    ),
  },
  reduce: (memory, mono) => ({
    ...memory,
    want: memory.want && { ...memory.want, spec: '', killMs: 0 },
    life: memory.life && reduceLife(memory.life),
    restarts: 0,
    notBefore: memory.notBefore > mono ? later : 0,
    timer: memory.timer && { ...memory.timer, due: 0 },
    last: null,
    asked: null,
  }),
  label: (value, { life }) => (life !== null && life.pid === null ? `${value} without pid` : value),
}

// ---------------------------------------------------------------------------
// sandbox
// ---------------------------------------------------------------------------

const sandbox = 'web'
const loaded = (wanted: Readonly<Record<string, Wanted>>): Said => ({
  type: 'config.loaded',
  sandbox,
  wanted,
})

export const sandboxSubject: Subject<SandboxMemory> = {
  machine: sandboxMachine,
  input: { name: sandbox },
  alphabet: says({
    'loaded none': loaded({}),
    'loaded a': loaded({ 'web/a.0': wanted }),
    'loaded other a': loaded({ 'web/a.0': { ...wanted, config: 'B' } }),
    'loaded b': loaded({ 'web/b.0': wanted }),
    'config refused': { type: 'config.refused', sandbox, reasons: ['no'] },
    absent: { type: 'config.absent', sandbox },
    remove: { type: 'config.remove', sandbox, by: 'pid 1, uid 0' },
    spec: { type: 'spec.loaded', instance: 'web/a.0', wanted },
    drain: { type: 'drain' },
    reopen: { type: 'reopen' },
    'found z': { type: 'found', instance: 'web/z.0', config: 'A' },
    'found a, other': { type: 'found', instance: 'web/a.0', config: 'B' },
    'a is up': { type: 'stands', instance: 'web/a.0', standing: 'up' },
    'a is up already': { type: 'muster', standing: { 'web/a.0': 'up' } },
    'ended a': { type: 'ended', instance: 'web/a.0' },
    'ended b': { type: 'ended', instance: 'web/b.0' },
    'ended z': { type: 'ended', instance: 'web/z.0' },
  }),
  reduce: ({ known, unlike, order, ...memory }) => ({
    ...memory,
    known: [...known].sort(),
    // Always in this order, whichever there was first.
    ...{ unlike, order },
    // Both are for who reads; they decide nothing.
    reasons: [],
    refusedAt: undefined,
  }),
  label: value => value,
}

// ---------------------------------------------------------------------------
// tree
// ---------------------------------------------------------------------------

const signal = (name: string): Said => ({ type: 'signal.received', signal: name })
const started = (pid: number): Said => ({ type: 'tree.started', pid, bootId: 'b', version: '1' })

export const treeSubject: Subject<TreeMemory> = {
  machine: treeMachine,
  input: undefined,
  alphabet: says({
    'started in place': started(1),
    'started anew': started(2),
    surveyed: { type: 'tree.surveyed', adopted: 0, lost: 0 },
    TERM: signal('SIGTERM'),
    INT: signal('SIGINT'),
    QUIT: signal('SIGQUIT'),
    HUP: signal('SIGHUP'),
    USR1: signal('SIGUSR1'),
    USR2: signal('SIGUSR2'),
    claim: { type: 'claim' },
    'some left': { type: 'census', alive: 2, longestKillMs: 3_000, killsAt: 4_000 },
    'nobody left': { type: 'census', alive: 0, longestKillMs: 0, killsAt: 0 },
    'more time asked for': { type: 'census', alive: 1, longestKillMs: 3_000, killsAt: Infinity },
    'stop elapsed': { type: 'timer.elapsed', timer: 'stop' },
    reload: { type: 'config.reload', by: 'uid 0' },
    'reload of one': { type: 'config.reload', by: 'uid 0', sandbox },
    'exec refused': { type: 'exec.refused', code: 'ENOENT' },
    'journal stalled': { type: 'journal.stalled', where: 'archive', reason: 'ENOSPC' },
    'journal resumed': { type: 'journal.resumed', where: 'archive', missing: 0 },
  }),
  reduce: ({ nextStart: _, ...memory }) => ({
    ...memory,
    startedAt: null,
    starts: 0,
    timer: memory.timer && { ...memory.timer, due: 0 },
  }),
  label: value => value,
}
