/**
 * Goal: when everybody dies at once, also while the supervisor is killed or its memory is short,
 *   every death is known with its status, once, and everybody comes back.
 * Method: a crowd of instances, SIGKILL to all applications without a pause, the journal read
 *   afterwards. CROWD=1000 makes it larger.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { neverLaunched } from '../../machines/again.ts'
import { childrenOf } from '../../native/proc.ts'
import { knots, program } from '../../src/demo/world.ts'
import { skipUnless } from '../skip.ts'
import { kill, sleeper, supervised, until } from './supervised.ts'
import type { Supervised, Turn } from './supervised.ts'
import { canContain, whyNot } from './world.ts'

const real = skipUnless(canContain, whyNot)
const crowd = Number(process.env['CROWD'] ?? 150)

const roomKb = 64 << 10

const applications = (self: Supervised): readonly number[] =>
  [...knots(self.world).values()].flatMap(knot => childrenOf(knot))

/** All of it: the hot journal alone begins at its last checkpoint. */
const inputs = (self: Supervised) =>
  execFileSync(program('lithos'), ['journal', 'show', '-C', self.world.master, '--json'], {
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  })
    .split('\n')
    .filter(line => line.startsWith('{'))
    .flatMap(line => (JSON.parse(line) as Partial<Turn>).inputs ?? [])

const everybodyDies = async (self: Supervised, between: () => Promise<void>): Promise<void> => {
  self.configure({ app: { container: `${sleeper}restart-timeout: 0\n`, instances: crowd } })
  await self.start()
  await until('all run', () => applications(self).length === crowd)
  const started = () => inputs(self).filter(({ type }) => type === 'app.started').length
  await until('all are known to run', () => started() >= crowd)
  const before = applications(self)
  for (const pid of before) kill(pid)
  await between()
  await until('all run again', () => {
    const now = new Set(applications(self))
    return now.size === crowd && before.every(pid => !now.has(pid))
  })
  // A supervisor that is killed between a turn and its launches says so of each: nobody has died.
  const ends = inputs(self).filter(
    ({ type, code }) =>
      type === 'knot.exited' || (type === 'knot.refused' && code !== neverLaunched),
  )
  assert.is(new Set(ends.map(({ instance }) => instance)).size, crowd, 'every one is known')
  assert.is(ends.length, crowd, 'once')
  assert.equal([...new Set(ends.map(({ app }) => app))], [9], 'with its status')
  assert.is(await self.stop(), 0)
  assert.equal(self.leftovers(), [])
}

real(
  `${crowd} die at once`,
  supervised(self => everybodyDies(self, async () => {})),
)

real(
  `${crowd} die at once, and the supervisor among them`,
  supervised(self =>
    everybodyDies(self, async () => {
      kill(self.tree().pid)
      await self.tree().ended
      await self.start()
    }),
  ),
)

real(
  `${crowd} die at once under a supervisor that gets no more memory`,
  supervised(self =>
    everybodyDies(self, async () => {
      const { pid } = self.tree()
      const status = readFileSync(`/proc/${pid}/status`, 'utf8')
      const peak = Number(/^VmPeak:\s+(\d+) kB$/m.exec(status)?.[1])
      // It differs from host to host; and the next image, should there be one, needs a gibibyte.
      const bytes = Math.max((peak + roomKb) * 1024, 1_200_000_000)
      execFileSync('prlimit', ['--pid', String(pid), `--as=${bytes}`])
    }),
  ),
)

test.run()
