/**
 * A story of readiness, order, back-off, upgrades: each when the one before is ready; one by one,
 * also over a death of the supervisor; a version that is never ready; what dies at once; lists of
 * signals and a command before a stop.
 */
import { join } from 'node:path'
import { imageDir } from '../../src/demo/world.ts'
import { compile } from '../kernel/compile.ts'
import { inputsOf, kill, makeSupervised, until } from '../kernel/supervised.ts'
import type { Configured, Supervised } from '../kernel/supervised.ts'

export const masterLines = 'start-rate: 50\n'

const application = (words: readonly string[], lines: string): string =>
  `executable: /bin/watched\narguments: ${JSON.stringify(words)}\n` +
  `variables: { version: !Name }\nrestart-timeout: 0\nready: { fd: 3, timeout: 1 }\n${lines}`

const leaving =
  'stop: [TERM, 3, QUIT, 2]\npre-stop: { command: [/bin/guest, exit, "0"], timeout: 5 }\n'

const http = (version: string, words = ['say=@{version}', 'line=3']): Configured => ({
  instances: 2,
  entry:
    `  variables: { version: ${version} }\n  after: [db]\n` +
    '  upgrade: { rolling: { max-unavailable: 0, surge: 1 } }\n',
  container: application(words, leaving),
})

const db = (version: string): Configured => ({
  entry: `  variables: { version: ${version} }\n`,
  container: application(['say=@{version}', 'line=3'], ''),
})

const dying: Configured = {
  container:
    'executable: /bin/guest\narguments: [exit, "3"]\nrestart-timeout: 0\n' +
    'backoff: { initial: 0.1, factor: 2, max: 1, jitter: 0.5, reset-after: 60 }\n' +
    'intensity: { restarts: 3, period: 60, retry: 600 }\n',
}

const launchesOf = (self: Supervised, instance: string): number =>
  self
    .turns()
    .flatMap(({ effects }) => effects)
    .filter(effect => effect.type === 'launch' && effect['instance'] === instance).length

const states = (self: Supervised): ReadonlyMap<string, string> =>
  new Map(self.ps().map(({ name, state }) => [name, state]))

const settled = (self: Supervised, instances: number) =>
  until('all are settled', () => {
    const now = states(self)
    const up = [...now].filter(([name, state]) => name.includes('http') && state === 'running')
    return up.length === instances && now.size === instances + 2
  })

export const playUpgrades = async (
  self: Supervised,
  end: (title: string) => Promise<void>,
): Promise<void> => {
  compile('watched.c', join(imageDir(self.world, 'img'), 'bin', 'watched'), '-static')
  const hears = (type: string, count: number) =>
    until(`${count} × ${type}`, () => inputsOf(self.turns(), type).length >= count)
  const reload = () => kill(self.tree().pid, 'SIGHUP')

  self.configure({ http: http('v1'), db: db('v1'), dying })
  await self.start()
  await hears('app.ready', 3)
  await until('it is given up', () => states(self).get('web/dying.0') === 'failed')
  await settled(self, 2)
  await end('each is started when the one before is ready, and what dies at once is given up')

  self.configure({ http: http('v2'), db: db('v1'), dying })
  reload()
  await until('the last is replaced', () => launchesOf(self, 'web/http.1') === 2)
  await settled(self, 2)
  await end('another version takes the place of the former, one by one')

  self.configure({ http: http('v3'), db: db('v1'), dying })
  reload()
  await until('it is at it', () => launchesOf(self, 'web/http.2') === 2)
  kill(self.tree().pid)
  await self.tree().ended
  await self.start()
  await until('the last is replaced', () => launchesOf(self, 'web/http.1') === 3)
  await settled(self, 2)
  await end('the supervisor is killed in the midst of an upgrade, and its successor goes on')

  self.configure({ http: http('v4', ['say=@{version}']), db: db('v1'), dying })
  reload()
  await until('it was tried twice', () => launchesOf(self, 'web/http.2') >= 4)
  await end('a version is never ready')

  self.configure({ http: http('v3'), db: db('v1'), dying })
  reload()
  await settled(self, 2)
  await end('the former version is put back')

  self.configure({ http: http('v5'), db: db('v2'), dying })
  reload()
  await until('the last is replaced', () => launchesOf(self, 'web/http.1') >= 4)
  await settled(self, 2)
  await end('all change')

  await self.stop()
  await end('everything is stopped, in order')
}

export const makeUpgrades = (): Supervised => makeSupervised(masterLines)
