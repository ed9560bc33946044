/**
 * Goal: S4, S7, S10, S11, S12, S13, S14, S18, S19, S24, S29, S32, S43: in every kind of container
 *   all that the kernel shows is what its plan promises: capabilities, filter, privileges, mounts,
 *   namespaces, descriptors, ids, limits.
 * Method: each kind as configured; what `lithos audit` sees from outside, and what it sees of
 *   itself. The look is known to see what is missing: with a step taken out it finds just that.
 */
import * as fs from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { childrenOf, commandLine } from '../../native/proc.ts'
import type { Plan, Step } from '../../native/plan.ts'
import { judge } from '../../src/audit/judge.ts'
import { lookAround, lookAt } from '../../src/audit/look.ts'
import { promisedBy } from '../../src/audit/promise.ts'
import { devices } from '../../src/devices.ts'
import { skipUnless } from '../skip.ts'
import { planFor, printed, without } from './configured.ts'
import type { More } from './configured.ts'
import { until } from './supervised.ts'
import { canContain, ownWorld, whyNot } from './world.ts'

const contained = skipUnless(canContain, whyNot)
const world = ownWorld()

const outside = 600
const map = `[{inside: 0, outside: ${outside}, count: 300}]`
const mapped = `uid-map: ${map}\ngid-map: ${map}\n`
const volumes =
  'volumes: {/tmp: !Tmpfs {}, /data: !Persistent {path: /rw, mkdir: true}, ' +
  '/other: !Readonly /host, /logs: !Statedir {}}\n'

interface Kind extends More {
  readonly user: number
  readonly lines?: string
}

const kinds: Readonly<Record<string, Kind>> = {
  'a user of the host': { user: 100 },
  'root of the host': { user: 0 },
  'root of a user namespace': { user: 0, sandbox: mapped },
  'a user of a user namespace': { user: 42, sandbox: mapped },
  'with volumes of every kind': { user: 100, lines: volumes },
  'with volumes in a user namespace': { user: 1, lines: volumes, sandbox: mapped },
  'volumes without programs': { user: 100, lines: volumes, sandbox: 'executable-volumes: false\n' },
  'without a filter': { user: 100, sandbox: 'seccomp: off\n' },
  'with setuid programs': { user: 100, sandbox: 'no-new-privileges: false\n' },
  'with setuid programs, root inside': { user: 0, sandbox: `no-new-privileges: false\n${mapped}` },
  'with capabilities': { user: 100, sandbox: 'capabilities: [chown, sys_admin]\n' },
  'with all of /proc': { user: 100, sandbox: 'masked-paths: []\nwritable-proc-sys: true\n' },
  'without Landlock': { user: 100, sandbox: 'landlock: off\n' },
  'a command or daemon': { user: 100, lines: 'kind: CommandOrDaemon\n' },
  'started again in place': { user: 100, lines: `restart-process-only: true\n${volumes}` },
}

const words = ['caps', 'fds', 'umask', 'session', 'limit', 'pty=/dev/ptmx']

const configured = ({ user, lines = '', ...more }: Kind): Plan => {
  const again = lines.includes('restart-process-only') ? ['first-time-exit=/tmp/was'] : []
  const text = [...again, ...words, 'say=ready', 'sleep'].map(word => JSON.stringify(word))
  return planFor(
    world,
    `user-id: ${user}\nfileno-limit: 77\nrestart-timeout: 0\n` +
      `arguments: [${text.join(', ')}]\n${lines}`,
    more,
  )
}

interface Looked {
  readonly findings: readonly string[]
  readonly lines: readonly string[]
}

/** `carried`: what the knot is told; `whole`: what is promised. */
const look = async (kind: Kind, whole: Plan, carried = whole): Promise<Looked> => {
  const shift = kind.sandbox?.includes(mapped) === true ? outside : 0
  const promised = promisedBy(whole, { uid: kind.user + shift, gid: shift })
  const running = await world.start(carried)
  await running.sees('output', /^ready$/m)
  const [app] = childrenOf(running.pid)
  const places = [...promised.hidden, ...promised.frozen]
  const seen = lookAt({ app: app!, knot: running.pid }, lookAround(), promised, places)
  assert.ok(seen !== null)
  process.kill(running.pid, 'SIGKILL')
  const lines = printed(await running.over)
  const { findings } = judge('sb/p.0', seen, promised, promised)
  return {
    findings: findings.filter(isBroken).map(({ check, text }) => `${check}: ${text}`),
    lines,
  }
}

const isBroken = ({ kind }: { readonly kind: string }): boolean => kind === 'broken'

for (const [name, kind] of Object.entries(kinds))
  contained(`S12 S13 S14 S18: ${name} is held to what its plan says`, async () => {
    const whole = configured(kind)
    const { findings, lines } = await look(kind, whole)
    assert.equal(findings, [])
    const mask = promisedBy(whole, { uid: 0, gid: 0 }).capabilities.toString(16)
    const [caps, fds, umask, session, limit, pty] = lines
    const privileges = kind.sandbox?.includes('no-new-privileges') === true ? 0 : 1
    assert.match(
      caps!,
      `permitted ${mask} effective ${mask} inheritable ${mask} bounding ${mask} ambient ${mask}`,
    )
    assert.match(caps!, mask === '0' ? 'securebits 2f' : 'securebits')
    assert.match(caps!, `nonew ${privileges}`)
    assert.is(fds, 'descriptors 0 1 2')
    assert.is(umask, 'umask 0022')
    assert.match(session!, /^pid (\d+) session \1$/)
    assert.is(limit, 'files 77 77')
    assert.is(pty, 'pty done', 'S4: a terminal is of the container')
  })

contained('the look sees each step that is not taken', async () => {
  const kind = { user: 100, lines: volumes }
  const whole = configured(kind)
  const rows: readonly (readonly [change: (step: Step) => Step | null, finding: RegExp])[] = [
    [step => (step.do === 'seccomp' ? null : step), /^system calls: no filter/],
    [step => (step.do === 'mask' ? null : step), /^mounts: \/(proc|sys)\/.* is not hidden/],
    [step => (step.do === 'readOnly' ? null : step), /^mounts: \/proc\/\S+ can be written to/],
    [step => (step.do === 'limitFiles' ? null : step), /^limits: may open/],
    [
      step => (step.do === 'root' ? { ...step, flags: { readonly: true, nodev: true } } : step),
      /^mounts: \/ is not nosuid/,
    ],
    [
      step => (step.do === 'bind' && step.target === '/other' ? null : step),
      /^mounts: nothing is mounted at \/other/,
    ],
    [
      step => (step.do === 'keepCapabilities' ? { ...step, mask: 1n } : step),
      /^capabilities: has chown/,
    ],
    [step => (step.do === 'setUid' ? { ...step, uid: 101 } : step), /^user: runs as user 101/],
    [step => (step.do === 'setGid' ? { ...step, gid: 7 } : step), /^user: runs as group 7/],
    [
      step => (step.do === 'setGroups' ? { ...step, gids: [7] } : step),
      /^user: has supplementary groups: 7/,
    ],
  ]
  for (const [change, finding] of rows) {
    const steps = whole.steps.map(change).filter(step => step !== null)
    const { findings } = await look(kind, whole, { ...whole, steps })
    assert.ok(findings.length > 0, String(finding))
    for (const text of findings) assert.match(text, finding)
  }
  const gain = without(whole, 'noNewPrivileges', 'enterLandlock', 'seccomp')
  const { findings } = await look(kind, whole, gain)
  assert.ok(findings.some(text => text.startsWith('no-new-privileges:')))
})

contained('S19: it is at the root of its own cgroups, and cannot write to any', async () => {
  const group = fs.readFileSync('/proc/self/cgroup', 'utf8')
  const plan = planFor(
    world,
    'user-id: 0\narguments: ["cat=/proc/self/cgroup", "write=/sys/fs/cgroup/x"]\n',
  )
  const isolated: Step = { do: 'cgroupNamespace' }
  const at = plan.steps.findIndex(step => step.do === 'sessionKeyring')
  const lines = printed(await world.run({ ...plan, steps: plan.steps.toSpliced(at, 0, isolated) }))
  const written = lines.at(-1)
  for (const line of lines.slice(0, -1)) assert.match(line, /:\/$/)
  assert.ok(lines.length - 1 === group.trim().split('\n').length)
  assert.match(written!, /Read-only file system|No such file|Permission denied/)
  const shared = printed(await world.run(plan)).slice(0, -1)
  if (/:\/.+/.test(group)) assert.ok(shared.some(line => /:\/.+/.test(line)))
})

/** The program of the container that is not the application, once it has been executed. */
const commandOf = async (knot: number, app: number): Promise<number> => {
  let found = 0
  await until('the command looks', () => {
    const looking = childrenOf(knot).filter(pid => pid !== app)
    found = looking.flatMap(childrenOf).find(isGuest) ?? 0
    return found !== 0
  })
  return found
}

const isGuest = (pid: number): boolean => commandLine(pid)?.[0] === '/bin/guest'

contained(
  'S29: what looks at an application from beside it is held to all that it is',
  async () => {
    const rows: readonly Kind[] = [
      { user: 100, lines: volumes },
      { user: 0, sandbox: mapped },
      { user: 1, lines: volumes, sandbox: mapped },
    ]
    for (const { lines = '', ...row } of rows) {
      const kind = { ...row, lines: `${lines}ready: {exec: [/bin/guest, sleep]}\n` }
      const whole = configured(kind)
      const shift = kind.sandbox?.includes(mapped) === true ? outside : 0
      const promised = promisedBy(whole, { uid: kind.user + shift, gid: shift })
      const running = await world.start(whole)
      await running.sees('output', /^ready$/m)
      const [app = 0] = childrenOf(running.pid).filter(isGuest)
      const command = await commandOf(running.pid, app)
      const places = [...promised.hidden, ...promised.frozen]
      const seen = lookAt({ app: command, knot: running.pid }, lookAround(), promised, places)
      assert.ok(seen !== null)
      const { findings } = judge('sb/p.0', seen, promised, promised)
      assert.equal(findings.filter(isBroken), [])
      for (const name of ['user', 'mnt', 'pid', 'net', 'ipc', 'uts', 'cgroup'])
        assert.is(namespaceOf(command, name), namespaceOf(app, name), name)
      for (const line of confining) assert.is(lineOf(command, line), lineOf(app, line), line)
      process.kill(running.pid, 'SIGKILL')
      await running.over
    }
  },
)

const confining = ['Uid', 'Gid', 'Groups', 'CapBnd', 'CapEff', 'CapAmb', 'NoNewPrivs', 'Seccomp']

const namespaceOf = (pid: number, name: string): string =>
  fs.readlinkSync(`/proc/${pid}/ns/${name}`)

const lineOf = (pid: number, name: string): string | undefined =>
  new RegExp(`^${name}:.*$`, 'm').exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))?.[0]

test('S4: there is no console among the devices of a container', () => {
  const names: readonly string[] = devices.map(({ name }) => name)
  for (const name of ['console', 'mem', 'kmsg', 'sda']) assert.not(names.includes(name))
})

contained('S4: an image whose /dev/pts is something else is refused', async () => {
  const odd = join(world.dir, 'odd')
  fs.mkdirSync(odd, { recursive: true })
  fs.rmSync(join(odd, 'pts'), { force: true })
  fs.symlinkSync('/tmp', join(odd, 'pts'))
  const plan = planFor(world, 'user-id: 0\narguments: [say=ran]\n')
  const steps = plan.steps.map((step): Step =>
    step.do === 'bind' && step.target === '/dev' ? { ...step, base: odd } : step,
  )
  const { output, log } = await world.run({ ...plan, steps })
  assert.not.match(output, 'ran')
  assert.match(log, 'mounting devpts on "/dev/pts": ')
})

test.run()
