/**
 * Goal: `lithos_check` warns of a port on which somebody else listens, and never of one that lithos
 *   itself holds: for a container, in one, or for one that is not there for a moment.
 * Method: the real commands on the real kernel.
 */
import { createServer } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { skipUnless } from '../skip.ts'
import { addServer, ask, freePort, keepersOf, serving } from './serving.ts'
import { kill, run, runs, supervised } from './supervised.ts'
import type { Supervised } from './supervised.ts'
import { canContain, whyNot } from './world.ts'

const real = skipUnless(canContain, whyNot)

/** Only a failing test asks so often. */
const answers = async (port: number): Promise<void> => {
  let answer = ''
  for (let tries = 600; tries > 0 && !/^(?:I|fd 3 .*)\s*$/.test(answer); tries--) {
    answer = await ask(port)
    await setTimeout(20)
  }
  assert.match(answer, /^(?:I|fd 3 )/)
}

const said = (self: Supervised): readonly string[] => {
  const { stdout, stderr } = run('lithos_check', '--config', self.world.master)
  return (stdout + stderr).split('\n').filter(line => line.includes('cannot be bound'))
}

real(
  'a port is that of a running container, whoever holds it open for it',
  supervised(async self => {
    addServer(self)
    const [opened, bound] = [await freePort(), await freePort()]
    self.configure({
      app: serving(['3'], { [String(opened)]: 'fd: 3' }),
      own: {
        entry: `  variables: {port: ${bound}}\n`,
        container:
          'executable: /bin/guest\narguments: ["serve=0.0.0.0,@{port}=I", sleep]\n' +
          'variables: {port: !TcpPort }\n',
      },
    })
    await self.start()
    await runs(self, 'web/app.0', 'web/own.0')
    await answers(opened)
    await answers(bound)
    assert.equal(said(self), [])
    kill(self.tree().pid)
    await self.tree().ended
    assert.is(keepersOf(self).length, 1)
    assert.equal(said(self), [])
    await self.start()
    assert.is(await self.stop(), 0)
    const thief = createServer().listen(opened, '0.0.0.0')
    await new Promise(resolve => thief.once('listening', resolve))
    try {
      const lines = said(self)
      assert.is(lines.length, 1, lines.join('\n'))
      assert.match(
        lines[0]!,
        `warning: Port ${opened} of web/app cannot be bound as long as process ${process.pid} (`,
      )
    } finally {
      await new Promise(resolve => thief.close(resolve))
    }
    assert.equal(said(self), [])
  }),
)

test.run()
