/**
 * Goal: a secret reaches its application, as a variable or as a file, and no other place; what
 * cannot be decrypted keeps its own instance from starting and says why without saying it.
 * Method: whole trees on the real kernel. Canaries, of which every file, process and memory of
 * the tree and its knots is searched; the search itself has to find a canary that was planted.
 */
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { encryptSecret } from '../../src/secrets/secret.ts'
import { keyA, keyB, privateFile } from '../src/secrets/keys.ts'
import type { TestKey } from '../src/secrets/keys.ts'
import { skipUnless } from '../skip.ts'
import { descriptorsOf, filesBelow, hasInMemory, textOf } from './canary.ts'
import { inputsOf, kill, run, runs, supervised, until } from './supervised.ts'
import type { Supervised } from './supervised.ts'
import { canContain, whyNot } from './world.ts'

const contained = skipUnless(canContain, whyNot)

const sealed = (key: TestKey, secret: string, namespace = ''): string => {
  const key_ = { type: 'ed25519', bytes: key.publicKey } as const
  const made = encryptSecret(key_, namespace, Buffer.from(secret))
  if (E.isLeft(made)) throw new Error(made.left)
  return JSON.stringify(made.right)
}

const keyFile = ({ world }: Supervised): string => join(world.root, 'etc', 'key')

/** After `configure`: the sandbox has a key, and perhaps more to say. */
const giveKey = (self: Supervised, keys: readonly TestKey[] = [keyA], more = ''): void => {
  writeFileSync(keyFile(self), privateFile(keys), { mode: 0o600 })
  appendFileSync(
    join(self.world.root, 'etc/sandboxes/web.yaml'),
    `secrets-private-key: ${keyFile(self)}\n${more}`,
  )
}

const guest = (...words: readonly string[]): string =>
  `executable: /bin/guest\narguments: ${JSON.stringify(words)}\n`

const output = (self: Supervised): string => self.log('stderr/web.log')

const refusals = (self: Supervised) => inputsOf(self.turns(), 'knot.refused')

contained(
  'as variables: secrets win over plain ones, our own over secrets',
  supervised(async self => {
    self.configure({
      app: {
        entry: '  extra-secrets-namespaces: [own]\n',
        container: `${guest('env', 'sleep')}environ: {A: plain, B: plain}
secret-environ:
  A: ${sealed(keyA, 'one\ntwo=ä')}
  C: [${sealed(keyB, 'of B')}, ${sealed(keyA, 'of A', 'own')}]
  E: ${sealed(keyA, '')}
  LITHOS_NAME: ${sealed(keyA, 'no')}
  TERM: ${sealed(keyA, 'secret')}
`,
      },
    })
    giveKey(self)
    await self.start()
    await runs(self, 'web/app.0')
    await until('it has printed', () => output(self).includes('LITHOS_CONFIG'))
    const lines = output(self)
    for (const line of ['A=one\ntwo=ä\n', 'B=plain\n', 'C=of A\n', 'E=\n', 'TERM=secret\n'])
      assert.match(lines, line)
    assert.match(lines, 'LITHOS_NAME=web/app.0\n')
    assert.not.match(lines, 'A=plain')
    assert.not.match(lines, 'LITHOS_NAME=no')
    await self.stop()
    assert.equal(self.leftovers(), [])
  }),
)

contained(
  'from a file in the image or in a volume, and never from outside of them',
  supervised(async self => {
    const image = join(self.world.root, 'images/img')
    const volume = join(self.world.root, 'volume')
    mkdirSync(join(volume, 'sub'), { recursive: true })
    mkdirSync(join(image, 'vol'))
    writeFileSync(join(volume, 'sub/secrets.yaml'), `V: ${sealed(keyA, 'of volume')}\n`)
    const of = (file: string): string =>
      `${guest('env', 'sleep')}secret-environ-file: ${file}\nvolumes: {/vol: !Readonly /v}\n`
    self.configure({
      inImage: { container: of('own/secrets.yaml') },
      inVolume: { container: of('/vol/sub/secrets.yaml') },
    })
    mkdirSync(join(image, 'config/own'))
    writeFileSync(join(image, 'config/own/secrets.yaml'), `I: ${sealed(keyA, 'of image')}\n`)
    giveKey(self, [keyA], `readonly-paths: {/v: ${volume}}\n`)
    await self.start()
    await runs(self, 'web/inImage.0', 'web/inVolume.0')
    await until('both have printed', () =>
      ['I=of image\n', 'V=of volume\n'].every(line => output(self).includes(line)),
    )
    await self.stop()
  }),
)

contained(
  'what cannot be decrypted is refused and tried again; a mended key is used at once',
  supervised(async self => {
    self.configure({
      bad: { container: `${guest('sleep')}secret-environ: {NAME: ${sealed(keyB, 'hunter2')}}\n` },
      good: { container: guest('sleep') },
    })
    giveKey(self)
    await self.start()
    await runs(self, 'web/good.0')
    await until('it was refused', () => refusals(self).length > 0)
    const { step, about, code } = refusals(self)[0]!
    assert.is(step, 'decrypting secrets')
    assert.is(
      about,
      'Can\'t decrypt secret "NAME", errors: decryption error. ' +
        'This usually means the key is wrong.',
    )
    assert.is(code, 'EKEYREJECTED')
    await until('it is in the log', () => self.log('master.log').includes('decrypting secrets'))
    assert.match(
      run('lithos_check', '-C', self.world.master).stderr,
      /bad\.yaml:3:\d+: Can't decrypt secret "NAME"/,
    )

    const before = refusals(self).length
    chmodSync(keyFile(self), 0o640)
    await until('the mode is refused', () => refusals(self).length > before)
    await until('it says so', () =>
      refusals(self).some(refusal => /Key's mode must be 0600/.test(String(refusal['about']))),
    )
    chmodSync(keyFile(self), 0o600)
    writeFileSync(keyFile(self), privateFile([keyA]) + privateFile([keyB]))
    await runs(self, 'web/bad.0')
    assert.is(run('lithos_check', '-C', self.world.master).status, 0)
    assert.not.match(journalOf(self), 'hunter2')
    await self.stop()
  }),
)

contained(
  'as files: only for the user of the application, and only to read',
  supervised(async self => {
    const words = [
      ...['mode=/run/secrets', 'mode=/run/secrets/token', 'cat=/run/secrets/token', 'env'],
      ...['cat=/run/secrets/empty', 'write=/run/secrets/token', 'say=over', 'sleep'],
    ]
    const [token, empty] = [sealed(keyA, 'the token\n'), sealed(keyA, '')]
    const secrets = `secret-files: {token: ${token}, empty: ${empty}}\n`
    mkdirSync(join(self.world.root, 'images/img/run/secrets'), { recursive: true })
    mkdirSync(join(self.world.root, 'images/img/var'))
    self.configure({
      app: { container: guest(...words) + secrets },
      // Below a volume of its own the directory is made.
      made: {
        container: `${guest('cat=/run/secrets/token', 'sleep')}${secrets}volumes: {/run: !Tmpfs}\n`,
      },
    })
    giveKey(self)
    await self.start()
    await runs(self, 'web/app.0', 'web/made.0')
    await until('it has printed', () => output(self).includes('over'))
    const text = output(self)
    assert.match(text, 'mode /run/secrets 40500 1000:0\n')
    assert.match(text, 'mode /run/secrets/token 100400 1000:0\n')
    assert.match(text, 'the token\n')
    assert.match(text, /Read-only file system|Permission denied/)
    assert.not.match(text, 'token=')
    const mount = readFileSync(`/proc/${self.appOf('web/app.0')}/mountinfo`, 'utf8')
      .split('\n')
      .find(line => line.includes(' /run/secrets '))
    assert.match(mount ?? '', / ro,nosuid,nodev,noexec[ ,].* - tmpfs \S+ .*noswap/)
    await self.stop()
    assert.equal(self.leftovers(), [])
  }),
)

// ---------------------------------------------------------------------------
// Canaries
// ---------------------------------------------------------------------------

/** Short ones as well: V8 keeps small arrays elsewhere than large ones. */
const canaries = {
  VARIABLE: 'canary-of-a-variable',
  AGAIN: 'canary-of-one-that-is-started-again-in-its-container',
  LONG: `canary-that-is-long${'-and-longer'.repeat(50)}`,
  token: 'canary-of-a-file',
}
const searched = 'canary-'
/** What was never encrypted is known to who reads the configuration, but is in no journal. */
const forgotten = 'hunter2-in-the-clear'

contained(
  'S34: a canary stands in the environment of its application, or its file, and nowhere else',
  supervised(async self => {
    const secret = (name: keyof typeof canaries): string =>
      `{${name}: ${sealed(keyA, canaries[name])}}\n`
    mkdirSync(join(self.world.root, 'images/img/run/secrets'), { recursive: true })
    self.configure({
      app: { instances: 3, container: `${guest('sleep')}secret-environ: ${secret('VARIABLE')}` },
      long: { container: `${guest('sleep')}secret-environ: ${secret('LONG')}` },
      file: { container: `${guest('sleep')}secret-files: ${secret('token')}` },
      again: {
        container:
          `${guest('sleep')}secret-environ: ${secret('AGAIN')}` +
          'restart-process-only: true\nrestart-timeout: 0\n',
      },
      crash: {
        container: `${guest('kill=11')}secret-environ: ${secret('VARIABLE')}restart-timeout: 1\n`,
      },
      bad: { container: `${guest('sleep')}secret-environ: {X: ${forgotten}}\n` },
    })
    giveKey(self)
    await self.start()
    const instances = ['app.0', 'app.1', 'app.2', 'long.0', 'file.0', 'again.0']
    await runs(self, ...instances.map(name => `web/${name}`))
    await until('one has crashed', () => inputsOf(self.turns(), 'knot.exited').length > 0)
    await until('one was refused', () => refusals(self).length > 0)
    kill(self.appOf('web/again.0'))
    await until('it runs again', () => hasEnviron(self, 'web/again.0', canaries.AGAIN))
    assert.ok(hasEnviron(self, 'web/app.2', canaries.VARIABLE))
    assert.ok(hasEnviron(self, 'web/long.0', canaries.LONG))

    const knots = new Map([...instances].map(name => [name, self.knotOf(`web/${name}`)!] as const))
    // That of `again` has to keep its plan, in a memory that only root can read.
    const forgetful = [...knots].filter(([name]) => name !== 'again.0').map(([, pid]) => pid)
    assert.equal(placesIn(self, [self.tree().pid, ...forgetful]), [])
    assert.ok(hasInMemory(knots.get('again.0')!, searched), 'the search finds what is there')
    for (const pid of [self.tree().pid, ...knots.values()])
      assert.not.match(descriptorsOf(pid), 'memfd:plan')

    assert.not.match(journalOf(self) + self.log('master.log'), forgotten)

    const planted = join(self.world.root, 'run/state/planted')
    writeFileSync(planted, `x${canaries.VARIABLE}`)
    assert.equal(placesIn(self, []), [planted])
    await self.stop()
    assert.equal(placesIn(self, []), [planted])
  }),
)

const hasEnviron = (self: Supervised, instance: string, text: string): boolean => {
  const pid = self.appOf(instance)
  return pid !== null && textOf(`/proc/${pid}/environ`).includes(text)
}

/** Where a canary is that should not be: files, what commands say, processes, their memory. */
const placesIn = (self: Supervised, memories: readonly number[]): readonly string[] => {
  const { world } = self
  const C = ['-C', world.master]
  const commands: readonly (readonly [string, ...string[]])[] = [
    ['lithos', 'ps', ...C, '--json'],
    ['lithos', 'journal', 'show', ...C],
    ['lithos', 'journal', 'why', 'web/bad.0', ...C],
    ['lithos_check', ...C, '--json'],
    ['lithos_check', ...C, '--show-plan', 'web', 'app'],
    ['lithos_check', ...C, '--show-plan', 'web', 'file'],
  ]
  const said = commands
    .map(([name, ...words]) => ({ name: [name, ...words].join(' '), ...run(name, ...words) }))
    .filter(({ stdout, stderr }) => (stdout + stderr).includes(searched))
    .map(({ name }) => name)
  const apps = new Set(readdirSync('/proc').filter(pid => isApp(self, Number(pid))))
  const processes = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && !apps.has(name) && name !== String(process.pid))
    .flatMap(pid => [`/proc/${pid}/cmdline`, `/proc/${pid}/environ`])
    .filter(path => textOf(path).includes(searched))
  return [
    ...filesBelow(world.root).filter(path => textOf(path).includes(searched)),
    ...said,
    ...processes,
    ...memories.filter(pid => hasInMemory(pid, searched)).map(pid => `memory of ${pid}`),
  ]
}

const isApp = (self: Supervised, pid: number): boolean =>
  ['app.0', 'app.1', 'app.2', 'long.0', 'file.0', 'again.0', 'crash.0'].some(
    name => self.knotOf(`web/${name}`) !== null && self.appOf(`web/${name}`) === pid,
  )

const journalOf = (self: Supervised): string =>
  filesBelow(self.world.root)
    .filter(path => path.includes('journal'))
    .map(textOf)
    .join('')

test.run()
