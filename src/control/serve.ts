/**
 * What the control socket is asked, and what is answered. Commands are heard like any other
 * input; the rest only looks.
 */
import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import type { Stamp } from '../../actors/clock.ts'
import type { Client, Request } from '../../actors/control.ts'
import { follow } from '../../journal/follow.ts'
import { isSaid, readAll } from '../../journal/read.ts'
import type { Item } from '../../journal/read.ts'
import type { Command } from '../../machines/vocabulary.ts'
import { version } from '../cli/version.ts'
import { sandboxFile } from '../config/places.ts'
import type { State } from '../decide.ts'
import type { Settings } from '../evaluate/settings.ts'
import { journalsOf } from '../history.ts'
import { nearest } from '../nearest.ts'
import { isAlive, statusOf } from '../status.ts'
import type { Bus } from '../turn.ts'
import { serveCommands } from './commands.ts'
import { watch } from './watch.ts'

export interface ServeOptions {
  readonly settings: Settings
  readonly stamp: () => Stamp
  readonly bus: Bus
  /** The number of the last turn. */
  readonly seq: () => number
  /** Opens the logs anew that were renamed or removed; how many knots were told to. */
  readonly reopenLogs: () => Promise<number>
  /** Rotates what is due; the paths of those that were. */
  readonly rotateLogs: () => Promise<readonly string[]>
}

type Handle = (request: Request, client: Client) => void

export const createServe = (options: ServeOptions): Handle => {
  const { settings, stamp, bus, seq } = options
  const { state } = bus

  const command = ({ id }: Request, client: Client, said: Command, scope: string | null): void => {
    const stop = watch(bus, {
      command: said,
      scope,
      onProgress: progress => void client.event(id, progress),
      onDone: outcome => client.done(id, outcome),
      onIgnored: now => client.failed(id, 'not-serving', `the supervisor is ${now}`),
    })
    client.whenClosed(stop)
  }

  const unknown = (
    client: Client,
    id: Request['id'],
    name: string,
    all: Iterable<string>,
  ): void => {
    const similar = nearest(name, [...all])
    const hint = similar === null ? '' : `; did you mean ${similar}?`
    client.failed(id, 'unknown', `there is no ${name}${hint}`)
  }

  const handlers: Readonly<Record<string, Handle>> = {
    ...serveCommands({ stamp, bus }),

    ping: ({ id }, client) =>
      client.done(id, { version, pid: process.pid, state: state().tree.value, seq: seq() }),

    status: ({ id }, client) => client.done(id, statusMessage(state(), seq(), stamp())),

    reload: (request, client) => {
      const { by } = client
      const sandbox = textIn(request, 'sandbox')
      const said = { type: 'config.reload', by, ...asked(request), ...stamp() } as const
      command(request, client, sandbox === null ? said : { ...said, sandbox }, sandbox)
    },

    restart: (request, client) => {
      const instance = textIn(request, 'instance') ?? ''
      if (!state().instances.has(instance))
        return unknown(client, request.id, `instance "${instance}"`, state().instances.keys())
      const { by } = client
      const said = {
        type: 'instance.restart',
        instance,
        by,
        ...asked(request),
        ...stamp(),
      } as const
      command(request, client, said, instance)
    },

    remove: (request, client) => {
      const sandbox = textIn(request, 'sandbox') ?? ''
      if (!state().sandboxes.has(sandbox))
        return unknown(client, request.id, `sandbox "${sandbox}"`, state().sandboxes.keys())
      const file = sandboxFile(settings.places, sandbox)
      if (isThere(file))
        return client.failed(
          request.id,
          'still-there',
          `${file} is still there and would bring ${sandbox} back: delete it first`,
        )
      const { by } = client
      const said = { type: 'config.remove', sandbox, by, ...asked(request), ...stamp() } as const
      command(request, client, said, sandbox)
    },

    reopen: ({ id }, client) =>
      void options
        .reopenLogs()
        .then(knots => client.done(id, { log: settings.places.logFile, knots })),

    rotate: ({ id }, client) =>
      void options.rotateLogs().then(rotated => client.done(id, { rotated })),

    follow: (request, client) => {
      const { from } = request.fields
      if (from !== undefined && (!Number.isSafeInteger(from) || Number(from) < 0))
        return client.failed(request.id, 'bad-request', '"from": expected the number of a turn')
      const first = from === undefined ? seq() + 1 : Number(from)
      void tellTurns(request.id, client, settings, first)
    },
  }

  return (request, client) => {
    const handler = Object.hasOwn(handlers, request.do) ? handlers[request.do] : undefined
    if (handler === undefined) {
      const names = Object.keys(handlers).join(', ')
      return client.failed(
        request.id,
        'bad-request',
        `"do": expected one of ${names}; found ${JSON.stringify(request.do)}`,
      )
    }
    const wrong = ['sandbox', 'instance', 'request', 'command'].find(
      name => request.fields[name] !== undefined && typeof request.fields[name] !== 'string',
    )
    if (wrong !== undefined)
      return client.failed(request.id, 'bad-request', `"${wrong}": expected a text`)
    handler(request, client)
  }
}

const textIn = ({ fields }: Request, name: string): string | null =>
  (fields[name] as string | undefined) ?? null

const asked = (request: Request): { readonly request?: string } => {
  const text = textIn(request, 'request')
  return text === null ? {} : { request: text }
}

const isThere = (file: string): boolean => {
  try {
    return lstatSync(file, { throwIfNoEntry: false }) !== undefined
  } catch {
    // Nobody can say; then it is not for us to stop anything.
    return true
  }
}

const statusMessage = (state: State, seq: number, stamp: Stamp): object => ({
  version,
  pid: process.pid,
  state: state.tree.value,
  seq,
  sandboxes: [...state.sandboxes.values()].map(({ value, context }) => ({
    name: context.name,
    state: value,
    reasons: context.reasons,
  })),
  instances: statusOf(state, stamp, isAlive).map(row => ({
    ...row,
    incarnation: state.instances.get(row.name)?.context.life?.incarnation ?? null,
  })),
})

/** A long history is read in pieces: in between there are more important things to do. */
const pieceItems = 200

const tellTurns = async (
  id: Request['id'],
  client: Client,
  settings: Settings,
  first: number,
): Promise<void> => {
  const { hotDirectory, archiveDirectory } = journalsOf(settings.places)
  const stop = new AbortController()
  client.whenClosed(() => stop.abort())
  let last = first - 1
  let told = 0
  const tell = async (item: Item): Promise<void> => {
    told += 1
    if (told % pieceItems === 0) await new Promise(setImmediate)
    if (item.kind === 'gap' && item.to >= first && item.from <= item.to)
      return client.event(id, { missing: [Math.max(item.from, first), item.to] })
    if (item.kind !== 'turn' || item.turn.seq <= last) return
    const { seq, inputs, effects } = item.turn
    last = seq
    await client.event(id, { turn: { seq, inputs, effects } })
  }
  try {
    // The hot journal is two files, and what follows it reads the newer one only.
    const isHot = await reachesBack(hotDirectory, first)
    const past = isHot ? join(hotDirectory, 'no-archive') : archiveDirectory
    for await (const item of readAll({ hotDirectory, archiveDirectory: past })) {
      await tell(item)
      if (!client.isOpen()) return
    }
    for await (const item of follow({ hotDirectory, afterSeq: last, signal: stop.signal }))
      await tell(item)
  } catch (error) {
    client.failed(id, 'journal', (error as Error).message)
  }
}

/** Whether the hot journal has this turn, or the one before it. */
const reachesBack = async (hotDirectory: string, first: number): Promise<boolean> => {
  const archiveDirectory = join(hotDirectory, 'no-archive')
  for await (const item of readAll({ hotDirectory, archiveDirectory }))
    if (isSaid(item)) return item.after.seq < first
  return false
}
