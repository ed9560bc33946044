/**
 * Goal: links that a container has planted in its volumes, or an image holds, lead nowhere
 * outside; rows S1, S2 and S10 of the list of what a container may never do.
 * Method: hostile images and volumes, with a file on the host that tells when it was reached; a
 * racer that exchanges a directory and a link while containers start.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { spawn, spawnSync } from 'node:child_process'
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Step } from '../../native/plan.ts'
import { skipUnless } from '../skip.ts'
import { compile } from './compile.ts'
import { canContain, mountsOf, ownWorld, planOf, whyNot } from './world.ts'

const contained = skipUnless(canContain, whyNot)
const outside = (): string => join(world.dir, 'outside')
const volume = (): string => join(world.dir, 'volume')

const links = ['absolute', 'relative', 'dangling', 'magic'] as const

/** Where a link of each kind points that wants to leave. */
const aim = (kind: (typeof links)[number]): string =>
  ({
    absolute: outside(),
    relative: `../../../../../../../../..${outside()}`,
    dangling: join(outside(), 'new'),
    magic: '/proc/1/root' + outside(),
  })[kind]

const world = ownWorld(() => {
  mkdirSync(outside())
  writeFileSync(join(outside(), 'secret'), 'of the host\n')
  for (const kind of links) {
    symlinkSync(aim(kind), join(volume(), kind))
    symlinkSync(aim(kind), join(world.image, kind))
  }
})
test.after.each(() => {
  if (canContain) assert.equal(readdirSync(outside()), ['secret'], 'nothing was made outside')
})

const owner = { mode: 0o777, uid: 1, gid: 1, always: true } as const

for (const kind of links) {
  contained(`S1: a directory is never made or owned through a ${kind} link`, async () => {
    for (const path of [`${kind}`, `${kind}/made`, `${kind}/a/b`]) {
      const before: Step[] = [{ do: 'makeDir', base: volume(), path, ...owner }]
      const { status } = await world.run(planOf(world, [], { before }))
      assert.match(status[1]!, /^refused T 3 (2|20|40)$/)
    }
  })

  contained(`S1: a file is never written or copied through a ${kind} link`, async () => {
    const steps: Step[] = [
      { do: 'writeFile', base: volume(), path: kind, text: 'x', mode: 0o777 },
      { do: 'writeFile', base: volume(), path: `${kind}/secret`, text: 'x', mode: 0o777 },
      { do: 'copyFile', source: '/etc/hostname', base: volume(), path: `${kind}/secret` },
    ]
    for (const step of steps) {
      const { status } = await world.run(planOf(world, [], { before: [step] }))
      assert.match(status[1]!, /^refused T 3 /, step.do)
    }
    assert.is(readFileSync(join(outside(), 'secret'), 'utf8'), 'of the host\n')
  })

  contained(`S1 S37: nothing of the host is bound through a ${kind} link in a volume`, async () => {
    const before: Step[] = [{ do: 'bind', base: volume(), path: kind, target: '/data', flags: {} }]
    const { status } = await world.run(planOf(world, ['cat=/data/secret'], { before }))
    assert.match(status[1]!, /^refused T 3 (2|40)$/)
  })

  contained(`S1: nothing is mounted outside through a ${kind} link in an image`, async () => {
    const steps: Step[] = [
      { do: 'bind', base: volume(), path: '/', target: `/${kind}`, flags: {} },
      { do: 'mount', type: 'tmpfs', target: `/${kind}`, options: [], flags: {} },
      { do: 'openOutput', path: `/${kind}` },
      { do: 'openOutput', path: `/${kind}/secret` },
    ]
    for (const step of steps) {
      const { status } = await world.run(planOf(world, [], { before: [step] }))
      assert.match(status[1]!, /^refused T 3 (2|20|40)$/, step.do)
    }
  })
}

contained('a link inside a volume or an image is followed inside it', async () => {
  mkdirSync(join(volume(), 'real'), { recursive: true })
  symlinkSync('/real', join(volume(), 'inner'))
  symlinkSync('/data', join(world.image, 'inner'))
  const before: Step[] = [
    { do: 'makeDir', base: volume(), path: '/inner/below', ...owner },
    { do: 'writeFile', base: volume(), path: '/inner/below/file', text: 'found\n', mode: 0o644 },
    { do: 'bind', base: volume(), path: '/inner', target: '/inner', flags: {} },
  ]
  const { output } = await world.run(planOf(world, ['cat=/data/below/file'], { before }))
  assert.match(output, 'found\n')
  assert.ok(existsSync(join(volume(), 'real/below')))
})

contained(
  'S27: a file of ours is neither a link nor a pipe that somebody has put there',
  async () => {
    const base = join(world.dir, 'state')
    writeFileSync(join(base, 'other'), 'untouched\n')
    symlinkSync('other', join(base, 'link'))
    assert.is(spawnSync('mkfifo', [join(base, 'pipe')]).status, 0)
    for (const [path, errno] of [
      ['link', 40],
      ['pipe', 6],
    ] as const)
      for (const step of [
        { do: 'writeFile', base, path, text: 'x', mode: 0o644 },
        { do: 'copyFile', source: '/etc/hostname', base, path },
      ] as const) {
        const { status } = await world.run(planOf(world, [], { before: [step] }))
        assert.is(status[1], `refused T 3 ${errno}`, `${step.do} ${path}`)
      }
    assert.is(readFileSync(join(base, 'other'), 'utf8'), 'untouched\n')
    // One that somebody reads can be opened, and one that is bound would be read for ever.
    const reader = openSync(join(base, 'pipe'), constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      for (const step of [
        { do: 'writeFile', base, path: 'pipe', text: 'x', mode: 0o644 },
        { do: 'bindFile', base, path: 'pipe', target: '/etc/hosts', ifRegular: false },
      ] as const) {
        const { status } = await world.run(planOf(world, [], { before: [step] }))
        assert.is(status[1], 'refused T 3 22', step.do)
      }
    } finally {
      closeSync(reader)
    }
  },
)

contained('S2: an image whose /dev, /proc or /sys is a link is refused', async () => {
  for (const place of ['dev', 'proc', 'sys']) {
    rmSync(join(world.image, place), { recursive: true })
    symlinkSync('/data', join(world.image, place))
    const steps: Step[] = [
      { do: 'mount', type: 'proc', target: `/${place}`, options: [], flags: {} },
      { do: 'bind', base: volume(), path: '/', target: `/${place}`, flags: {} },
      { do: 'mount', type: 'devpts', target: `/${place}/pts`, options: [], flags: {} },
    ]
    for (const step of steps) {
      const { status, log } = await world.run(planOf(world, [], { before: [step] }))
      assert.equal(status[1], 'refused T 3 40')
      assert.match(log, '(os error 40): a link stands where none may be')
    }
    rmSync(join(world.image, place))
    mkdirSync(join(world.image, place))
  }
})

contained('a file is not bound over a link, even if it leads to a regular file', async () => {
  symlinkSync('hosts', join(world.image, 'etc/link'))
  symlinkSync('/etc', join(world.image, 'linked'))
  const base = join(world.dir, 'state')
  for (const [target, errno] of [
    ['/etc/link', 22],
    ['/linked/hosts', 40],
  ] as const) {
    const before = (ifRegular: boolean): Step[] => [
      { do: 'writeFile', base, path: 'file', text: 'bound\n', mode: 0o644 },
      { do: 'bindFile', base, path: 'file', target, ifRegular },
    ]
    const quiet = await world.run(planOf(world, ['cat=/etc/hosts'], { before: before(true) }))
    assert.match(quiet.output, 'of the image')
    const strict = await world.run(planOf(world, [], { before: before(false) }))
    assert.is(strict.status[1], `refused T 4 ${errno}`)
  }
})

contained('S27: output is never opened in /proc or /sys, nor through a link', async () => {
  symlinkSync('/proc/sys/kernel', join(volume(), 'kernel'))
  symlinkSync('/other/real/log', join(volume(), 'log'))
  const before: Step[] = [
    { do: 'mount', type: 'proc', target: '/proc', options: [], flags: {} },
    { do: 'bind', base: volume(), path: '/', target: '/other', flags: {} },
  ]
  for (const [path, errno] of [
    ['/proc/sys/kernel/core_pattern', 13],
    ['/other/kernel/core_pattern', 13],
    ['/other/log', 40],
  ] as const) {
    const step: Step = { do: 'openOutput', path }
    const { status } = await world.run(planOf(world, [], { before: [...before, step] }))
    assert.is(status[1], `refused T 5 ${errno}`)
  }
})

contained('S1 S37: a directory that turns into a link, again and again, wins no race', async () => {
  compile('racer.c', join(world.dir, 'racer'))
  const base = join(world.dir, 'raced')
  mkdirSync(join(base, 'spot'), { recursive: true })
  symlinkSync(outside(), join(base, 'link'))
  const racer = spawn(join(world.dir, 'racer'), [join(base, 'spot'), join(base, 'link')], {
    stdio: 'ignore',
  })
  try {
    for (let i = 0; i < 40; i++)
      for (const step of [
        { do: 'makeDir', base, path: `spot/${i}/x`, ...owner } as const,
        { do: 'writeFile', base, path: `spot/f${i}`, text: 'x', mode: 0o644 } as const,
        { do: 'bind', base, path: 'spot', target: '/data', flags: {} } as const,
      ]) {
        const plan = planOf(world, ['cat=/data/secret'], { before: [step] })
        const { output } = await world.run(plan)
        assert.not.match(output, 'of the host')
      }
  } finally {
    racer.kill('SIGKILL')
  }
})

contained('S10: all that was mounted is gone', () => {
  assert.equal(mountsOf(world), [])
})

test.run()
