/**
 * What may be asked for an instance beyond starting, restarting and stopping. It is a part of what
 * is wanted, hence of the journal: fields are added as optional, never renamed.
 */
import * as t from 'io-ts'

/** How it is seen that an application is up, or well. Which fields count follows from `kind`. */
export const Probe = t.readonly(
  t.intersection([
    t.type({
      kind: t.keyof({ tcp: null, notify: null, fd: null, exec: null, http: null }),
    }),
    t.partial({
      /** `tcp`, `http`: in the network of the container. */
      port: t.number,
      /** `http`: the address that is asked, 127.0.0.1; and the path, `/`. */
      host: t.string,
      path: t.string,
      /** `fd`: the descriptor that the application writes a line to. */
      fd: t.number,
      /** `exec`: run in the container, as the application is. */
      command: t.readonlyArray(t.string),
      /** Of one attempt. */
      attemptMs: t.number,
    }),
  ]),
  'a probe',
)
export type Probe = t.TypeOf<typeof Probe>

/**
 * What was asked for beyond starting, restarting and stopping. Absent in all parts where nothing
 * was, and then everything is as if there were no such thing.
 */
export const Policy = t.readonly(
  t.partial({
    /** `onTimeout`: what it means that it is not ready `timeoutMs` after its application began. */
    ready: t.type({
      probe: Probe,
      timeoutMs: t.number,
      onTimeout: t.keyof({ restart: null, accept: null }),
    }),
    /** `failures` in a row, `periodMs` apart, `startDelayMs` after it was ready. */
    healthy: t.type({
      probe: Probe,
      periodMs: t.number,
      failures: t.number,
      startDelayMs: t.number,
    }),
    /** `jitter`: of a pause, from 0 to 1. A life of `resetAfterMs` makes up for those before it. */
    backoff: t.type({
      initialMs: t.number,
      factor: t.number,
      maxMs: t.number,
      jitter: t.number,
      resetAfterMs: t.number,
    }),
    /** More than `restarts` in `periodMs`: it has failed, and is tried each `retryMs` only. */
    intensity: t.type({ restarts: t.number, periodMs: t.number, retryMs: t.number }),
    /** Before the stop: a command in the container. */
    preStop: t.type({ command: t.readonlyArray(t.string), timeoutMs: t.number }),
    /** Processes of the sandbox that are up before this one is started. */
    after: t.readonlyArray(t.string),
    /** Absent: all at once. */
    rolling: t.type({ maxUnavailable: t.number, surge: t.number }),
  }),
  'a policy',
)
export type Policy = t.TypeOf<typeof Policy>
export type ReadyPolicy = NonNullable<Policy['ready']>
export type HealthPolicy = NonNullable<Policy['healthy']>
