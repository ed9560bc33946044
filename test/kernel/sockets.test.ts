/**
 * Goal: a port that is wanted stays open, whatever happens to the supervisor, to those who use it,
 *   and to the keeper; and one that is not wanted is closed.
 * Method: the real commands on the real kernel, with an application that answers whoever connects.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { skipUnless } from '../skip.ts'
import { addServer, ask, freePort, keepersOf, serving } from './serving.ts'
import { inputsOf, kill, run, runs, supervised, until } from './supervised.ts'
import type { Supervised } from './supervised.ts'
import { canContain, whyNot } from './world.ts'

const real = skipUnless(canContain, whyNot)

const surveyed = (self: Supervised): number => inputsOf(self.turns(), 'tree.surveyed').length

const restarted = async (self: Supervised, signal: NodeJS.Signals): Promise<void> => {
  const before = surveyed(self)
  kill(self.tree().pid, signal)
  await until(`it serves after ${signal}`, () => surveyed(self) > before)
}

real(
  'a port is shared by the instances, at the descriptors that were asked for',
  supervised(async self => {
    addServer(self)
    const [a, b] = [await freePort(), await freePort()]
    self.configure({
      app: serving(
        ['0', '7'],
        { [String(a)]: 'fd: 0', [String(b)]: 'fd: 7, set-non-block: true' },
        2,
      ),
    })
    await self.start()
    await runs(self, 'web/app.0', 'web/app.1')
    assert.match(await ask(a), /^fd 0 pid 2 owner 1000:0 blocking 1 open 0 1 2 7\n$/)
    assert.match(await ask(b), /^fd 7 pid 2 owner 1000:0 blocking 0 open 0 1 2 7\n$/)
    assert.is(inputsOf(self.turns(), 'socket.opened').length, 2)
    assert.is(keepersOf(self).length, 1)
    assert.is(await self.stop(), 0)
    assert.is(await ask(a), 'ECONNREFUSED')
    assert.equal(self.leftovers(), [])
    assert.match(
      run('lithos', 'journal', 'verify', '-C', self.world.master).stdout,
      / 0 findings\n/,
    )
  }),
)

real(
  'a port is open while all who use it are dead, over QUIT, SEGV and KILL of the supervisor',
  supervised(async self => {
    addServer(self)
    const port = await freePort()
    self.configure({ app: serving(['3'], { [String(port)]: 'fd: 3' }, 2, 'restart-timeout: 600') })
    await self.start()
    await runs(self, 'web/app.0', 'web/app.1')
    for (const instance of ['web/app.0', 'web/app.1']) kill(self.appOf(instance))
    await until('both are dead', () => self.ps().every(({ state }) => state === 'backoff'))
    const isKept = async (when: string): Promise<void> =>
      assert.is(await ask(port, '127.0.0.1', 50), 'silence', when)
    await isKept('while they are dead')
    for (const signal of ['SIGQUIT', 'SIGSEGV'] as const) {
      await restarted(self, signal)
      await isKept(signal)
    }
    for (let times = 0; times < 3; times++) {
      kill(self.tree().pid)
      await self.tree().ended
      await isKept('while there is no supervisor')
      await self.start()
      await until('it serves', () => inputsOf(self.turns(), 'tree.surveyed').length > times + 3)
      await isKept('SIGKILL')
    }
    const froms = inputsOf(self.turns(), 'socket.recovered').map(({ from }) => from)
    assert.equal(froms, ['exec', 'exec', 'keeper', 'keeper', 'keeper'])
    await until('there is one keeper', () => keepersOf(self).length === 1)
    assert.is(await self.stop(), 0)
    assert.is(await ask(port), 'ECONNREFUSED')
    assert.equal(self.leftovers(), [])
  }),
)

test.run()
