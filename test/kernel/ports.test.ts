/**
 * Goal: a process is given the sockets that its configuration names, in the manner it names, and
 *   no other descriptor; what cannot be opened is told and tried again.
 * Method: the real commands on the real kernel, with an application that tells what it was given.
 */
import { createServer } from 'node:net'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { knots } from '../../src/demo/world.ts'
import { skipUnless } from '../skip.ts'
import { addServer, ask, freePort, inodeOf, keepersOf } from './serving.ts'
import { killIfThere, restarted, serving, surveyed } from './serving.ts'
import { inputsOf, kill, run, runs, supervised, until } from './supervised.ts'
import { canContain, whyNot } from './world.ts'

const real = skipUnless(canContain, whyNot)

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
  'a port that somebody else has: told, and tried again',
  supervised(async self => {
    addServer(self)
    const port = await freePort()
    const thief = createServer().listen(port, '0.0.0.0')
    await new Promise(resolve => thief.once('listening', resolve))
    try {
      self.configure({ app: serving(['3'], { [String(port)]: 'fd: 3' }, 2) })
      await self.start()
      await until('it was refused', () => inputsOf(self.turns(), 'knot.refused').length >= 2)
      const [refusal] = inputsOf(self.turns(), 'knot.refused')
      assert.equal(
        [refusal?.['step'], refusal?.['about'], refusal?.['code']],
        ['opening the socket', `0.0.0.0:${port}`, 'EADDRINUSE'],
      )
      const told = `"web/app.0": opening the socket "0.0.0.0:${port}": address already in use`
      await until('the log says so', () =>
        self.log('master.log').includes(`Error starting ${told}`),
      )
      assert.equal(keepersOf(self), [])
    } finally {
      await new Promise(resolve => thief.close(resolve))
    }
    await runs(self, 'web/app.0', 'web/app.1')
    assert.match(await ask(port), /^fd 3 /)
  }),
)

real(
  'reuse-port: each start has a socket of its own, which ends with it',
  supervised(async self => {
    addServer(self)
    const [a, b] = [await freePort(), await freePort()]
    self.configure({
      app: serving(['6', '7'], { [String(a)]: 'fd: 6, reuse-port: true', [String(b)]: 'fd: 7' }, 2),
    })
    await self.start()
    await runs(self, 'web/app.0', 'web/app.1')
    const inodes = ['web/app.0', 'web/app.1'].map(name => [6, 7].map(fd => inodeOf(self, name, fd)))
    assert.is.not(inodes[0]?.[0], inodes[1]?.[0], 'each its own')
    assert.is(inodes[0]?.[1], inodes[1]?.[1], 'the same')
    assert.equal(
      inputsOf(self.turns(), 'socket.opened').map(({ key }) => key),
      [`tcp:0.0.0.0:${b}`],
    )
    kill(self.tree().pid)
    await self.tree().ended
    await self.start()
    await until('it serves', () => surveyed(self) === 2)
    const app = self.appOf('web/app.0')
    kill(app)
    await until('it runs again', () => ![null, app].includes(self.appOf('web/app.0')))
    await runs(self, 'web/app.0', 'web/app.1')
    assert.match(await ask(a), /^fd 6 /)
    for (const name of ['web/app.0', 'web/app.1']) killIfThere(self.knotOf(name))
    self.configure({})
    await restarted(self, 'SIGHUP')
    await until('all is gone', () => knots(self.world).size === 0)
    // The last one who held it may be on his way out, and is called for nothing then.
    let answer = await ask(a)
    while (answer === 'ECONNRESET') answer = await ask(a)
    assert.is(answer, 'ECONNREFUSED')
  }),
)

real(
  'activation as of systemd, and a restart in its place keeps the sockets',
  supervised(async self => {
    addServer(self)
    const [a, b] = [await freePort(), await freePort()]
    self.configure({
      app: {
        entry: `  variables: { zebra: ${a}, apple: ${b} }\n`,
        container:
          'executable: /bin/serve\nrestart-timeout: 0\nrestart-process-only: true\nvariables:\n' +
          '  zebra: !TcpPort { activation: systemd }\n  apple: !TcpPort { activation: systemd }\n',
      },
    })
    await self.start()
    await runs(self, 'web/app.0')
    assert.match(await ask(b), /^fd 3 pid 2 .* open 0 1 2 3 4\n$/)
    assert.match(await ask(a), /^fd 4 pid 2 .* open 0 1 2 3 4\n$/)
    assert.match(self.log('stderr/web.log'), /serving 2 names apple:zebra\n/)
    const [knot, app] = [self.knotOf('web/app.0'), self.appOf('web/app.0')]
    kill(app)
    await until('it runs again', () => ![null, app].includes(self.appOf('web/app.0')))
    assert.match(await ask(a), /^fd 4 pid 3 .* open 0 1 2 3 4\n$/)
    assert.is(self.knotOf('web/app.0'), knot)
  }),
)

test.run()
