/**
 * Goal: a container on a bridge: its cable, addresses and routes, who can be reached, what a step
 *   that fails leaves behind, and a command that may not hold anything up.
 * Method: knots in a network namespace of the test, where there is a bridge; guests that look
 *   around and call each other.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Plan, Step } from '../../native/plan.ts'
import { networkSteps, userSteps } from '../../src/plan/namespaces.ts'
import type { SpecNetwork } from '../../src/spec.ts'
import { plainSpec } from '../src/plan/specs.ts'
import { skipUnless } from '../skip.ts'
import { compile } from './compile.ts'
import { canNetwork, enterOwnNetwork, interfaces } from './ownNetwork.ts'
import { until } from './supervised.ts'
import { canContain, makeWorld, planOf, whyNot } from './world.ts'
import type { World } from './world.ts'

enterOwnNetwork(import.meta.url)

const contained = skipUnless(canContain && canNetwork, whyNot)
let world: World
let bridge: (...words: readonly string[]) => void

test.before(() => {
  if (!canContain || !canNetwork) return
  world = makeWorld()
  compile('bridge.c', join(world.dir, 'bridge'))
  bridge = (...words) => {
    const { status, stderr } = spawnSync(join(world.dir, 'bridge'), words, { encoding: 'utf8' })
    assert.is(status, 0, stderr)
  }
  bridge('br0', '198.18.0.1', '16')
  bridge('br0', 'fd00:18::1', '64')
})
test.after.each(() => world?.calm())
test.after(() => world?.close())

const names = ['br0', 'lo']
const isQuiet = (): Promise<void> =>
  until('no cable is left', () => String(interfaces()) === String(names))

const net: SpecNetwork = {
  bridge: 'br0',
  prefix: 16,
  gateway: null,
  addresses: ['198.18.0.5', '198.18.0.6', 'fd00:18::5', 'fd00:18::6'],
  afterSetup: [],
  afterSetupTimeoutMs: 30_000,
}

const steps = (index: number, change: Partial<SpecNetwork> = {}): readonly Step[] => {
  const prefix = index < 2 ? 16 : 64
  return networkSteps({ ...plainSpec, network: { ...net, prefix, ...change } }, `sb/p.${index}`)
}

const proc: Step = { do: 'mount', type: 'proc', target: '/proc', options: [], flags: {} }
const sysfs: Step = { do: 'mount', type: 'sysfs', target: '/sys', options: [], flags: {} }

const networked = (
  words: readonly string[],
  network: readonly Step[],
  after: Step[] = [],
): Plan => {
  const head = { isDaemon: false }
  const plan = planOf(world, words, { before: [proc, sysfs], after, head })
  return { ...plan, steps: [...plan.steps.slice(0, 2), ...network, ...plan.steps.slice(2)] }
}

const looks = async (plan: Plan): Promise<readonly string[]> => {
  const { output, code, log, stderr } = await world.run(plan)
  assert.is(code, 0, `${log}${stderr}`)
  return output.split('\n').filter(line => line !== '' && !line.includes(': ----- '))
}

contained('without an address there is a loopback, and nothing else', async () => {
  const { addresses: _, ...rest } = net
  const lone = networkSteps({ ...plainSpec, network: { ...rest, addresses: [] } }, 'sb/cmd.p.0')
  assert.equal(await looks(networked(['net'], lone)), [
    'interface lo up 00',
    'address lo 127.0.0.1/8',
    'address lo ::1/128',
  ])
})

contained('an address, a gateway and a name as the original gave them', async () => {
  const gateway = '198.18.0.1'
  const seen = await looks(networked(['net', 'cat=/proc/net/route'], steps(0, { gateway })))
  assert.equal(seen.slice(0, 5), [
    'interface lo up 00',
    'interface li-cb5ff8-0005 up 02',
    'address lo 127.0.0.1/8',
    'address li-cb5ff8-0005 198.18.0.5/16',
    'address lo ::1/128',
  ])
  assert.match(seen.join('\n'), /li-cb5ff8-0005\t00000000\t010012C6\t0003/)
  await isQuiet()
})

contained('containers, host and loopback reach each other, in version 4 and 6', async () => {
  for (const [index, own, host, family] of [
    [0, '198.18.0.5', '198.18.0.1', '0.0.0.0'],
    [2, 'fd00:18::5', 'fd00:18::1', '::'],
  ] as const) {
    const server = await world.start(networked([`serve=${family},80=first`], steps(index)))
    await server.sees('output', /serving first/)
    const calls = await looks(networked([`call=${own},80`, `call=${host},9`], steps(index + 1)))
    assert.equal(calls, [`called ${own}: first`, `called ${host}: Connection refused`])
    const guest = join(world.image, 'bin/guest')
    const { stdout } = spawnSync(guest, [`call=${own},80`], { encoding: 'utf8' })
    assert.is(stdout, `called ${own}: first\n`)
    process.kill(server.pid, 'SIGKILL')
    await server.over
    await isQuiet()
  }
})

contained('S12: low ports can be bound by anybody in there, and nothing else is kept', async () => {
  const keep: Step[] = [
    { do: 'setUid', uid: 1000 },
    { do: 'keepCapabilities', mask: 1n << 10n },
    { do: 'noNewPrivileges' },
  ]
  const seen = await looks(networked(['bind=0.0.0.0,80', 'caps'], steps(0), keep))
  assert.equal(seen, [
    'bind done',
    'capabilities permitted 400 effective 400 inheritable 400 bounding 400 ambient 400 ' +
      'securebits 0 nonew 1',
  ])
  const users = userSteps({
    ...plainSpec,
    ids: {
      users: [{ inside: 0, outside: 100000, count: 2000 }],
      groups: [{ inside: 0, outside: 100000, count: 2000 }],
    },
  })
  const enter: Step[] = [{ do: 'enterUsers' }, ...keep]
  assert.equal(
    await looks(networked(['bind=0.0.0.0,80', 'caps'], [...users, ...steps(0)], enter)),
    seen,
  )
})

contained('what keeps an old namespace alive does not keep its interface', async () => {
  const server = await world.start(networked(['serve=0.0.0.0,80=old'], steps(0)))
  await server.sees('output', /serving old/)
  const held = spawnSync(
    'sh',
    ['-c', `nsenter --net=/proc/${server.pid}/ns/net sleep 60 >&- 2>&- <&- & echo $!`],
    { encoding: 'utf8' },
  )
  const stray = Number(held.stdout)
  try {
    await until('the stray is in', () => commandOf(stray) === 'sleep')
    process.kill(server.pid, 'SIGKILL')
    await server.over
    assert.equal(interfaces(), ['br0', 'li_cb5ff8_0005', 'lo'])
    assert.equal(await looks(networked(['call=198.18.0.1,9'], steps(0))), [
      'called 198.18.0.1: Connection refused',
    ])
  } finally {
    process.kill(stray, 'SIGKILL')
  }
  await isQuiet()
})

const commandOf = (pid: number): string => readFileSync(`/proc/${pid}/comm`, 'utf8').trim()

// ---------------------------------------------------------------------------
// What fails
// ---------------------------------------------------------------------------

const refusals: readonly (readonly [string, readonly Step[], RegExp, string])[] = [
  [
    'a bridge that is not there',
    steps(0, { bridge: 'br9' }),
    /connecting "li_\w+_0005" to bridge "br9": No such device \(os error 19\): there is no such/,
    'refused T 3 19',
  ],
  [
    'an interface that is no bridge',
    steps(0, { bridge: 'lo' }),
    /to bridge "lo": Operation not supported \(os error 95\): that interface is no bridge/,
    'refused T 3 95',
  ],
  [
    'a gateway out of reach',
    steps(0, { gateway: '10.1.1.1' }),
    /adding the default route by "10.1.1.1": Network is unreachable.*not in the network/,
    'refused T 5 101',
  ],
  [
    'a command that is not there',
    steps(0, { afterSetup: ['/no/such'] }),
    /running after-setup-command "\/no\/such": No such file or directory \(os error 2\)/,
    'refused T 5 2',
  ],
  [
    'a command that fails',
    steps(0, { afterSetup: ['/bin/sh', '-c', 'exit 3'] }),
    /running after-setup-command "\/bin\/sh": exited with code 3\n/,
    `refused T 5 ${65536 + (3 << 8)}`,
  ],
]

for (const [what, network, pattern, status] of refusals)
  contained(`${what}: the step is named, and nothing is left`, async () => {
    const outcome = await world.run(networked(['net'], network))
    // At once, and not only when the kernel comes to clean up the namespace.
    assert.equal(interfaces(), names)
    assert.is(outcome.code, 1)
    assert.match(outcome.log, pattern)
    assert.is(outcome.status[1], status)
  })

contained('what fails after the network is up takes the cable away as well', async () => {
  const plan = networked(['net'], steps(0))
  const broken = plan.steps.map(step =>
    step.do === 'exec' ? { ...step, executable: '/no/such' } : step,
  )
  assert.is((await world.run({ ...plan, steps: broken })).code, 1)
  assert.equal(interfaces(), names)
})

// ---------------------------------------------------------------------------
// The command
// ---------------------------------------------------------------------------

contained('a command knows the address, the files of the host and the network', async () => {
  const file = join(world.dir, 'said')
  const script = `echo "$1 $TERM" > ${file}; cat /proc/net/dev >> ${file}; echo printed`
  const afterSetup = ['/bin/sh', '-c', script, '@{container_ip}', '[@{ container_ip }]']
  const network = steps(0, { afterSetup })
  const { output, code } = await world.run(networked([], network))
  assert.is(code, 0)
  assert.match(output, /^printed\n/)
  const said = readFileSync(file, 'utf8')
  assert.ok(said.startsWith('[198.18.0.5] dumb\n'), said)
  assert.match(said, 'li-cb5ff8-0005')
})

contained('a command that is late is killed with its children', async () => {
  const file = join(world.dir, 'late')
  const script = `(sleep 1; echo late > ${file}) & sleep 60`
  const network = steps(0, { afterSetup: ['/bin/sh', '-c', script], afterSetupTimeoutMs: 300 })
  const started = Date.now()
  const { status, log } = await world.run(networked([], network))
  assert.ok(Date.now() - started < 20_000)
  assert.is(status[1], 'refused T 5 62')
  assert.match(log, 'it did not end within its time and was killed')
  assert.equal(interfaces(), names)
  await new Promise(resolve => setTimeout(resolve, 1_200))
  assert.not(existsSync(file))
})

contained('what a command leaves running ends with it', async () => {
  const file = join(world.dir, 'left')
  const script = `(sleep 1; echo left > ${file}) &`
  const network = steps(0, { afterSetup: ['/bin/sh', '-c', script] })
  const running = await world.start(networked(['sleep'], network))
  await running.sees('status', /started/)
  await new Promise(resolve => setTimeout(resolve, 1_200))
  assert.not(existsSync(file))
})

contained('SIGTERM ends a start whose command hangs', async () => {
  writeFileSync(join(world.dir, 'begun'), '')
  const script = `echo > ${join(world.dir, 'begun')}; trap "" TERM; sleep 60; sleep 60`
  const network = steps(0, { afterSetup: ['/bin/sh', '-c', script] })
  const running = await world.start(networked(['net'], network))
  await until('it hangs', () => readFileSync(join(world.dir, 'begun'), 'utf8') !== '')
  process.kill(running.pid, 'SIGTERM')
  const { code, status } = await running.over
  assert.is(code, 0)
  assert.equal(status, ['launched T', 'exited T 15 0 term'])
  assert.equal(interfaces(), names)
})

contained('a hundred containers leave nothing behind', async () => {
  for (let count = 0; count < 100; count++)
    assert.is((await world.run(networked([], steps(count % 4)))).code, 0)
  await isQuiet()
})

test.run()
