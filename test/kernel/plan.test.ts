/**
 * Goal: wire.ts and plan.c mean the same bytes, and no bytes at all can lead plan.c astray.
 * Method: a plan with every step, printed by C and compared with what TypeScript put in. Then
 * the same plan with every byte changed and with every end cut off, read under sanitizers.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ProbeKind, Step } from '../../native/plan.ts'
import { encodePlan, ops } from '../../native/wire.ts'
import { skipUnless } from '../skip.ts'
import { compile } from './compile.ts'
import { plan, steps } from './everyStep.ts'

const dir = mkdtempSync(join(tmpdir(), 'plan-'))
const path = join(dir, 'plan')
const flags = ['-DKNOT_WITH_LIBC', '-Wno-unused-result']

/** Not every machine with a compiler has the libraries of the sanitizers. */
const sanitized = (() => {
  try {
    compile('dump.c', join(dir, 'dump'), ...flags, '-fsanitize=address,undefined')
    return true
  } catch {
    compile('dump.c', join(dir, 'dump'), ...flags)
    return false
  }
})()

test.after(() => rmSync(dir, { recursive: true, force: true }))

const dump = (bytes: Buffer, ...words: string[]) => {
  writeFileSync(path, bytes)
  return spawnSync(join(dir, 'dump'), [path, ...words], { encoding: 'utf8' })
}

test('C reads what TypeScript has written', () => {
  const { stdout, stderr } = dump(encodePlan(plan))
  assert.is(stderr, '')
  assert.equal(stdout.split('\n'), [
    '5000 1099511627776 3 7',
    '0 1 255 "sb/p.0"',
    '1 0 "/o"',
    '1 1 "/ü"',
    '2 1023 1 4294967294 1 "/b" "p"',
    '3 "/s" "/b" "p"',
    '4 420 "/b" "p" "a',
    'b',
    '"',
    '5 5 "/i" "/m"',
    '6 24 "/b" "" "/t"',
    '7 1 "/b" "p" "/t"',
    '8 2 "tmpfs" "/t" "size=1" "x"',
    '8 0 "proc" "/proc"',
    '25 "/m" "/n" "/o" "/p"',
    '26 "/r"',
    '41 0 0 80 1 1 2 3 4 5 0 0 0',
    '41 1 4 81 0 1 2 3 4 5 6 0 1 "GET"',
    '42 300000 -1 "/n"',
    '44 6 "/p" "a"',
    '45 15 10 3 5',
    '32 1 2 "/s" "a" "ä',
    '" "b" ""',
    '9 1 "/c"',
    '10 0 "/f" "1"',
    '27 -1 "/k"',
    '46 1 2 7',
    '11',
    '12 "/o"',
    '13',
    '47 "/w" ""',
    '33 2 1 0 1000 1 1 7 9 0 4294967294 1',
    '34',
    '35 2199023255557 "o" "b" "i"',
    '36 4 24 0 167772161 "10.0.0.1/24"',
    '37 6 -108086391056891904 1 "fe80::1"',
    '38 30000 "/c" "a" ""',
    '14 "Starting"',
    '15',
    '28',
    '29',
    '30',
    '24 0 3 70000',
    '43 9',
    '16 1024',
    '17 1 2',
    '39',
    '18 3',
    '19 4',
    '20 1099511627776',
    '21',
    '48',
    '31 1 4611686018427387904',
    '22 "/w"',
    '40 5 6 0 0 80 9 5 "[::]:80"',
    '23 2 2 1 "/x" "1" "" "A=b" "S=ö=" "P"',
    '',
  ])
})

test('every op has the same number on both sides, and the plan above has every op', () => {
  const header = readFileSync(new URL('../../native/plan.h', import.meta.url), 'utf8')
  const names = header.match(/enum op \{([^}]*)\}/)![1]!.match(/OP_\w+/g)!
  assert.equal(
    Object.keys(ops).map(name => `OP_${name.replaceAll(/[A-Z]/g, '_$&').toUpperCase()}`),
    names,
  )
  assert.equal(new Set(steps.map(step => ops[step.do])).size, names.length - 1)
})

const forked: Step = { do: 'fork', announce: 'Starting' }
const joined: Step = { do: 'joinCgroups' }
const probe = (how: ProbeKind): Step => ({
  do: 'probe',
  what: 'ready',
  how,
  ...{ attemptMs: 1, timeoutMs: 1, periodMs: 1, failures: 1, startDelayMs: 1 },
})
const passing = (times: readonly (readonly number[])[]): readonly Step[] => [
  forked,
  ...times.map((fds): Step => ({ do: 'passSockets', fds })),
  steps.at(-1)!,
]

const refused: readonly (readonly [string, readonly Step[]])[] = [
  ['no exec', [{ do: 'fork', announce: '' }]],
  ['no fork', [steps.at(-1)!]],
  ['two forks', [{ do: 'fork', announce: '' }, { do: 'fork', announce: '' }, steps.at(-1)!]],
  ['a step of the knot after the fork', [forked, steps[0]!, steps.at(-1)!]],
  ['a step of the application before it', [joined, forked, steps.at(-1)!]],
  ['a step after exec', [forked, steps.at(-1)!, { do: 'joinCgroups' }]],
  ['two execs', [forked, steps.at(-1)!, steps.at(-1)!]],
  ['no steps', []],
  ...[[1], [2], [-1], [3, 3], [4, 3], [2 ** 31], Array.from({ length: 121 }, (_, i) => i + 3)].map(
    fds => [`sockets at ${fds}`, passing([fds])] as const,
  ),
  ['sockets passed twice', passing([[3], [4]])],
  ...[[], Array.from({ length: 17 }, () => 15), [0], [65]].map(
    signals =>
      [
        `signals ${signals}`,
        [
          { do: 'stop', signals: signals.map(signal => ({ signal, waitMs: 1 })) },
          forked,
          steps.at(-1)!,
        ],
      ] as const,
  ),
  ['a command without a program', [probe({ kind: 'exec', words: [] }), forked, steps.at(-1)!]],
  ['a port below 0', [probe({ kind: 'tcp', port: -1, isGiven: false }), forked, steps.at(-1)!]],
]

test('a plan that makes no sense is refused', () => {
  for (const [what, some] of refused)
    assert.is(dump(encodePlan({ ...plan, steps: some })).stdout, 'refused 22\n', what)
  const long = { ...plan, name: 'x'.repeat(256) }
  assert.is(dump(encodePlan(long)).stdout, 'refused 22\n', 'a name that is too long')
})

skipUnless(sanitized, 'needs a compiler with address and undefined behaviour sanitizers')(
  'any byte may be wrong, and any end missing',
  () => {
    const { stdout, stderr, status } = dump(encodePlan(plan), 'vary')
    assert.is(stderr, '')
    assert.is(status, 0)
    const [varied, shortened] = stdout.split(' ').map(Number)
    assert.ok(varied! > 100, 'other texts and numbers are as good as these')
    assert.is(shortened, 0)
  },
)

test.run()
