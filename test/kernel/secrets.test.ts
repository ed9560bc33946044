/**
 * Goal: a secret reaches its application, as a variable or as a file, as whom it should; what
 *   cannot be decrypted keeps its own instance from starting and says why without saying it.
 * Method: whole trees on the real kernel, with keys that are wrong, put right, and replaced.
 */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { release } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { keyA, keyB, privateFile } from '../src/secrets/keys.ts'
import { skipUnless } from '../skip.ts'
import { giveKey, guest, journalOf, keyFile, refusals, sealed } from './secretWorld.ts'
import { run, runs, supervised, until } from './supervised.ts'
import type { Supervised } from './supervised.ts'
import { canContain, whyNot } from './world.ts'

const contained = skipUnless(canContain, whyNot)

/** A tmpfs that is kept from swap. */
const hasNoswap = ((major, minor) => major > 6 || (major === 6 && minor >= 4))(
  ...(release().split('.', 2).map(Number) as [number, number]),
)

const output = (self: Supervised): string => self.log('stderr/web.log')

contained(
  'as variables: secrets win over plain ones, our own over secrets',
  supervised(async self => {
    self.configure({
      app: {
        entry: '  extra-secrets-namespaces: [own]\n',
        container: `${guest('env', 'say=over', 'sleep')}environ: {A: plain, B: plain}
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
    await until('it has printed', () => /^over$/m.test(output(self)))
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
      // The files are those of its user on the host, who is itself inside.
      mapped: {
        container:
          `${guest('mode=/run/secrets/token', 'cat=/run/secrets/token', 'sleep')}${secrets}` +
          'uid-map: [{inside: 7, outside: 5000, count: 1}]\nuser-id: 7\n' +
          'gid-map: [{inside: 8, outside: 6000, count: 1}]\ngroup-id: 8\n',
      },
      nowhere: { container: `${guest('sleep')}${secrets}volumes: {/run: !Readonly /v}\n` },
    })
    mkdirSync(join(self.world.root, 'empty'))
    giveKey(self, [keyA], `readonly-paths: {/v: ${self.world.root}/empty}\n`)
    await self.start()
    await runs(self, 'web/app.0', 'web/made.0', 'web/mapped.0')
    await until('all have printed', () => output(self).split('the token\n').length > 3)
    await until('it has printed all', () => output(self).includes('over'))
    const text = output(self)
    assert.match(text, 'mode /run/secrets 40500 1000:0\n')
    assert.match(text, 'mode /run/secrets/token 100400 1000:0\n')
    assert.match(text, 'mode /run/secrets/token 100400 7:8\n')
    assert.match(text, /Read-only file system|Permission denied/)
    assert.not.match(text, 'token=')
    const mount = readFileSync(`/proc/${self.appOf('web/app.0')}/mountinfo`, 'utf8')
      .split('\n')
      .find(line => line.includes(' /run/secrets '))
    assert.match(mount ?? '', / ro,nosuid,nodev,noexec[ ,].* - tmpfs /)
    if (hasNoswap) assert.match(mount ?? '', 'noswap')
    await until('one was refused', () => refusals(self).length > 0)
    const { step, about, code } = refusals(self)[0]!
    assert.equal([step, about, code], ['mounting secret files on', '/run/secrets', 'ENOENT'])
    const checked = run('lithos_check', '-C', self.world.master).stderr
    assert.match(checked, /nowhere\.yaml:3:1: The mount point \/run\/secrets of the secrets/)
    await self.stop()
    assert.equal(self.leftovers(), [])
  }),
)

test.run()
