/**
 * Goal: fork bombs, memory bombs and such end at the limits of their container; a ceiling of the
 * sandbox binds whatever the image asks; a kill for lack of memory is told as what it is, also by
 * the supervisor; H18: a limit rises and falls over the lives of a group.
 * Method: bombs in containers as configured, in cgroups of version 1; then under a supervisor.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import * as fs from 'node:fs'
import { join } from 'node:path'
import { findLayout, groupsOf } from '../../native/cgroup.ts'
import { imageDir } from '../../src/demo/world.ts'
import { skipUnless } from '../skip.ts'
import { compile } from './compile.ts'
import { planFor, printed, without } from './configured.ts'
import { inputsOf, supervised, until } from './supervised.ts'
import { canContain, ownWorld } from './world.ts'
import type { Outcome } from './world.ts'

const layout = findLayout({
  cgroupName: `lithos-hostile-${process.pid}`,
  controllers: ['memory', 'cpu', 'pids'],
})
const grouped = skipUnless(
  canContain && layout.problems.length === 0 && layout.v1.length === 3,
  'needs root, and memory, cpu and pids in cgroups of version 1',
)
const slices = layout.v1.map(({ slice }) => slice)
const scopes = groupsOf(layout, 'sb/p.0').v1.map(({ dir }) => dir)
const world = ownWorld(() => {
  compile('hostile.c', join(world.image, 'bin/hostile'), '-static')
  if (layout.problems.length === 0) for (const slice of slices) fs.mkdirSync(slice)
})
test.after(async () => {
  for (const group of [...scopes, ...slices])
    for (let tries = 0; fs.existsSync(group) && tries < 500; tries++)
      try {
        fs.rmdirSync(group)
      } catch {
        await new Promise(resolve => setTimeout(resolve, 10))
      }
})

const planWith = (words: readonly string[], container = '', sandbox = '') => {
  const lines = `user-id: 100\narguments: [${words.join(', ')}]\n${container}`
  return planFor(world, lines, { program: '/bin/hostile', layout, sandbox })
}

const run = (words: readonly string[], container = '', sandbox = ''): Promise<Outcome> =>
  world.run(planWith(words, container, sandbox))

const valueOf = (name: string): string =>
  scopes
    .map(scope => join(scope, name))
    .filter(file => fs.existsSync(file))
    .map(file => fs.readFileSync(file, 'utf8').trim())
    .join()

grouped('a fork bomb ends at pids-limit, in either file', async () => {
  const bombs = [
    await run(['fork-bomb=500'], 'pids-limit: 20\n'),
    await run(['fork-bomb=500'], '', 'pids-limit: 20\n'),
    await run(['fork-bomb=500'], 'pids-limit: 300\n', 'pids-limit: 20\n'),
  ]
  for (const outcome of bombs) assert.equal(printed(outcome), ['forked 19: EAGAIN'])
  assert.equal(printed(await run(['fork-bomb=50'])), ['forked 50: no end'], 'and nobody else')
})

grouped('descriptors end at fileno-limit, which the sandbox bounds', async () => {
  const outcome = await run(['open-all', 'call=1'], 'fileno-limit: 64\n', 'fileno-limit: 32\n')
  assert.match(outcome.output, 'then: EMFILE')
  const { steps } = planWith([], 'fileno-limit: 64\n', 'fileno-limit: 32\n')
  assert.equal(
    steps.filter(step => step.do === 'limitFiles'),
    [{ do: 'limitFiles', max: 32 }],
  )
})

const limit = 32 * 1024 * 1024

grouped('a memory bomb is killed, and the knot lives to tell of what', async () => {
  const { code, status, log, output } = await run(['eat=100'], 'memory-limit: 32Mi\n')
  assert.is(code, 2)
  assert.match(status.at(-1)!, new RegExp(`^exited T 9 T itself oom=1/${limit}$`))
  for (const text of [log, output])
    assert.match(
      text,
      /SIGKILL\[9\], uptime \d+s, for lack of memory \(memory-limit is 33554432 bytes\)/,
    )
})

grouped('a bomb that is bounded by the sandbox only', async () => {
  const { status } = await run(['eat=100'], '', 'memory-limit: 32Mi\n')
  assert.match(status.at(-1)!, `oom=1/${limit}`)
})

grouped('a child that was killed is counted, and what was before this life is not', async () => {
  const { status, log } = await run(['eat-in-child=100'], 'memory-limit: 32Mi\n')
  assert.match(status.at(-1)!, new RegExp(`^exited T 0 T itself oom=1/${limit}$`))
  assert.match(log, 'exited with code 0, uptime 0s, killed for lack of memory before it: 1 (')
  const later = await run(['eat=1'], 'memory-limit: 32Mi\n')
  assert.match(later.status.at(-1)!, /^exited T 0 T itself$/)
})

grouped('where nobody counts, an end is told as it was before', async () => {
  const plan = without(planWith(['eat=100'], 'memory-limit: 32Mi\n'), 'countKills')
  const { status, log } = await world.run(plan)
  assert.match(status.at(-1)!, /^exited T 9 T itself$/)
  assert.match(log, /killed by signal SIGKILL\[9\], uptime \d+s\n/)
})

grouped('H18: limits rise and fall, and what is not asked for any more is set back', async () => {
  for (const mebibytes of [64, 32, 128, 16]) {
    const { log } = await run(['eat=1'], `memory-limit: ${mebibytes}Mi\n`)
    assert.not.match(log, 'cgroup limit')
    const bytes = String(mebibytes * 1024 * 1024)
    assert.is(valueOf('memory.limit_in_bytes'), bytes)
    assert.is(valueOf('memory.memsw.limit_in_bytes'), bytes)
  }
  const { log } = await run(['eat=1'], 'memory-high: 8Mi\ncpu-quota: 150%\n')
  assert.not.match(log, 'cgroup limit')
  assert.is(valueOf('memory.soft_limit_in_bytes'), String(8 * 1024 * 1024))
  assert.is(valueOf('cpu.cfs_quota_us'), '150000')
  await run(['eat=1'])
  assert.ok(BigInt(valueOf('memory.soft_limit_in_bytes')) > 2n ** 60n)
  assert.ok(BigInt(valueOf('memory.limit_in_bytes')) > 2n ** 60n)
  assert.is(valueOf('cpu.cfs_quota_us'), '-1')
})

grouped('a ceiling that is lower than what the image asks for wins', async () => {
  const asked = 'memory-limit: 1Gi\ncpu-shares: 4096\ncpu-quota: 400\nmemory-high: 1Gi\n'
  const ceiling = 'memory-limit: 64Mi\ncpu-shares: 512\ncpu-quota: 50\nmemory-high: 32Mi\n'
  await run(['eat=1'], asked, ceiling)
  assert.is(valueOf('memory.limit_in_bytes'), String(64 * 1024 * 1024))
  assert.is(valueOf('memory.soft_limit_in_bytes'), String(32 * 1024 * 1024))
  assert.is(valueOf('cpu.shares'), '512')
  assert.is(valueOf('cpu.cfs_quota_us'), '50000')
})

grouped(
  'the supervisor names it: in its log, its journal, ps and why',
  supervised(async self => {
    const container = 'executable: /bin/hostile\narguments: [eat=100]\nmemory-limit: 32Mi\n'
    self.configure({ app: { container: `${container}restart-timeout: 60\n` } })
    compile('hostile.c', join(imageDir(self.world, 'img'), 'bin/hostile'), '-static')
    await self.start()
    await until('it was killed', () => inputsOf(self.turns(), 'knot.exited').length > 0)
    const [fact] = inputsOf(self.turns(), 'knot.exited')
    assert.equal(fact!['oom'], { kills: 1, limit })
    const words = 'killed by signal SIGKILL[9], for lack of memory (memory-limit is 32Mi)'
    assert.is(self.ps()[0]?.last_exit, words)
    const why = self.command('lithos', 'journal', 'why', 'web/app.0', '-C', self.world.master)
    assert.match(why, /SIGKILL\[9\] after .*, for lack of memory \(memory-limit is 32Mi\)/)
    const told = 'for lack of memory (memory-limit is 32Mi)'
    await until('the log says so', () => self.log('master.log').includes(told))
    assert.is(await self.stop(), 0)
    assert.equal(self.leftovers(), [])
  }),
)

test.run()
