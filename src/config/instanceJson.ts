/**
 * The JSON of one instance, as it stands in the argv of its knot, and of all processes, as it
 * stands in the config log. A supervisor recognises its containers by comparing the former byte
 * for byte: the order of fields and of keys, and what is left out, are an interface.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { readAddress } from './addresses.ts'
import { byCodePoints } from './codec.ts'
import { FILE_BYTES_MAX } from './fileText.ts'
import { failed } from './report.ts'
import type { Decoded } from './report.ts'
import type { Process, Processes } from './shapes.ts'
import { isUsable } from './words.ts'

/** What a knot is told of its process. */
export interface Instance {
  readonly image: string
  readonly config: string
  readonly variables: ReadonlyMap<string, string>
  readonly extraSecretsNamespaces: readonly string[]
  readonly ipAddress: string | null
  readonly kind: Process['kind']
}

/** The instance with this number; without an address when the list does not reach so far. */
export const instanceOf = (process: Process, index: number): Instance => ({
  image: process.image,
  config: process.config,
  variables: process.variables,
  extraSecretsNamespaces: process.extraSecretsNamespaces,
  ipAddress: process.ipAddresses[index] ?? null,
  kind: process.kind,
})

export const instanceJson = (process: Process, index: number): string =>
  writeInstance(instanceOf(process, index))

export const writeInstance = (instance: Instance): string =>
  write([
    // Always 1, once the number of instances: older knots insist on it.
    ['instances', '1'],
    ['image', JSON.stringify(instance.image)],
    ['config', JSON.stringify(instance.config)],
    ['variables', writeMap(instance.variables)],
    ['extra_secrets_namespaces', writeList(instance.extraSecretsNamespaces)],
    ['ip_address', instance.ipAddress === null ? null : JSON.stringify(instance.ipAddress)],
    ['kind', JSON.stringify(instance.kind)],
  ])

export const processesJson = (processes: Processes): string =>
  write(
    sorted(processes).map(([name, process]) => [
      name,
      write([
        ['instances', String(process.instances)],
        ['image', JSON.stringify(process.image)],
        ['config', JSON.stringify(process.config)],
        ['variables', writeMap(process.variables)],
        ['extra_secrets_namespaces', writeList(process.extraSecretsNamespaces)],
        ['ip_addresses', writeList(process.ipAddresses)],
        ['kind', JSON.stringify(process.kind)],
      ]),
    ]),
  )

type Member = readonly [key: string, json: string | null]

/** By hand: an object would move keys that look like numbers to the front. */
const write = (members: readonly Member[]): string => {
  const present = members.filter(([, json]) => json !== null)
  return `{${present.map(([key, json]) => `${JSON.stringify(key)}:${json}`).join(',')}}`
}

const writeMap = (map: ReadonlyMap<string, string>): string | null =>
  map.size === 0 ? null : write(sorted(map).map(([key, text]) => [key, JSON.stringify(text)]))

const writeList = (texts: readonly string[]): string | null =>
  texts.length === 0 ? null : JSON.stringify(texts)

const sorted = <A>(map: ReadonlyMap<string, A>): readonly (readonly [string, A])[] =>
  [...map].toSorted(([a], [b]) => byCodePoints(a, b))

// ---------------------------------------------------------------------------
// Reading
// ---------------------------------------------------------------------------

const usable = new t.Type<string, string, unknown>(
  'text without NUL characters',
  (value): value is string => typeof value === 'string' && isUsable(value),
  (value, context) =>
    typeof value === 'string' && isUsable(value) ? t.success(value) : t.failure(value, context),
  t.identity,
)

const address = new t.Type<string, string, unknown>(
  'an IP address',
  (value): value is string => typeof value === 'string' && readAddress(value) !== null,
  (value, context) => {
    const read = typeof value === 'string' ? readAddress(value) : null
    return read === null ? t.failure(value, context) : t.success(read.address)
  },
  t.identity,
)

/** Entries rather than a record of io-ts: a key may be called `__proto__`. */
const variables = new t.Type<ReadonlyMap<string, string>, unknown, unknown>(
  'an object of variables',
  (value): value is ReadonlyMap<string, string> => value instanceof Map,
  (value, context) => {
    if (value === undefined) return t.success(new Map())
    if (!t.UnknownRecord.is(value)) return t.failure(value, context)
    const entries = Object.entries(value)
    const bad = entries.find(([key, text]) => !usable.is(text) || !isUsable(key))
    if (bad === undefined) return t.success(new Map(entries as [string, string][]))
    return usable.is(bad[1])
      ? t.failure(bad[0], context)
      : t.failure(bad[1], t.appendContext(context, bad[0], usable, bad[1]))
  },
  t.identity,
)

const Json = t.exact(
  t.intersection([
    t.type({ image: usable, config: usable, variables }),
    t.partial({
      instances: t.Int,
      extra_secrets_namespaces: t.readonlyArray(usable, 'a list of texts'),
      ip_address: t.union([address, t.null], 'an IP address'),
      kind: t.keyof({ Daemon: null, Command: null }, 'Daemon or Command'),
    }),
  ]),
  'an object with image and config',
)

/** What `writeInstance` wrote, ours or the original's. `file` says whose argument it is. */
export const parseInstanceJson = (text: string, file = '--config'): Decoded<Instance> => {
  if (text.length > FILE_BYTES_MAX) {
    return failed(file, `expected at most ${FILE_BYTES_MAX} characters, found ${text.length}`)
  }
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    return failed(file, `not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
  const outcome = Json.decode(json)
  if (E.isLeft(outcome)) return failed(file, sayFirst(outcome.left))
  const { image, config, kind = 'Daemon', ip_address: ipAddress = null } = outcome.right
  const extraSecretsNamespaces = outcome.right.extra_secrets_namespaces ?? []
  const value = {
    image,
    config,
    variables: outcome.right.variables,
    extraSecretsNamespaces,
    ipAddress,
    kind,
  }
  return { value, problems: [] }
}

const sayFirst = ([first]: t.Errors): string => {
  const path = first?.context.map(({ key }) => key).filter(key => /\D/.test(key)) ?? []
  const expected = first?.context.at(-1)?.type.name ?? 'an instance'
  const found = JSON.stringify(first?.value)?.slice(0, 40) ?? 'nothing'
  return `${path.length === 0 ? '' : `${path.join('.')}: `}expected ${expected}, found ${found}`
}
