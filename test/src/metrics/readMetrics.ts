/**
 * A strict reader of metrics as text, written from the two descriptions of the format. It throws
 * at whatever one of them forbids: a family that is told twice or in two pieces, samples whose
 * names do not follow from the type, labels twice, counters that are negative, buckets that are
 * not cumulative or lack `+Inf`, a unit that is not the end of the name, a last line too many.
 * Where Python has Prometheus' own parser, that has to agree.
 */
import * as assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import type { Dialect } from '../../../src/metrics/openMetrics.ts'

/** By `NAME{LABELS}`, as written. */
export type Samples = ReadonlyMap<string, number>

export const readMetrics = (text: string, dialect: Dialect): Samples => {
  const isOpen = dialect === 'openMetrics'
  assert.ok(text.endsWith('\n'))
  const lines = text.slice(0, -1).split('\n')
  if (isOpen) assert.equal(lines.pop(), '# EOF')
  const samples = new Map<string, number>()
  const types = new Map<string, string>()
  let family: string | null = null
  const about = new Set<string>()
  const buckets = new Map<string, { le: number; value: number }[]>()

  for (const line of lines) {
    const meta = /^# (HELP|TYPE|UNIT) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/.exec(line)
    if (meta !== null) {
      const [, keyword = '', name = '', rest = ''] = meta
      if (name !== family) {
        assert.ok(!types.has(name), `${name} is told twice`)
        family = name
        about.clear()
        types.set(name, 'unknown')
      }
      assert.ok(!about.has(keyword), `${keyword} of ${name} is there twice`)
      about.add(keyword)
      if (keyword === 'TYPE') {
        assert.match(rest, isOpen ? /^(counter|gauge|histogram|info)$/ : /^(counter|gauge|hist)/)
        types.set(name, rest)
        if (isOpen && rest === 'counter') assert.ok(!name.endsWith('_total'), name)
        if (!isOpen && rest === 'counter') assert.ok(name.endsWith('_total'), name)
      }
      if (keyword === 'UNIT') assert.ok(isOpen && name.endsWith(`_${rest}`), line)
      if (keyword === 'HELP') assert.doesNotMatch(rest, /\\[^\\n"]/)
      continue
    }
    const [, name = '', labels = '', number = ''] =
      /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{.*\})? (\S+)$/.exec(line) ?? []
    assert.ok(family !== null && name !== '', `no line of metrics: ${line}`)
    const type = types.get(family) ?? ''
    const suffix = name.slice(family.length)
    assert.ok(name.startsWith(family), `${name} stands below ${family}`)
    assert.ok(suffixesOf(type, isOpen).includes(suffix), `${name} is no sample of a ${type}`)
    const pairs = pairsOf(labels)
    const value = valueOf(number)
    const isCounted = type === 'counter' || type === 'histogram'
    if (isCounted) assert.ok(value >= 0, `${line} counts backwards`)
    assert.ok(!samples.has(name + labels), `${name}${labels} is there twice`)
    samples.set(name + labels, value)
    if (suffix !== '_bucket') continue
    const le = pairs.get('le') ?? ''
    pairs.delete('le')
    const key = `${family}${JSON.stringify([...pairs].sort())}`
    buckets.set(key, [...(buckets.get(key) ?? []), { le: valueOf(le), value }])
    // OpenMetrics: canonical floats.
    assert.match(le, /^(\d+\.\d+|\+Inf)$/)
  }
  for (const [key, row] of buckets) {
    assert.equal(row.at(-1)?.le, Infinity, `${key} has no +Inf`)
    for (const [index, { le, value }] of row.entries()) {
      const before = row[index - 1]
      assert.ok(before === undefined || (before.le < le && before.value <= value), key)
    }
  }
  askPython(text, dialect)
  return samples
}

const suffixesOf = (type: string, isOpen: boolean): readonly string[] =>
  type === 'histogram'
    ? ['_bucket', '_sum', '_count']
    : type === 'counter' && isOpen
      ? ['_total']
      : type === 'info'
        ? ['_info']
        : ['']

const pairsOf = (labels: string): Map<string, string> => {
  const pairs = new Map<string, string>()
  let rest = labels.slice(1, -1)
  while (rest !== '') {
    const [whole, name, value] =
      /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\[\\"n])*)"(?:,(?=.)|$)/.exec(rest) ?? []
    assert.ok(whole !== undefined && name !== undefined, `no labels: ${rest}`)
    assert.ok(!pairs.has(name), `label ${name} twice`)
    pairs.set(name, value ?? '')
    rest = rest.slice(whole.length)
  }
  return pairs
}

const valueOf = (text: string): number => {
  if (text === '+Inf') return Infinity
  assert.match(text, /^-?\d+(\.\d+)?(e[+-]?\d+)?$/)
  return Number(text)
}

const parsers: Readonly<Record<Dialect, string>> = {
  openMetrics: 'prometheus_client.openmetrics.parser',
  prometheus: 'prometheus_client.parser',
}

const hasPython = spawnSync('python3', ['-c', 'import prometheus_client']).status === 0

const askPython = (input: string, dialect: Dialect): void => {
  if (!hasPython) return
  const program =
    `import sys; from ${parsers[dialect]} import text_string_to_metric_families as p\n` +
    'print(sum(len(f.samples) for f in p(sys.stdin.read())))'
  const { status, stdout, stderr } = spawnSync('python3', ['-c', program], {
    input,
    encoding: 'utf8',
  })
  assert.equal(status, 0, stderr)
  const ours = input.split('\n').filter(line => line !== '' && !line.startsWith('#')).length
  assert.equal(Number(stdout), ours)
}
