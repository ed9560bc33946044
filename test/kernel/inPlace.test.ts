/**
 * Goal: an exec that the kernel refuses changes nothing, and signals go on being heard; one that
 *   succeeds hands the watch of the status files on, the same one each time.
 * Method: a supervisor with a large environment, and a limit that no longer has room for it.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { descriptors } from '../../native/proc.ts'
import { skipUnless } from '../skip.ts'
import { inputsOf, kill, runs, sleeper, supervised, until } from './supervised.ts'
import type { Supervised } from './supervised.ts'
import { canContain, whyNot } from './world.ts'

const real = skipUnless(canContain, whyNot)

const count = (self: Supervised, type: string): number => inputsOf(self.turns(), type).length

const withLargeEnvironment = async (self: Supervised): Promise<void> => {
  const names = Array.from({ length: 9 }, (_, index) => `LITHOS_TEST_ROOM_${index}`)
  for (const name of names) process.env[name] = 'x'.repeat(100_000)
  try {
    await self.start()
  } finally {
    for (const name of names) delete process.env[name]
  }
}

/** A quarter of it is the room for words and environment. */
const limitStack = (self: Supervised, bytes: number): void =>
  void execFileSync('prlimit', ['--pid', String(self.tree().pid), `--stack=${bytes}:`])

const stillSupervises = async (self: Supervised): Promise<void> => {
  const app = self.appOf('web/app.0')
  kill(app)
  await until('what dies comes back', () => ![null, app].includes(self.appOf('web/app.0')))
  await runs(self, 'web/app.0')
}

const restarts = async (self: Supervised, signal: NodeJS.Signals): Promise<void> => {
  const before = count(self, 'tree.surveyed')
  kill(self.tree().pid, signal)
  await until('it is a new image', () => count(self, 'tree.surveyed') > before)
  const reason = inputsOf(self.turns(), 'tree.started').at(-1)?.['reason']
  assert.is(reason, `restarted in place (${signal})`)
}

real(
  'refused by the kernel: said, every signal is heard again; and then it works',
  supervised(async self => {
    self.configure({ app: { container: `${sleeper}restart-timeout: 0\n` } })
    await withLargeEnvironment(self)
    await runs(self, 'web/app.0')
    const { pid } = self.tree()
    limitStack(self, 2 << 20)
    for (const [index, signal] of (['SIGQUIT', 'SIGHUP'] as const).entries()) {
      kill(pid, signal)
      await until('it is refused', () => count(self, 'exec.refused') > index)
      assert.is(inputsOf(self.turns(), 'exec.refused').at(-1)?.['code'], 'E2BIG')
      await stillSupervises(self)
    }
    const blocked = /^SigBlk:\s*0+$/m
    assert.match(readFileSync(`/proc/${pid}/status`, 'utf8'), blocked, 'nothing is held back')
    assert.is(count(self, 'tree.started'), 1)

    limitStack(self, 8 << 20)
    await restarts(self, 'SIGUSR1')
    const open = () => descriptors(pid).map(([, target]) => target.replace(/\d+/g, 'N'))
    const watches = () => open().filter(target => target === 'anon_inode:inotify').length
    await stillSupervises(self)
    assert.is(watches(), 1)
    for (const signal of ['SIGQUIT', 'SIGUSR2', 'SIGHUP'] as const) {
      await restarts(self, signal)
      await stillSupervises(self)
      assert.is(watches(), 1, 'the watch goes on, and there is no second one')
    }
    assert.is(await self.stop(), 0)
    assert.equal(self.leftovers(), [])
  }),
)

real(
  'the directory in which it was started is gone: a restart in place',
  supervised(async self => {
    self.configure({ app: { container: sleeper } })
    const gone = mkdtempSync(join(tmpdir(), 'lithos-gone-'))
    const home = process.cwd()
    process.chdir(gone)
    try {
      await self.start()
    } finally {
      process.chdir(home)
      rmSync(gone, { recursive: true })
    }
    await runs(self, 'web/app.0')
    const app = self.appOf('web/app.0')
    await restarts(self, 'SIGHUP')
    assert.is(self.appOf('web/app.0'), app)
    await stillSupervises(self)
    assert.is(await self.stop(), 0)
    assert.equal(self.leftovers(), [])
  }),
)

test.run()
