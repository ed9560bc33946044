/**
 * Goal: an audit finds whatever is less than was promised, or less than the default, and nothing
 *   else; each with its cost.
 * Method: texts of /proc as they were recorded, with one line changed at a time.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { judge, worth } from '../../../src/audit/judge.ts'
import { parseLimits, parseMountinfo, parseStatus } from '../../../src/audit/proc.ts'
import { promisedBy } from '../../../src/audit/promise.ts'
import { isBroken, lowestOf, sayReport, toJson } from '../../../src/audit/say.ts'
import type { Promised, Seen } from '../../../src/audit/shapes.ts'
import { plan } from '../../../src/plan.ts'
import { idsOnHost } from '../../../src/plan/namespaces.ts'
import type { Spec } from '../../../src/spec.ts'
import { plainSpec } from '../plan/specs.ts'
import { limits, mountinfo, seenOf, status, uidMap } from './recorded.ts'

const range = { inside: 0, outside: 30000, count: 1000 }
const spec: Spec = {
  ...plainSpec,
  ...{ user: 0, group: 0, ids: { users: [range], groups: [range] } },
  volumes: [{ kind: 'tmpfs', target: '/a place', size: 1024, mode: 0o777 }],
}
const host = { cgroups: { v1: [], v2: '/cg' }, hostname: 'box', hostAddress: null }

const promisedOf = (some: Spec): Promised => {
  const whole = promisedBy(plan(some, host, 'site/web.3'), idsOnHost(some))
  const kept = ['memory.max', 'cpu.weight', 'memory.swap.max']
  return { ...whole, limits: whole.limits.filter(({ file }) => kept.some(at => file.endsWith(at))) }
}

const promised = promisedOf(spec)
const texts = (seen: Seen, some: Promised | null = promised): readonly string[] =>
  judge('site/web.3', seen, some, promised).findings.map(
    ({ kind, check, text }) => `${kind} ${check}: ${text}`,
  )

test('what was recorded is as promised, and worth 100', () => {
  assert.equal(texts(seenOf()), [])
  assert.is(judge('site/web.3', seenOf(), promised, promised).score, 100)
  assert.is(
    Object.values(worth).reduce((sum: number, each) => sum + each, 0),
    100,
  )
})

test('one line of the status', () => {
  const rows: readonly (readonly [was: RegExp, is: string, finding: string])[] = [
    ...(['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'] as const).map(
      set =>
        [
          new RegExp(`${set}:.*`),
          `${set}:\t00000000a82425fb`,
          'broken capabilities: has sys_admin',
        ] as const,
    ),
    [/CapBnd:.*/, 'CapBnd:\t00000200a80425fb', 'broken capabilities: has 41'],
    [/NoNewPrivs:.*/, 'NoNewPrivs:\t0', 'broken no-new-privileges: new privileges can be gained'],
    [/Seccomp:.*/, 'Seccomp:\t0', 'broken system calls: no filter is installed'],
    [
      /Uid:.*/,
      'Uid:\t30000\t30000\t0\t30000',
      'broken user: runs as user 0 of the host instead of 30000',
    ],
    [
      /Gid:.*/,
      'Gid:\t31000\t30000\t30000\t30000',
      'broken user: runs as group 31000 of the host instead of 30000',
    ],
  ]
  for (const [was, is, finding] of rows)
    assert.equal(texts(seenOf({ status: status.replace(was, is) })), [finding])
})

test('who may change its user has done so, among its own', () => {
  const changed = status.replace(/Uid:.*/, 'Uid:\t30033\t30033\t30033\t30033')
  assert.equal(texts(seenOf({ status: changed })), [])
  const may = { ...promised, capabilities: 0n }
  const bare = changed.replace(/(Cap\w+):.*/g, '$1:\t0')
  assert.match(texts(seenOf({ status: bare }), may).join(), 'runs as user 30033')
})

test('every process counts, not only the first', () => {
  const worse = parseStatus(28750, status.replace(/Seccomp:.*/, 'Seccomp:\t0'))
  const seen = { ...seenOf(), processes: [...seenOf().processes, { ...worse, name: 'other' }] }
  assert.equal(texts(seen), ['broken system calls: no filter is installed (process 28750, other)'])
})

test('one line of the mounts', () => {
  const rows: readonly (readonly [
    was: RegExp | string,
    is: string,
    findings: readonly string[],
  ])[] = [
    ['/ ro,nosuid', '/ rw,nosuid', ['/ is not read-only']],
    ['/ ro,nosuid,nodev', '/ ro,nosuid', ['/ is not nodev']],
    ['/ ro,nosuid,nodev', '/ ro,nodev', ['/ is not nosuid']],
    [/relatime - ext4/, 'relatime shared:7 - ext4', ['/ is shared with others']],
    [/relatime - ext4/, 'relatime master:7 - ext4', ['/ is shared with others']],
    [/^107.*\n/m, '', ['/proc/keys is not hidden']],
    [/^113.*\n/m, '', ['/proc/sys can be written to']],
    ['/proc/sys ro', '/proc/sys rw', ['/proc/sys can be written to']],
    ['/proc/acpi ro,nosuid', '/proc/acpi ro', ['/proc/acpi is not nosuid']],
    [/^114.*\n/m, '', ['nothing is mounted at /a place']],
    ['040place rw,nosuid', '040place rw', ['/a place is not nosuid']],
    [
      /$/,
      '115 100 0:48 / /srv rw,nosuid,nodev,relatime - ext4 /dev/vdb rw\n',
      ['/srv is not read-only'],
    ],
    // Of two on one place the later one is in front.
    [
      /$/,
      '116 113 0:45 /sys /proc/sys rw,nosuid,nodev,noexec - proc proc rw\n',
      ['/proc/sys can be written to'],
    ],
  ]
  for (const [was, is, findings] of rows)
    assert.equal(
      texts(seenOf({ mountinfo: mountinfo.replace(was, is) })),
      findings.map(text => `broken mounts: ${text}`),
      String(was),
    )
  const nosys = mountinfo.replace(/^113.*\n/m, '')
  const without = { ...seenOf({ mountinfo: nosys }), existing: new Set<string>() }
  assert.equal(texts(without), [], 'what this kernel has not needs no mask')
  const [hidden, shown] = ['/proc/acpi/wakeup', '/proc/acpi2/wakeup']
  const more = { ...seenOf(), existing: new Set([hidden, shown]) }
  assert.equal(
    texts(more, { ...promised, hidden: [...promised.hidden, hidden, shown] }),
    [`broken mounts: ${shown} is not hidden`],
    'what lies in a directory that is hidden needs none of its own',
  )
})

test('namespaces, maps, descriptors, groups and limits', () => {
  const own = new Set([...seenOf().own].filter(kind => kind !== 'pid'))
  const at = '/cg/site:web.3.scope'
  const stray = { fd: 7, target: '/etc', mount: 23 }
  const nameless = { fd: 8, target: '/memfd:x (deleted)', mount: 1 }
  const rows: readonly (readonly [Partial<Seen>, readonly string[]])[] = [
    [{ own }, ['broken namespaces: shares the pid namespace with the host']],
    [{ descriptors: [stray] }, ['broken descriptors: descriptor 7 is /etc of the host']],
    [{ descriptors: [nameless] }, []],
    [
      { descriptors: [{ fd: 0, target: '/dev/null', mount: 5 }] },
      ['broken descriptors: descriptor 0 is /dev/null of the host'],
    ],
    [{ groups: [] }, [`broken limits: is not in the control group ${at}`]],
    [
      { limits: new Map([[`${at}/memory.max`, 'max']]) },
      [
        `broken limits: ${at}/memory.max holds max instead of 104857600`,
        `broken limits: ${at}/cpu.weight cannot be read, it should hold 100`,
      ],
    ],
    [{ limits: new Map([...seenOf().limits, [`${at}/memory.max`, '104853504']]) }, []],
    [
      { limits: new Map([...seenOf().limits, [`${at}/cpu.weight`, '10']]) },
      [`broken limits: ${at}/cpu.weight holds 10 instead of 100`],
    ],
    [{ oomScoreAdj: -1 }, ['broken limits: is spared when memory is short (oom_score_adj -1)']],
  ]
  for (const [change, findings] of rows) assert.equal(texts({ ...seenOf(), ...change }), findings)
  assert.equal(texts(seenOf({ uidMap: uidMap.replace('1000', '9999') })), [
    'broken user: its uid-map is 0 30000 9999 instead of 0 30000 1000',
  ])
  assert.equal(texts(seenOf({ limits: limits.replace(/1024( +)1024/, '4096$11024') })), [
    'broken limits: may open 4096 files instead of 1024',
  ])
})

test('what a sandbox gives away is weaker than the default, and says by which key', () => {
  const confinement = {
    ...({ seccomp: 'off', noNewPrivileges: false, capabilities: ['chown', 'bpf'] } as const),
    ...{ writableProcSys: true, maskedPaths: ['/proc/acpi'] },
  }
  const given = promisedOf({ ...spec, confinement })
  const strict = { ...promised, capabilities: 0n }
  const { findings, score } = judge('x', seenOf(), given, strict, confinement)
  assert.equal(
    findings.filter(({ kind }) => kind === 'weaker').map(({ check, why }) => `${check}, ${why}`),
    [
      'capabilities, capabilities of the sandbox',
      'system calls, seccomp of the sandbox',
      'no-new-privileges, no-new-privileges of the sandbox',
      'mounts, masked-paths of the sandbox',
      'mounts, masked-paths of the sandbox',
      'mounts, writable-proc-sys of the sandbox',
    ],
  )
  assert.ok(score < 50)
})

test('of what nobody knows the promise of, it is said', () => {
  const seen = seenOf({ status: status.replace(/Seccomp:.*/, 'Seccomp:\t0') })
  const { findings, promised: none } = judge('x', seen, null, promised)
  assert.is(none, null)
  assert.equal(
    findings.map(({ kind, check }) => `${kind} ${check}`),
    ['weaker system calls'],
  )
  assert.match(findings[0]?.why ?? '', 'not known')
})

test('for people and for programs', () => {
  const fine = judge('site/web.3', seenOf(), promised, promised)
  const poor = judge('site/web.4', { ...seenOf(), own: new Set() }, promised, promised)
  const report = { audited: [fine, poor], skipped: [{ name: 'site/web.5', reason: 'no' }] }
  assert.is(lowestOf(report), 90)
  assert.ok(isBroken(report) && !isBroken({ ...report, audited: [fine] }))
  const text = sayReport(report)
  assert.match(text, 'site/web.3, pid 28749, 1 process: score 100\n')
  assert.match(text, /capabilities +chown dac_override/)
  assert.match(text, 'site/web.5: not audited, no\n')
  assert.match(text, '2 instances, lowest score 90, 1 less confined than promised\n')
  const parsed = JSON.parse(toJson(report)) as { score: number; instances: { name: string }[] }
  assert.is(parsed.score, 90)
  assert.is(parsed.instances[1]?.name, 'site/web.4')
})

test('texts that are torn or strange are no more than incomplete', () => {
  assert.equal(parseMountinfo('torn'), [])
  assert.is(parseStatus(1, '').capabilities, 0n)
  assert.is(parseStatus(1, 'Seccomp:\t2\n').filters, null)
  assert.is(parseLimits('').size, 0)
  assert.equal(parseLimits(limits).get('Max cpu time'), [null, null])
  assert.is(parseMountinfo(mountinfo).at(-1)?.at, '/a place')
})

test.run()
