/**
 * One sandbox: holds its last good configuration and tells its instances what is wanted of them.
 *
 *   empty ── loaded ──► serving ◄── loaded ──┐
 *     │                  │   ▲ └─ refused ─► keeping     what runs goes on as it is
 *     │ refused: stays   │   └── loaded ──── draining
 *     │                  │ absent, drain        │ ended (the last)
 *     └── absent ──► gone ◄─────────────────────┘
 *
 * An instance is stopped only by a valid configuration that does not name it, by the removal of
 * the sandbox (absent: nothing is lost by it; remove: somebody has asked), or because everything
 * stops. `found`: an instance that lives although no configuration we remember names it; it is
 * judged when the next one is read.
 */
import { assign, setup } from 'xstate'
import type { Heard, Post } from './letters.ts'
import type { Wanted } from './vocabulary.ts'

export interface SandboxMemory {
  readonly name: string
  /** The last good configuration. */
  readonly wanted: Readonly<Record<string, Wanted>>
  /** Instances that exist, wanted or not. */
  readonly known: readonly string[]
  /** Instances that live, but not as they were wanted last: the next configuration judges them. */
  readonly unlike?: readonly string[] | undefined
  /** Why the newest configuration was refused. */
  readonly reasons: readonly string[]
  /** When the first of the refusals was that nothing has come after, milliseconds since 1970. */
  readonly refusedAt?: number | undefined
  /** Everything stops: no configuration starts anything any more. */
  readonly closing: boolean
}

export const newSandboxMemory = (name: string): SandboxMemory => ({
  name,
  wanted: {},
  known: [],
  reasons: [],
  closing: false,
})

const send = (names: readonly string[], letter: Post['letter']): Post | null =>
  names.length === 0 ? null : { to: 'instances', names, letter }

const same = (a: Wanted | undefined, b: Wanted): boolean =>
  a !== undefined &&
  a.config === b.config &&
  a.spec === b.spec &&
  a.restartMs === b.restartMs &&
  a.killMs === b.killMs

/** Letters for all that changes; what stays as it is hears nothing. */
const tellChanges = (
  { wanted, known, unlike = [] }: SandboxMemory,
  event: Heard,
): readonly Post[] => {
  if (event.type !== 'config.loaded') return []
  const unwanted = known.filter(name => !Object.hasOwn(event.wanted, name))
  return [
    ...Object.entries(event.wanted)
      .filter(([name, want]) => !same(wanted[name], want) || unlike.includes(name))
      .map(([name, want]): Post => ({
        to: 'instances',
        names: [name],
        letter: { type: 'want', wanted: want },
      })),
    ...(unwanted.length === 0 ? [] : [send(unwanted, { type: 'unwant' }) as Post]),
  ]
}

/** Of a knot that has just ended the kernel keeps no arguments. */
const isUnlike = (wanted: Wanted | undefined, config: string): boolean =>
  wanted !== undefined && config !== '' && config !== wanted.config

const union = (a: readonly string[], b: readonly string[]): readonly string[] => [
  ...new Set([...a, ...b]),
]

const dismiss = {
  type: 'post',
  params: ({ context }: { context: SandboxMemory }) => {
    const post = send(context.known, { type: 'unwant' })
    return { posts: post === null ? [] : [post] }
  },
} as const

const loaded = {
  target: 'serving',
  actions: [
    {
      type: 'post',
      params: ({ context, event }: { context: SandboxMemory; event: Heard }) => ({
        posts: tellChanges(context, event),
      }),
    },
    'rememberConfig',
  ],
} as const

const drain = { target: 'draining', actions: ['close', dismiss] } as const

export const sandboxMachine = setup({
  types: {
    input: {} as { readonly name: string },
    context: {} as SandboxMemory,
    events: {} as Heard,
  },
  actions: {
    post: (_, _letters: { readonly posts: readonly Post[] }) => {},
    rememberConfig: assign(({ context, event }) =>
      event.type === 'config.loaded'
        ? {
            wanted: event.wanted,
            known: union(context.known, Object.keys(event.wanted)),
            unlike: undefined,
            reasons: [],
            refusedAt: undefined,
          }
        : {},
    ),
    rememberReasons: assign({
      reasons: ({ context, event }) =>
        event.type === 'config.refused' ? event.reasons : context.reasons,
      refusedAt: ({ context, event }) =>
        event.type === 'config.refused' && context.reasons.length === 0
          ? event.at
          : context.refusedAt,
    }),
    rememberSpec: assign({
      wanted: ({ context, event }) =>
        event.type === 'spec.loaded'
          ? { ...context.wanted, [event.instance]: event.wanted }
          : context.wanted,
    }),
    rememberFound: assign({
      known: ({ context, event }) =>
        event.type === 'found' ? union(context.known, [event.instance]) : context.known,
      unlike: ({ context: { unlike, wanted }, event }) =>
        event.type === 'found' && isUnlike(wanted[event.instance], event.config)
          ? union(unlike ?? [], [event.instance])
          : unlike,
    }),
    forgetEnded: assign({
      known: ({ context, event }) =>
        event.type === 'ended'
          ? context.known.filter(name => name !== event.instance)
          : context.known,
    }),
    forgetConfig: assign({ wanted: {}, reasons: [], refusedAt: undefined }),
    close: assign({ closing: true }),
    reopen: assign({ closing: false }),
  },
  guards: {
    isOpen: ({ context }) => !context.closing,
    isEmpty: ({ context }) => context.known.length === 0,
  },
}).createMachine({
  id: 'sandbox',
  context: ({ input }) => newSandboxMemory(input?.name ?? ''),
  initial: 'empty',
  on: {
    found: { actions: 'rememberFound' },
    ended: { actions: 'forgetEnded' },
    reopen: { actions: 'reopen' },
    'spec.loaded': { actions: 'rememberSpec' },
  },
  states: {
    empty: {
      on: {
        'config.loaded': loaded,
        'config.refused': { actions: 'rememberReasons' },
        'config.absent': { target: 'draining', actions: dismiss },
        'config.remove': { target: 'draining', actions: dismiss },
        drain,
      },
    },
    serving: {
      on: {
        'config.loaded': loaded,
        'config.refused': { target: 'keeping', actions: 'rememberReasons' },
        'config.absent': { target: 'draining', actions: dismiss },
        'config.remove': { target: 'draining', actions: dismiss },
        drain,
      },
    },
    keeping: {
      on: {
        'config.loaded': loaded,
        'config.refused': { actions: 'rememberReasons' },
        'config.absent': { target: 'draining', actions: dismiss },
        'config.remove': { target: 'draining', actions: dismiss },
        drain,
      },
    },
    draining: {
      entry: 'forgetConfig',
      always: { guard: 'isEmpty', target: 'gone' },
      on: {
        'config.loaded': { guard: 'isOpen', ...loaded },
        // Again: another knot may have been found in the place of one that has ended.
        'config.absent': { actions: dismiss },
        'config.remove': { actions: dismiss },
        drain: { actions: ['close', dismiss] },
      },
    },
    gone: {
      on: {
        'config.loaded': { guard: 'isOpen', ...loaded },
        found: { target: 'draining', actions: ['rememberFound', dismiss] },
      },
    },
  },
})
