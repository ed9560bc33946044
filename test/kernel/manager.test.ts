/**
 * Goal: under a service manager with a descriptor store a port survives the death of everybody
 *   else who has it; and the manager is told what it has to know, in both kinds of places.
 * Method: a small manager in C starts the real supervisor and keeps what it is sent.
 */
import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { program } from '../../src/demo/world.ts'
import { skipUnless } from '../skip.ts'
import { compile } from './compile.ts'
import { addServer, ask, freePort, keepersOf, killIfThere, serving, surveyed } from './serving.ts'
import { inputsOf, kill, supervised, until } from './supervised.ts'
import { canContain, whyNot } from './world.ts'

const real = skipUnless(canContain, whyNot)

for (const kind of ['a path', 'an abstract name'])
  real(
    `the manager keeps what everybody else has lost, and is told (${kind})`,
    supervised(async self => {
      const { root, master } = self.world
      addServer(self)
      compile('manager.c', join(root, 'manager'), '-Wno-stringop-truncation')
      const port = await freePort()
      self.configure({ app: serving(['3'], { [String(port)]: 'fd: 3' }) })
      const channel = kind === 'a path' ? join(root, 'notify') : `@lithos-test-${process.pid}`
      const output = openSync(join(root, 'manager.out'), 'a')
      const words = [channel, program('lithos_tree'), '--config', master]
      const manager = spawn(join(root, 'manager'), words, { stdio: ['ignore', output, output] })
      closeSync(output)
      const said = (): string => readFileSync(join(root, 'manager.out'), 'utf8')
      const treePid = (): number => Number(readFileSync(join(root, 'run/master.pid'), 'utf8'))
      try {
        await until('the socket is stored', () => said().includes(', 1 stored'))
        await until('it runs', () => self.appOf('web/app.0') !== null)
        assert.match(await ask(port), /^fd 3 /)
        kill(treePid(), 'SIGHUP')
        await until('it is ready again', () => said().split('told READY=1').length === 3)
        assert.match(said(), /told READY=1\n(.*\n)*told RELOADING=1\n(.*\n)*told READY=1\n/)
        const before = surveyed(self)

        // Everybody who has it, at once; the supervisor first, so that nobody is started anew.
        for (const pid of [treePid(), ...keepersOf(self)]) kill(pid)
        killIfThere(self.knotOf('web/app.0'))
        await until('it serves', () => surveyed(self) > before)
        const holders = inputsOf(self.turns(), 'socket.recovered').map(({ from }) => from)
        assert.is(holders.at(-1), 'systemd')
        await until('it runs again', () => self.appOf('web/app.0') !== null)
        assert.match(await ask(port), /^fd 3 /)
        const environment = readFileSync(`/proc/${self.appOf('web/app.0')}/environ`, 'utf8')
        assert.not.match(environment, /NOTIFY_SOCKET|LISTEN_/)

        kill(treePid(), 'SIGTERM')
        await until('it has ended in order', () => said().includes('ended 0\n'))
        assert.match(said(), /told STOPPING=1\n(.*\n)*removed tcp_0\.0\.0\.0_\d+, 0 stored\n/)
        assert.equal(self.leftovers(), [])
      } finally {
        manager.kill('SIGKILL')
      }
    }),
  )

test.run()
