/**
 * Goal: the tree, the JSON and the monitor of lithos_ps are those of lithos 0.18, to the byte.
 * Method: containers that are made up, in all shapes, and the text that the original prints of
 * them.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Child, PsTree } from '../../../../src/cli/ps/found.ts'
import { treesJson } from '../../../../src/cli/ps/json.ts'
import { monitorText, samplesOf } from '../../../../src/cli/ps/monitor.ts'
import type { Sample } from '../../../../src/cli/ps/monitor.ts'
import { treeText } from '../../../../src/cli/ps/tree.ts'
import type { Head } from '../../../../src/look/family.ts'
import { partsOf } from '../../../../src/look/trees.ts'
import { sayMemory, unitFor } from '../../../../src/look/units.ts'

const now = 1_533_902_748_000

const head = (pid: number, ageS: number, memory: number, more: Partial<Head> = {}): Head => ({
  pid,
  startTime: now / 1000 - ageS,
  processes: 1,
  threads: 2,
  resident: memory,
  swapped: 0,
  user: 3,
  system: 4,
  childUser: 1,
  childSystem: 2,
  ...more,
})

const child = (name: string, knot: number | null, ...heads: readonly Head[]): Child => ({
  ...partsOf(name),
  name,
  knot,
  heads,
  status: null,
})

const treeOf = (...children: readonly Child[]): PsTree => ({
  pid: 7,
  config: '/etc/lithos/master.yaml',
  children,
  refused: [],
})

const mixed = treeOf(
  child('db/main.0', 20, head(21, 4, 1024 ** 3 * 2.5)),
  child('web/app.0', 30, head(31, 65, 1000, { swapped: 23 })),
  child('web/app.1', 32, head(33, 3600, 1024)),
  child('web/cron.1', 40, head(41, 200_000, 5 * 1024 ** 2), head(42, 1, 0)),
  child('web/sick.0', 50),
  child('web/sick.1', null),
)

test('the tree', () => {
  assert.is(
    treeText([mixed], { isColoured: false, now }),
    `7 tree /etc/lithos/master.yaml [5/10] 2.5GiB
  ├─db [1/2] 2.5GiB
  │   └─21 db/main.0 4s [1/2] 2.5GiB
  └─web [4/8] 5.0MiB
      ├─app [2/4] 2.0kiB
      │   ├─31 web/app.0 1m5s [1/2] 1023B
      │   └─33 web/app.1 1h0m0s [1/2] 1.0kiB
      ├─cron [2/4] 5.0MiB
      │   └─(40) web/cron.1 <2> [2/4] 5.0MiB
      └─sick [0/0] 0B
          ├─(50) web/sick.0 <failing>
          └─(-) web/sick.1 <failing>
`,
  )
})

test('two supervisors, one without containers', () => {
  const none = { ...treeOf(), pid: null, config: '/b.yaml' }
  assert.is(
    treeText([treeOf(child('a/b.0', 2, head(3, -5, 0))), none], { isColoured: false, now }),
    '7 tree /etc/lithos/master.yaml [1/2] 0B\n  └─a [1/2] 0B\n' +
      '      └─3 a/b.0 0s [1/2] 0B\n- tree /b.yaml [0/0] 0B\n',
  )
  assert.is(treeText([], { isColoured: false, now }), '')
})

const bold = (code: number, text: string): string => `\x1b[${code}m\x1b[1m${text}\x1b[0m\x1b[22m`

test('colours: young ones are red', () => {
  const [young, old] = [child('a/b.0', 2, head(3, 29, 0)), child('a/c.0', 4, head(5, 30, 0))]
  const [, , youngLine, oldLine] = treeText([treeOf(young, old)], { isColoured: true, now }).split(
    '\n',
  )
  const rest = `${bold(34, '[1/2]')} ${bold(34, '0B')}`
  assert.is(youngLine, `      ├─${bold(32, '3')} a/b.0 ${bold(31, '29s')} ${rest}`)
  assert.is(oldLine, `      └─${bold(32, '5')} a/c.0 ${bold(34, '30s')} ${rest}`)
})

test('a name cannot steer the terminal', () => {
  const text = treeText([{ ...treeOf(), config: '/\x1b[2J' }], { isColoured: false, now })
  assert.is(text, '7 tree /\\u{1b}[2J [0/0] 0B\n')
})

test('JSON: the keys of the original, in their order, and no newline', () => {
  const text = treesJson([treeOf(child('web/app.0', 30, head(31, 65, 1000, { swapped: 23 })))])
  assert.is(
    text,
    '{"trees":[{"children":[{"name":"web/app.0","ok":true,"pid":30,"processes":[' +
      '{"child_system_time":2,"child_user_time":1,"mem_rss":1000,"mem_swap":23,"pid":31,' +
      `"processes":1,"start_time":${now / 1000 - 65},"system_time":4,"threads":2,"user_time":3}` +
      ']}],"config":"/etc/lithos/master.yaml","pid":7,"refused":[]}]}',
  )
  assert.is(treesJson([]), '{"trees":[]}')
})

test('JSON: keys are in alphabetical order also where the journal is known', () => {
  const last = { last: 'exited with code 1', lastAt: now, restarts: 2, wanted: true }
  const status = { name: 'a/b.0', state: 'backoff', pid: null, knotPid: null, uptimeMs: null }
  const text = treesJson([treeOf({ ...child('a/b.0', null), status: { ...status, ...last } })])
  const { trees } = JSON.parse(text) as { trees: [{ children: [object] }] }
  const [shown] = trees[0].children
  assert.equal(Object.keys(shown), Object.keys(shown).sort())
  assert.is((shown as { last_exit_at: string }).last_exit_at, '2018-08-10T12:05:48Z')
})

test('the monitor', () => {
  const samples = samplesOf([mixed])
  const before = new Map<string, Sample>(
    samples
      .filter(({ name }) => name !== 'web/app.1')
      .map(sample => [sample.name, { ...sample, ticks: sample.ticks - 5 }]),
  )
  assert.is(
    monitorText(samples, before, 1000),
    `PID NAME         CPU THR PRC        MEM 
 21 db/main.0    5.0   2   1  2560.0MiB 
 31 web/app.0    5.0   2   1     0.0MiB 
 33 web/app.1    0.0   2   1     0.0MiB 
  0 web/cron.1   5.0   4   2     5.0MiB 
  0 web/sick.0   5.0   0   0     0.0MiB 
  0 web/sick.1   5.0   0   0     0.0MiB 
`,
  )
})

test('another process under the same name is new', () => {
  const [sample] = samplesOf([treeOf(child('a/b.0', 2, head(3, 9, 0)))])
  const before = new Map([['a/b.0', { ...(sample as Sample), pid: 2, ticks: 0 }]])
  assert.match(monitorText([sample as Sample], before, 1000), '   0.0 ')
})

test('units', () => {
  const unit = (value: number) => unitFor([0, value]).name
  assert.equal([0, 10_240, 10_241, 10 * 1024 ** 2, 10 * 1024 ** 2 + 1, 10 * 1024 ** 3].map(unit), [
    'B',
    'B',
    'kiB',
    'kiB',
    'MiB',
    'MiB',
  ])
  assert.is(unit(10 * 1024 ** 3 + 1), 'GiB')
  assert.equal([0, 1023, 1024, 1024 ** 2 - 1, 1024 ** 2, 1024 ** 3].map(sayMemory), [
    '0B',
    '1023B',
    '1.0kiB',
    '1024.0kiB',
    '1.0MiB',
    '1.0GiB',
  ])
})

test('names are split as the original splits them', () => {
  const parts = (name: string) => Object.values(partsOf(name))
  assert.equal(parts('web/http.2'), ['web', 'http', 2])
  assert.equal(parts('web/http.two'), ['web', 'http.two', 0])
  assert.equal(parts('web/a.b.3'), ['web', 'a.b', 3])
  assert.equal(parts('web/cmd.shell.77'), ['web', 'cmd.shell', 77])
  assert.equal(parts('odd'), ['odd', '<unknown>', 0])
})

test.run()
