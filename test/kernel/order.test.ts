/**
 * Goal: a service under constant load is upgraded again and again, one instance after the other,
 *   also while the supervisor is killed, and no request fails; a version that never gets ready is
 *   taken back with its reason, and the others are untouched. What dies at once is started along
 *   its curve, then given up. Clients start after their database, and end before it.
 * Method: real trees and a real HTTP server; what happened is read in the journal. ROUNDS=50 for
 *   more upgrades.
 */
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import * as assert from 'uvu/assert'
import { test } from 'uvu'
import { imageDir, program } from '../../src/demo/world.ts'
import { skipUnless } from '../skip.ts'
import { compile } from './compile.ts'
import { freePort } from './serving.ts'
import { inputsOf, kill, runs, sleeper, supervised, until } from './supervised.ts'
import type { Configured, Supervised } from './supervised.ts'
import { canContain, whyNot } from './world.ts'

const real = skipUnless(canContain, whyNot)
const rounds = Number(process.env['ROUNDS'] ?? 5)

/** Asks without a pause until it is told to stop. */
const load = (port: number) => {
  let isOver = false
  const wrong: string[] = []
  const heard = new Map<string, number>()
  const worker = async (): Promise<void> => {
    while (!isOver) {
      const answer = await get(port)
      const version = /^HTTP\/1.1 200 OK[^]*\r\n\r\n(.+)$/.exec(answer)?.[1]
      if (version === undefined) wrong.push(answer)
      else heard.set(version, (heard.get(version) ?? 0) + 1)
    }
  }
  const workers = [worker(), worker(), worker()]
  return {
    wrong,
    heard,
    stop: async () => {
      isOver = true
      await Promise.all(workers)
    },
  }
}

const get = async (port: number): Promise<string> => {
  const answer = await fetch(`http://127.0.0.1:${port}/`).then(
    async response => `HTTP/1.1 ${response.status} OK\r\n\r\n${await response.text()}`,
    (error: unknown) => String((error as { cause?: unknown }).cause ?? error),
  )
  return answer
}

/** What it says of a version that never gets ready it says of no other. */
const processes = (version: string): string =>
  `http:\n  image: img\n  config: /config/${version === 'never' ? version : 'http'}.yaml\n` +
  '  instances: 2\n' +
  `  variables: {version: ${version}}\n` +
  '  upgrade: {rolling: {max-unavailable: 0, surge: 1}}\n'

/** Without holding up our own clients. */
const switchTo = (self: Supervised, version: string, ...words: readonly string[]) => {
  const file = join(self.world.root, `${version}.yaml`)
  writeFileSync(file, processes(version))
  const child = spawn(
    program('lithos_switch'),
    ['-C', self.world.master, '--timeout', '60', ...words, 'web', file],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let said = ''
  child.stdout.on('data', (data: Buffer) => (said += data.toString()))
  child.stderr.on('data', (data: Buffer) => (said += data.toString()))
  return new Promise<{ code: number | null; said: string }>(resolve =>
    child.on('close', code => resolve({ code, said })),
  )
}

real(
  `${rounds} upgrades under load, some with the supervisor killed; one version is taken back`,
  supervised(async self => {
    compile('http.c', join(imageDir(self.world, 'img'), 'bin', 'http'), '-static')
    const port = await freePort()
    const container = (patience: number): string =>
      'executable: /bin/http\narguments: ["4", "5", "@{version}"]\n' +
      'variables: {version: !Name }\nrestart-timeout: 0\n' +
      `ready: {fd: 5, timeout: ${patience}}\ntcp-ports: {${port}: {fd: 4}}\n`
    const entry = (version: string): string =>
      `  variables: {version: ${version}}\n` +
      '  upgrade: {rolling: {max-unavailable: 0, surge: 1}}\n'
    self.configure({
      http: { instances: 2, entry: entry('v0'), container: container(60) },
      never: { instances: 0, entry: entry('never'), container: container(1) },
    })
    await self.start()
    await until('both are ready', () => inputsOf(self.turns(), 'app.ready').length >= 2)
    const clients = load(port)
    for (let round = 1; round <= rounds; round++) {
      const switched = switchTo(self, `v${round}`)
      if (round % 2 === 0) {
        await until('it is at it', () =>
          self
            .turns()
            .some(({ effects }) =>
              effects.some(
                ({ type, wanted }) =>
                  type === 'launch' && JSON.stringify(wanted).includes(`v${round}`),
              ),
            ),
        )
        await setTimeout((round * 7) % 40)
        kill(self.tree().pid)
        await self.tree().ended
        await self.start()
      }
      const { code, said } = await switched
      assert.is(code, 0, `round ${round}: ${said}`)
    }
    assert.ok((clients.heard.get(`v${rounds}`) ?? 0) > 0)
    const [first, second] = [self.appOf('web/http.0'), self.appOf('web/http.1')]
    const { code, said } = await switchTo(self, 'never', '--auto-rollback')
    assert.is(code, 4, said)
    assert.match(said, /web\/http\.[012].*it was not ready in time/)
    assert.equal([self.appOf('web/http.0'), self.appOf('web/http.1')], [first, second])
    await until('nobody is lent', () => self.appOf('web/http.2') === null)
    await clients.stop()
    assert.equal(clients.wrong, [])
    assert.is(clients.heard.get('never'), undefined)
  }),
)

const dying: Configured = {
  container:
    'executable: /bin/guest\narguments: [exit, "3"]\nrestart-timeout: 0\nready: {fd: 3}\n' +
    'backoff: {initial: 0.1, factor: 2, max: 1, jitter: 0, reset-after: 60}\n' +
    'intensity: {restarts: 4, period: 60, retry: 600}\n',
}

real(
  'along the curve, until it is given up; clients wait for their database, which is told',
  supervised(async self => {
    const configure = (version: string): void => {
      const container = `${sleeper}variables: {version: !Name }\n`
      const variables = `  variables: {version: ${version}}\n`
      self.configure({
        dying,
        client: { container, entry: `  after: [db]\n${variables}` },
        db: { container, entry: variables },
        orphan: { container: sleeper, entry: '  after: [dying]\n' },
      })
    }
    configure('one')
    await self.start()
    const gaveUp = () =>
      self
        .turns()
        .some(({ effects }) =>
          effects.some(({ type, timer }) => type === 'armTimer' && timer === 'retry'),
        )
    await until('it is given up', gaveUp)
    const starts = self
      .turns()
      .flatMap(({ inputs, effects }) =>
        effects
          .filter(({ type, instance }) => type === 'launch' && instance === 'web/dying.0')
          .map(() => Number(inputs[0]?.['mono'])),
      )
    const pauses = starts.slice(1).map((start, index) => start - (starts[index] as number))
    assert.is(starts.length, 5, 'the first, and four more')
    for (const [index, curve] of [100, 200, 400, 800].entries())
      assert.ok((pauses[index] as number) >= curve, `pause ${index}: ${pauses[index]} ms`)
    const log = () => self.log('master.log').match(/Gave up on "web\/dying\.0": .*/g) ?? []
    await until('that is said', () => log().length > 0)
    assert.equal(log(), [
      'Gave up on "web/dying.0": failed more than 4 times in 1m0s, and is tried each 10m0s only',
    ])
    const why = self.command('lithos', 'journal', 'why', '-C', self.world.master, 'web/orphan.0')
    assert.match(why, /web\/orphan\.0 is waiting, waits for dying, which failed more than 4 times/)

    const order = () =>
      self
        .turns()
        .flatMap(({ effects }) =>
          effects.flatMap(({ type, instance }) =>
            (type === 'launch' || type === 'signal') && /db|client/.test(String(instance))
              ? [`${type} ${String(instance)}`]
              : [],
          ),
        )
    await until('both run', () => order().length === 2)
    assert.equal(order(), ['launch web/db.0', 'launch web/client.0'])
    // Both are changed: who is after the other ends first, and starts last.
    configure('two')
    kill(self.tree().pid, 'SIGHUP')
    await until('both were replaced', () => order().length === 6)
    assert.equal(order().slice(2), [
      ...['signal web/client.0', 'signal web/db.0'],
      ...['launch web/db.0', 'launch web/client.0'],
    ])
    await runs(self, 'web/db.0', 'web/client.0')
    // Not hurried by who asks for it, nor by a death of the supervisor.
    kill(self.tree().pid)
    await self.tree().ended
    kill(self.knotOf('web/db.0'))
    await self.start()
    await until('the database is there again', () => order().length === 7)
    await self.stop()
    assert.equal(order().slice(6), ['launch web/db.0', 'signal web/client.0', 'signal web/db.0'])
  }),
)

test.run()
