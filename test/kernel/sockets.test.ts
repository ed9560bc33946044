/**
 * Goal: a port that is wanted stays open, whatever happens to the supervisor, to those who use it,
 *   and to the keeper; and one that is not wanted is closed.
 * Method: the real commands on the real kernel, with an application that answers whoever connects.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { skipUnless } from '../skip.ts'
import { addServer, ask, freePort, inodeOf, isListening, keepersOf } from './serving.ts'
import { killIfThere, restarted, serving, surveyed } from './serving.ts'
import { inputsOf, kill, runs, supervised, until } from './supervised.ts'
import { canContain, whyNot } from './world.ts'

const real = skipUnless(canContain, whyNot)

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

real(
  'the keeper is killed: another one is started; killed with the supervisor: the knots have all',
  supervised(async self => {
    addServer(self)
    const [a, b] = [await freePort(), await freePort()]
    self.configure({
      one: serving(['3'], { [String(a)]: 'fd: 3' }),
      two: serving(['4'], { [String(b)]: 'fd: 4, host: "::1"' }),
    })
    await self.start()
    await runs(self, 'web/one.0', 'web/two.0')
    await until('there is a keeper', () => keepersOf(self).length === 1)
    const [first] = keepersOf(self)
    kill(first as number)
    await until('there is another', () => {
      const now = keepersOf(self)
      return now.length === 1 && now[0] !== first
    })
    const told = /The keeper of the sockets has ended; another one is started/
    await until('the log says so', () => told.test(self.log('master.log')))
    // The supervisor first, or it might start one more.
    for (const pid of [self.tree().pid, ...keepersOf(self)]) kill(pid)
    await self.tree().ended
    assert.match(await ask(a), /^fd 3 /)
    await self.start()
    await until('it serves', () => surveyed(self) === 2)
    const found = inputsOf(self.turns(), 'socket.recovered').map(({ key, from }) => [key, from])
    assert.equal(found.sort(), [
      [`tcp:0.0.0.0:${a}`, 'knot'],
      [`tcp:[::1]:${b}`, 'knot'],
    ])
    await until('there is a keeper again', () => keepersOf(self).length === 1)
    assert.match(await ask(b, '::1'), /^fd 4 /)
    assert.is(await self.stop(), 0)
    assert.equal(self.leftovers(), [])
  }),
)

real(
  'the journal is lost together with the supervisor and the keeper: the knots have all',
  supervised(async self => {
    addServer(self)
    const port = await freePort()
    self.configure({ app: serving(['3'], { [String(port)]: 'fd: 3' }) })
    await self.start()
    await runs(self, 'web/app.0')
    await until('there is a keeper', () => keepersOf(self).length === 1)
    for (const pid of [self.tree().pid, ...keepersOf(self)]) kill(pid)
    await self.tree().ended
    writeFileSync(join(self.world.root, 'run/journal/hot.log'), '')
    await self.start()
    await until('it was read', () => inputsOf(self.turns(), 'config.loaded').length > 0)
    assert.equal(
      inputsOf(self.turns(), 'socket.recovered').map(({ from }) => from),
      ['knot'],
    )
    const [app, socket] = [self.appOf('web/app.0'), inodeOf(self, 'web/app.0', 3)]
    kill(app)
    await until('it runs again', () => ![null, app].includes(self.appOf('web/app.0')))
    await runs(self, 'web/app.0')
    assert.match(await ask(port), /^fd 3 /)
    assert.is(inodeOf(self, 'web/app.0', 3), socket, 'it was never bound again')
  }),
)

real(
  'what is not wanted any more is closed, also if it was found; a port moves by a reload',
  supervised(async self => {
    addServer(self)
    const [a, b] = [await freePort(), await freePort()]
    const { container } = serving(['3'], { '"@{port}"': 'fd: 3' })
    const at = (port: number) => ({
      container: `${container}variables: { port: !TcpPort }\n`,
      entry: `  variables: { port: ${port} }\n`,
    })
    self.configure({ app: at(a) })
    await self.start()
    await runs(self, 'web/app.0')
    self.configure({ app: { ...at(b), instances: 2 } })
    await restarted(self, 'SIGHUP')
    await until('it has moved', () => inputsOf(self.turns(), 'socket.closed').length === 1)
    await runs(self, 'web/app.0', 'web/app.1')
    assert.match(await ask(b), /^fd 3 /)
    await until('the former port is closed', () => !isListening(a))
    assert.is(await ask(a), 'ECONNREFUSED')
    kill(self.tree().pid)
    await self.tree().ended
    self.configure({})
    await self.start()
    await until('all is gone', () => self.knotOf('web/app.0') === null)
    await until('it is closed', () => inputsOf(self.turns(), 'socket.closed').length > 1)
    await until('nobody keeps it', () => keepersOf(self).length === 0)
    assert.is(await ask(b), 'ECONNREFUSED')
    const why = self.command('lithos', 'journal', 'show', '-C', self.world.master)
    assert.match(
      why,
      new RegExp(`the socket 0\\.0\\.0\\.0:${b} was closed: nobody wants it any more`),
    )
  }),
)

real(
  'who connects all the time is never refused, while the supervisor is killed twenty times',
  supervised(async self => {
    addServer(self)
    const port = await freePort()
    self.configure({ app: serving(['3'], { [String(port)]: 'fd: 3' }, 2, 'restart-timeout: 0') })
    await self.start()
    await runs(self, 'web/app.0', 'web/app.1')
    const socket = inodeOf(self, 'web/app.0', 3)
    const answers = new Map<string, number>()
    let isOver = false
    const client = (async () => {
      while (!isOver) {
        const answer = (await ask(port)).replace(/^fd 3 .*\n$/, 'served')
        answers.set(answer, (answers.get(answer) ?? 0) + 1)
      }
    })()
    for (let times = 1; times <= 20; times++) {
      // At any moment of a start, too.
      await setTimeout((times * 37) % 190)
      if (times % 2 === 0) killIfThere(self.appOf(`web/app.${(times / 2) % 2}`))
      if (times % 5 === 0) for (const index of [0, 1]) killIfThere(self.knotOf(`web/app.${index}`))
      kill(self.tree().pid)
      await self.tree().ended
      await self.start()
      if (times % 3 === 0)
        await until('both run', () => ['web/app.0', 'web/app.1'].every(name => self.appOf(name)))
    }
    await until('all run', () => self.ps().every(({ state }) => state === 'running'))
    isOver = true
    await client
    const others = [...answers.keys()].filter(answer => !isFine.includes(answer))
    assert.equal(others, [], 'nobody was refused, nobody waited in vain')
    assert.ok((answers.get('served') ?? 0) > 100, `${answers.get('served')} answers`)
    assert.is(inodeOf(self, 'web/app.0', 3), socket, 'it was bound once')
  }),
)

/** Who was being served by one that is killed hears no more: that is not a refusal. */
const isFine = ['served', '', 'ECONNRESET']

test.run()
