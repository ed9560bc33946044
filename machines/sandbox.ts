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
 * judged when the next one is read. `stands`, where there is an order: who is up, see order.ts.
 */
import { assign, setup } from 'xstate'
import type { Heard, Post } from './letters.ts'
import type { Order } from './order.ts'
import {
  tellAllToEnd,
  tellEnded,
  tellLoaded,
  tellMuster,
  tellReopen,
  tellStanding,
  union,
  withSpec,
} from './telling.ts'
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
  /** Who waits for whom. Absent where nobody asks for an order. */
  readonly order?: Order | undefined
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

/** Of a knot that has just ended the kernel keeps no arguments. */
const isUnlike = (wanted: Wanted | undefined, config: string): boolean =>
  wanted !== undefined && config !== '' && config !== wanted.config

const dismiss = [
  {
    type: 'post',
    params: ({ context }: { context: SandboxMemory }) => ({ posts: tellAllToEnd(context).posts }),
  },
  'rememberEnding',
] as const

const loaded = {
  target: 'serving',
  actions: [
    {
      type: 'post',
      params: ({ context, event }: { context: SandboxMemory; event: Heard }) => ({
        posts: tellLoaded(context, event).posts,
      }),
    },
    'rememberConfig',
  ],
} as const

const drain = { target: 'draining', actions: ['close', ...dismiss] } as const

export const sandboxMachine = setup({
  types: {
    input: {} as { readonly name: string },
    context: {} as SandboxMemory,
    events: {} as Heard,
  },
  actions: {
    post: (_, _letters: { readonly posts: readonly Post[] }) => {},
    rememberConfig: assign(({ context, event }) => tellLoaded(context, event).memory),
    rememberEnding: assign(({ context }) => tellAllToEnd(context).memory),
    rememberMuster: assign(({ context, event }) => tellMuster(context, event)),
    rememberStanding: assign(({ context, event }) => tellStanding(context, event).memory),
    rememberEnded: assign(({ context, event }) => tellEnded(context, event).memory),
    rememberReasons: assign({
      reasons: ({ context, event }) =>
        event.type === 'config.refused' ? event.reasons : context.reasons,
      refusedAt: ({ context, event }) =>
        event.type === 'config.refused' && context.reasons.length === 0
          ? event.at
          : context.refusedAt,
    }),
    rememberSpec: assign(({ context, event }) => withSpec(context, event)),
    rememberFound: assign({
      known: ({ context, event }) =>
        event.type === 'found' ? union(context.known, [event.instance]) : context.known,
      unlike: ({ context: { unlike, wanted }, event }) =>
        event.type === 'found' && isUnlike(wanted[event.instance], event.config)
          ? union(unlike ?? [], [event.instance])
          : unlike,
    }),
    forgetConfig: assign({ wanted: {}, reasons: [], refusedAt: undefined }),
    close: assign({ closing: true }),
    reopen: assign(({ context }) => tellReopen(context)),
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
    ended: {
      actions: [
        {
          type: 'post',
          params: ({ context, event }) => ({ posts: tellEnded(context, event).posts }),
        },
        'rememberEnded',
      ],
    },
    stands: {
      actions: [
        {
          type: 'post',
          params: ({ context, event }) => ({ posts: tellStanding(context, event).posts }),
        },
        'rememberStanding',
      ],
    },
    muster: { actions: 'rememberMuster' },
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
        drain: { actions: ['close', ...dismiss] },
      },
    },
    gone: {
      on: {
        'config.loaded': { guard: 'isOpen', ...loaded },
        found: { target: 'draining', actions: ['rememberFound', ...dismiss] },
      },
    },
  },
})
