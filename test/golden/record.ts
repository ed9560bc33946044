/**
 * Records a small real story, for golden.test.ts: the hot journal and the archive as the
 * supervisor wrote them, and the state that it had after each chapter. See README.md.
 *
 *     npx tsx test/golden/record.ts v1 lives
 *     npx tsx test/golden/record.ts v3 upgrades
 */
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readPresent } from '../../src/history.ts'
import { keepState } from '../../src/state.ts'
import { addSandbox, writeIn } from '../../src/demo/world.ts'
import { inputsOf, kill, makeSupervised, runs, sleeper, until } from '../kernel/supervised.ts'
import type { Supervised } from '../kernel/supervised.ts'
import type { Chapter } from './golden.ts'
import { makeUpgrades, playUpgrades } from './upgradesStory.ts'

/** Paths stand in a journal, under checksums: this one says nothing of the machine. */
const root = '/srv/lithos-golden'

const play = async (self: Supervised, end: (title: string) => Promise<void>): Promise<void> => {
  const hears = (type: string, count: number) =>
    until(`${count} × ${type}`, () => inputsOf(self.turns(), type).length >= count)

  const image = join(self.world.root, 'images', 'img')
  writeIn(image, 'config/store.yaml', `${sleeper}kill-timeout: 3\n`)
  addSandbox(self.world, 'db', {
    sandbox: 'allow-users: [1-1000]\nallow-groups: [0-1000]\ndefault-user: 1000\n',
    processes: 'store: { image: img, config: /config/store.yaml }\n',
  })
  const listening = (port: number): string =>
    `${sleeper}tcp-ports: { ${port}: { fd: 3 }, 18090: { fd: 4, reuse-port: true } }\n`
  const web = { container: listening(18_091), instances: 2 }
  self.configure({ app: web })
  await self.start()
  await runs(self, 'web/app.0', 'web/app.1', 'db/store.0')
  await end('two sandboxes are started')

  kill(self.appOf('web/app.1'))
  await hears('app.started', 4)
  await end('an instance dies and comes back')

  // It is there when the configuration is read, and no program when it is executed.
  writeIn(image, 'bin/text', 'not a program\n')
  const broken = { container: 'executable: /bin/text\nrestart-timeout: 3600\n' }
  self.configure({ app: web, broken })
  kill(self.tree().pid, 'SIGQUIT')
  await hears('knot.refused', 1)
  await end('a step of a new one is refused')

  const changed = `${listening(18_092)}environ: { COLOUR: blue }\n`
  self.configure({ app: { container: changed }, more: { container: sleeper } })
  kill(self.tree().pid, 'SIGHUP')
  await hears('tree.surveyed', 3)
  await runs(self, 'web/app.0', 'web/more.0', 'db/store.0')
  await until('all are settled', () => self.ps().every(({ state }) => state === 'running'))
  await end('a changed configuration is taken')

  const store = self.appOf('db/store.0')
  kill(self.tree().pid)
  await self.tree().ended
  kill(store)
  await until('it is gone', () => self.knotOf('db/store.0') === null)
  await self.start()
  await hears('tree.surveyed', 4)
  await runs(self, 'web/app.0', 'web/more.0', 'db/store.0')
  await until('all are settled', () => self.ps().every(({ state }) => state === 'running'))
  await end('the supervisor is killed, and its successor finds everything')

  self.configure({ app: { container: changed, instances: 2 }, more: { container: sleeper } })
  kill(self.tree().pid, 'SIGQUIT')
  await hears('tree.surveyed', 5)
  await runs(self, 'web/app.1')
  kill(self.appOf('web/app.0'))
  await until('all are settled', () => self.ps().every(({ state }) => state === 'running'))
  await end('a port is shared and kept')

  await self.stop()
  await end('everything is stopped')
}

const stories = {
  lives: { make: makeSupervised, play },
  upgrades: { make: makeUpgrades, play: playUpgrades },
} as const

const record = async (into: string, story: keyof typeof stories): Promise<void> => {
  const chapters: Chapter[] = []
  mkdirSync(root)
  process.env['TMPDIR'] = root
  const self = stories[story].make()
  const journal = join(self.world.root, 'run', 'journal')
  try {
    await stories[story].play(self, async title => {
      const present = await readPresent(journal)
      if (present === null) throw new Error(`nothing is recorded of: ${title}`)
      chapters.push({ title, seq: present.seq, state: keepState(present.state) })
    })
    cpSync(journal, join(into, 'hot'), { recursive: true })
    cpSync(join(self.world.root, 'log', 'journal'), join(into, 'archive'), { recursive: true })
    writeFileSync(
      join(into, 'chapters.jsonl'),
      chapters.map(chapter => `${JSON.stringify(chapter)}\n`).join(''),
    )
  } finally {
    await self.close()
    rmSync(root, { recursive: true, force: true })
  }
}

const [, , name = '', story = ''] = process.argv
const into = join(import.meta.dirname, name)
if (!/^v\d+$/.test(name) || existsSync(into) || !Object.hasOwn(stories, story)) {
  const known = Object.keys(stories).join(' or ')
  process.stderr.write(`usage: record.ts vN ${known}, where vN is not there yet\n`)
  process.exitCode = 1
} else await record(into, story as keyof typeof stories)
