/**
 * What is accepted, for the original accepted it, and yet is hardly meant. Each is a warning at
 * the place of the value.
 */
import { isFacility } from './facilities.ts'
import { logLevelOf } from './fields.ts'
import { isName } from './names.ts'
import { readPlain, U16_MAX } from './numbers.ts'
import { readRange } from './ranges.ts'
import { warning } from './report.ts'
import type { Mistake } from './report.ts'
import type { Container, Master, Processes, Sandbox } from './shapes.ts'
import type { Entry, Value } from './value.ts'
import { quote } from './value.ts'

export const masterConcerns = (root: Value, { syslogFacility }: Master): readonly Mistake[] => [
  ...levelConcern(root, 'warn is used'),
  ...at(root, 'syslog-facility', value =>
    syslogFacility === null || isFacility(syslogFacility)
      ? null
      : `unknown syslog facility ${shown(value)}; syslog is off`,
  ),
]

export const sandboxConcerns = (root: Value, _: Sandbox): readonly Mistake[] => [
  ...levelConcern(root, "the master's is used"),
  ...RANGE_KEYS.flatMap(key => itemsOf(field(root, key)).flatMap(item => rangeConcern(key, item))),
]

export const processesConcerns = (root: Value, _: Processes): readonly Mistake[] =>
  entriesOf(root)
    .filter(({ key }) => !isName(key))
    .map(({ key, keyAt }) =>
      warning(keyAt, `${quote(key)}: process names should be of letters, digits, "_" and "-" only`),
    )

export const containerConcerns = (root: Value, _: Container): readonly Mistake[] => [
  ...entriesOf(field(root, 'volumes')).flatMap(({ key, value }) =>
    at(value, 'mode', mode => modeConcern(`volumes.${key}.mode`, mode)),
  ),
  ...entriesOf(field(root, 'tcp-ports')).flatMap(({ key, value }) =>
    at(value, 'fd', fd =>
      fd.kind === 'text' && /^[12]$/.test(fd.text)
        ? `tcp-ports.${key}.fd: ${fd.text} is taken by standard output; the start will fail`
        : null,
    ),
  ),
  ...samePortConcerns(entriesOf(field(root, 'tcp-ports'))),
]

// ---------------------------------------------------------------------------
// Single concerns
// ---------------------------------------------------------------------------

const levelConcern = (root: Value, consequence: string): readonly Mistake[] =>
  at(root, 'log-level', value =>
    value.kind === 'text' && logLevelOf(value.text) === null
      ? 'log-level: expected error, warn, info, debug or trace, ' +
        `found ${shown(value)}; ${consequence}`
      : null,
  )

const RANGE_KEYS = ['allow-users', 'allow-groups', 'allow-tcp-ports']

const rangeConcern = (key: string, item: Value): readonly Mistake[] => {
  const range = item.kind === 'text' ? readRange(item.text) : null
  return range === null || range.from <= range.to
    ? []
    : [warning(item.at, `${key}: the range ${shown(item)} is empty; is it the wrong way round?`)]
}

const modeConcern = (path: string, mode: Value): string | null =>
  mode.kind === 'text' && /^0?[0-7]{3}$/.test(mode.text)
    ? `${path}: ${mode.text} is a decimal number, which is the mode ` +
      `0o${Number(mode.text).toString(8)}; write 0o${mode.text.replace(/^0/, '')}`
    : null

const samePortConcerns = (entries: readonly Entry[]): readonly Mistake[] => {
  const seen = new Map<number, string>()
  return entries.flatMap(({ key, keyAt }) => {
    const port = readPlain(key, U16_MAX)
    if (typeof port !== 'number') return []
    const first = seen.get(port)
    seen.set(port, key)
    return first === undefined
      ? []
      : [warning(keyAt, `tcp-ports.${key}: the same port as ${quote(first)}; one of them wins`)]
  })
}

// ---------------------------------------------------------------------------
// Looking into values
// ---------------------------------------------------------------------------

const at = (
  value: Value | null,
  key: string,
  judge: (value: Value) => string | null,
): readonly Mistake[] => {
  const found = field(value, key)
  const message = found === null ? null : judge(found)
  return found === null || message === null ? [] : [warning(found.at, message)]
}

const field = (value: Value | null, key: string): Value | null => {
  const entries = entriesOf(value)
  const underscored = key.replaceAll('-', '_')
  const entry = entries.find(one => one.key === underscored) ?? entries.find(one => one.key === key)
  return entry?.value ?? null
}

const entriesOf = (value: Value | null): readonly Entry[] =>
  value?.kind === 'map' ? value.entries : []

const itemsOf = (value: Value | null): readonly Value[] =>
  value?.kind === 'list' ? value.items : []

const shown = (value: Value): string => (value.kind === 'text' ? quote(value.text) : 'this')
