/**
 * Goal: a clock that is set, by hours and days in both directions, neither hurries nor holds up
 *   anybody: not what is started again along a curve or after its restart-timeout, not what does
 *   not get ready in time, not a supervisor that is executed anew or follows one that was killed.
 * Method: a supervisor whose wall clock is ours, by LD_PRELOAD; what happened is read in the
 *   journal, whose instants of CLOCK_MONOTONIC nobody shifts. The knot is static, and reads the
 *   wall clock for its log only.
 */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as assert from 'uvu/assert'
import { test } from 'uvu'
import { skipUnless } from '../skip.ts'
import { compile } from './compile.ts'
import { freePort, restarted } from './serving.ts'
import { inputsOf, kill, runs, sleeper, supervised, until } from './supervised.ts'
import type { Supervised } from './supervised.ts'
import { canContain, whyNot } from './world.ts'

const real = skipUnless(canContain, whyNot)
const hour = 3_600
const day = 24 * hour

const ending = 'executable: /bin/guest\narguments: [exit, "3"]\n'

/** What is started with it reads the clock that `set` sets. */
const shifted = async (
  self: Supervised,
  use: (set: (seconds: number) => void) => Promise<void>,
) => {
  const [library, file] = [join(self.world.root, 'shift.so'), join(self.world.root, 'shift')]
  const set = (seconds: number): void => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64LE(BigInt(seconds))
    writeFileSync(file, bytes, { flag: 'r+' })
  }
  compile('shift.c', library, '-shared', '-fPIC')
  writeFileSync(file, Buffer.alloc(8))
  // The launcher has a library of its own to load.
  const node = join(self.world.root, 'node')
  const line = `LD_PRELOAD="${library} $LD_PRELOAD" exec ${process.execPath} "$@"`
  writeFileSync(node, `#!/bin/sh\n${line}\n`, { mode: 0o755 })
  const { env } = process
  try {
    Object.assign(env, { LITHOS_NODE: node, CLOCK_SHIFT: file })
    await use(set)
  } finally {
    delete env['LITHOS_NODE']
    delete env['CLOCK_SHIFT']
  }
}

/** Instants at which it was launched. */
const launches = (self: Supervised, instance: string): readonly number[] =>
  self
    .turns()
    .flatMap(({ inputs, effects }) =>
      effects
        .filter(effect => effect.type === 'launch' && effect['instance'] === instance)
        .map(() => Number(inputs[0]?.['mono'])),
    )

const restless = ['curve', 'paced', 'never'].map(process => `web/${process}.0`)

/** Nobody is held up: all of them are started once more. */
const goesOn = async (self: Supervised, when: string): Promise<void> => {
  const before = restless.map(name => launches(self, name).length)
  await until(`all are started again ${when}`, () =>
    restless.every((name, index) => launches(self, name).length > (before[index] as number)),
  )
}

real(
  'the clock is set while applications end, wait and do not get ready',
  supervised(async self => {
    const port = await freePort()
    self.configure({
      steady: { container: sleeper },
      curve: {
        container:
          `${ending}restart-timeout: 0\n` +
          'backoff: {initial: 0.2, factor: 2, max: 0.8, jitter: 0}\n',
      },
      paced: { container: `${ending}restart-timeout: 1\n` },
      never: {
        container: `${sleeper}restart-timeout: 0\nready: {tcp: ${port}, timeout: 0.5}\n`,
      },
    })
    await shifted(self, async set => {
      await self.start()
      await runs(self, 'web/steady.0')
      const steady = self.knotOf('web/steady.0')
      for (const seconds of [3 * hour, 5 * day, -5 * day, -3 * hour]) {
        set(seconds)
        const began = Date.now() + (seconds - hour / 2) * 1_000
        await goesOn(self, `after the clock was set by ${seconds} s`)
        const { inputs = [] } = self.turns().at(-1) ?? {}
        const at = Number(inputs[0]?.['at'])
        assert.ok(at > began && at < began + hour * 1_000, `its clock was not shifted: ${at}`)
      }
      await restarted(self, 'SIGQUIT')
      set(2 * day)
      await goesOn(self, 'after an exec')
      kill(self.tree().pid)
      await self.tree().ended
      set(-2 * day)
      await self.start()
      await goesOn(self, 'after the death of the supervisor')
      assert.is(self.knotOf('web/steady.0'), steady, 'who runs is left alone')
      assert.is(inputsOf(self.turns(), 'app.started').filter(isSteady).length, 1)
    })
    const least = { 'web/curve.0': 200, 'web/paced.0': 1_000, 'web/never.0': 500 }
    for (const [name, ms] of Object.entries(least)) {
      const starts = launches(self, name)
      for (const [index, start] of starts.slice(1).entries())
        assert.ok(start - (starts[index] as number) >= ms, `${name}, start ${index + 2}: too soon`)
    }
    const why = self.command('lithos', 'journal', 'why', '-C', self.world.master, 'web/curve.0')
    assert.not.match(why, /next try in \S*[hd]/)
    assert.is(await self.stop(), 0)
    assert.equal(self.leftovers(), [])
  }),
)

const isSteady = ({ instance }: Readonly<Record<string, unknown>>) => instance === 'web/steady.0'

test('the knot and the library read the wall clock for nothing but the time of a line', () => {
  const native = fileURLToPath(new URL('../../native', import.meta.url))
  const readers = readdirSync(native)
    .filter(name => /\.[ch]$/.test(name))
    .filter(name =>
      /CLOCK_REALTIME|CLOCK_TAI|gettimeofday|\btime\(/.test(
        readFileSync(join(native, name), 'utf8'),
      ),
    )
  assert.equal(readers, ['say.c'])
})

test.run()
