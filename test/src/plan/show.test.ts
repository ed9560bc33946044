/**
 * Goal: a plan as text is readable and complete, tells no secret and forges no line.
 * Method: one plan with every kind of step, letter by letter.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { encodePlan, ops } from '../../../native/wire.ts'
import { plan } from '../../../src/plan.ts'
import { filterFor, filterHash } from '../../../src/plan/seccomp.ts'
import { showPlan } from '../../../src/plan/show.ts'
import type { Spec } from '../../../src/spec.ts'
import { copied, plainHost, plainSpec } from './specs.ts'

const spec: Spec = {
  ...plainSpec,
  volumes: [
    { target: '/db', kind: 'persistent', base: '/srv/db', path: '/web', make: null },
    { target: '/st', kind: 'statedir', path: '/s', make: { mode: 0o700, user: 1, group: 2 } },
    { target: '/tmp', kind: 'tmpfs', size: 1024, mode: 0o1777 },
  ],
  hosts: copied,
  environ: [
    ['KEY', 'x'],
    ['LINES', 'one\ntwo'],
    ['PID', '@{lithos:pid}'],
  ],
  secrets: {
    keyFile: '/key',
    namespaces: [''],
    environ: [['PASSWORD', ['v2:a:b:c:d']]],
    files: [['token', ['v2:a:b:c:d']]],
  },
  outputFile: '/db/out',
  normalExitCodes: [0, 3],
}
const cgroups = { v1: [{ controllers: ['memory', 'cpu'], dir: '/cg/slice' }], v2: null }
const seccomp = filterFor([]) ?? []
const whole = plan(spec, { ...plainHost, cgroups }, 'site/web.0')

test('every step a line', () => {
  assert.is(
    showPlan(whole),
    `site/web.0: log level warn, normal exit codes 0 3,
killed 5s after SIGTERM, started again not sooner than 1s after its last start

 1  openLog           messages → /var/log/lithos/site.log
 2  openLog           what it prints → /var/log/lithos/stderr/site.log
 3  makeDir           /run/lithos/state :/site/web.0  mode 1777 owner 0:0 if missing
 4  copyFile          /etc/hosts → /run/lithos/state/site/web.0 :/hosts
 5  writeFile         /run/lithos/state/site/web.0 :/hosts  mode 0644  "\\n"
 6  root              /images/web.1 → /run/lithos/mnt  ro nosuid nodev
 7  bind              /var/lib/lithos/dev → /dev  ro nosuid noexec
 8  mount             devpts → /dev/pts  rw nosuid noexec noatime newinstance ptmxmode=0666
 9  mount             sysfs → /sys  ro nosuid nodev noexec noatime
10  mount             proc → /proc  rw nosuid nodev noexec noatime
11  mask              /proc/acpi
                      /proc/asound
                      /proc/dynamic_debug
                      /proc/interrupts
                      /proc/kcore
                      /proc/keys
                      /proc/kpagecgroup
                      /proc/kpagecount
                      /proc/kpageflags
                      /proc/latency_stats
                      /proc/sched_debug
                      /proc/scsi
                      /proc/timer_list
                      /proc/timer_stats
                      /proc/vmallocinfo
                      /sys/devices/virtual/powercap
                      /sys/firmware
                      /sys/kernel/vmcoreinfo
12  readOnly          /proc/bus
                      /proc/fs
                      /proc/irq
                      /proc/sys
                      /proc/sysrq-trigger
13  bind              /srv/db :/web → /db  rw nosuid nodev
14  makeDir           /run/lithos/state/site/web.0 :/s  mode 0700 owner 1:2
15  bind              /run/lithos/state/site/web.0 :/s → /st  rw nosuid nodev
16  mount             tmpfs → /tmp  rw nosuid nodev size=1024 mode=01777
17  bindFile          /run/lithos/state/site/web.0 :/hosts → /etc/hosts  if a regular file
18  secretFiles       /run/secrets  mode 0400 owner 100:101  token
19  cgroup            /cg/slice/site:web.0.scope  joined by tasks
20  limit             /cg/slice/site:web.0.scope/memory.memsw.limit_in_bytes = -1  if there
21  limit             /cg/slice/site:web.0.scope/memory.limit_in_bytes = 104857600
22  limit             /cg/slice/site:web.0.scope/memory.memsw.limit_in_bytes = 104857600  if there
23  limit             /cg/slice/site:web.0.scope/memory.soft_limit_in_bytes = -1  if there
24  countKills        /cg/slice/site:web.0.scope/memory.oom_control
25  limit             /cg/slice/site:web.0.scope/cpu.shares = 1024
26  limit             /cg/slice/site:web.0.scope/cpu.cfs_quota_us = -1  if there
27  pivot
28  landlock          /dev  may be changed
                      /proc  may be changed
                      /db  may be changed
                      /st  may be changed
                      /tmp  may be changed
                      /etc/hosts  may be changed
29  openOutput        /db/out
30  fork              Starting "site/web.0": "/bin/web" "--port=8080" "say \\"hi\\""
31  joinCgroups
32  cgroupNamespace
33  sessionKeyring
34  resetLimits
35  limitFiles        1024
36  setGroups         none
37  setGid            101
38  setUid            100
39  keepCapabilities  none
40  noNewPrivileges
41  enterLandlock
42  chdir             /
43  seccomp           ${seccomp.length} instructions, ${filterHash(seccomp)}
44  exec              "/bin/web" "--port=8080" "say \\"hi\\""
                      TERM="dumb"
                      KEY="x"
                      LINES="one\\ntwo"
                      LITHOS_NAME="site/web.0"
                      LITHOS_CONFIG="/config/web.yaml"
                      PASSWORD=(secret)
                      PID=(its pid)
`,
  )
})

test('a terminal instead of a file, and what the administrator lets it keep', () => {
  const text = showPlan(
    plan(
      {
        ...plainSpec,
        interactive: true,
        isDaemon: false,
        confinement: { capabilities: ['net_bind_service', 'chown'] },
      },
      plainHost,
      'site/web.0',
    ),
  )
  assert.match(text, 'site/web.0: log level warn, exit code 0 is normal,\n')
  assert.match(text, /^ *\d+ {2}inheritOutput$/m)
  assert.match(text, /^ *\d+ {2}keepCapabilities {2}0x401$/m)
})

test('the same plan as bytes: as many steps, none unknown', () => {
  assert.throws(() => encodePlan(whole), /without the secret token/)
  const secret = [Buffer.from('x')] as const
  const secrets = {
    environ: secret.map(bytes => ['PASSWORD', bytes] as const),
    files: secret.map(bytes => ['token', bytes] as const),
  }
  const bytes = encodePlan(plan(spec, { ...plainHost, cgroups }, 'site/web.0', [], secrets))
  assert.is(bytes.readUInt32LE(8), whole.steps.length)
  assert.ok(whole.steps.every(step => step.do in ops))
})

test.run()
