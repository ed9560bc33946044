/**
 * Goal: lithos_clean lists exactly what it deletes, and never an image that anything still needs.
 * Method: a directory of images and a history in a temporary place; one reason to keep an image at
 * a time; what is deleted is compared with what was listed, on the disk.
 */
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync } from 'node:fs'
import { renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { readDuration } from '../../../src/clean/duration.ts'
import { run } from '../../../src/cli/clean.ts'
import { sayTime } from '../../../src/time.ts'
import { isRoot, skipUnless } from '../../skip.ts'
import { capture } from '../cli/capture.ts'

interface World {
  readonly root: string
  readonly write: (path: string, text: string) => void
  readonly images: (...names: string[]) => void
  /** A line of the configuration log: so many days ago. */
  readonly log: (days: number, ...images: string[]) => string
  readonly clean: (...argv: string[]) => Promise<{ code: number; out: string; err: string }>
  /** Names of what is listed. */
  readonly listed: (...argv: string[]) => Promise<readonly string[]>
}

const dayMs = 86_400_000
/** Has a root of its own until its input ends. */
const holderSource = `
  #include <unistd.h>
  int main(int argc, char **argv)
  {
    return chroot(argv[1]) || write(1, "", 1) != 1 || read(0, argv[1], 1);
  }`
const process0 = (image: string) => `  image: ${image}\n  config: /x.yaml\n`

const withWorld = (work: (world: World) => Promise<void>) => async (): Promise<void> => {
  const root = mkdtempSync(join(tmpdir(), 'lithos-clean-'))
  const write = (path: string, text: string): void => {
    mkdirSync(join(root, path, '..'), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  const clean: World['clean'] = async (...argv) =>
    capture(run, ['--config', join(root, 'master.yaml'), ...argv])
  const world: World = {
    root,
    write,
    images: (...names) =>
      names.forEach(name => mkdirSync(join(root, 'images', name, 'bin'), { recursive: true })),
    log: (days, ...images) => {
      const entries = images.map((image, index) => [`p${index}`, { instances: 1, image }])
      const json = JSON.stringify(Object.fromEntries(entries))
      return `${sayTime(Date.now() - days * dayMs)} ${json}\n`
    },
    clean,
    listed: async (...argv) => {
      const { code, out } = await clean(...argv)
      assert.is(code, 0)
      return out
        .split('\n')
        .filter(line => line !== '')
        .map(line => (JSON.parse(line) as string).split('/').at(-1) ?? '')
    },
  }
  write(
    'master.yaml',
    `runtime-dir: ${root}/run\nconfig-log-dir: ${root}/configs\n` +
      `sandboxes-dir: ./sandboxes\nprocesses-dir: ./processes\n`,
  )
  write('sandboxes/web.yaml', `image-dir: ${root}/images\n`)
  write('processes/web.yaml', `app:\n${process0('new')}`)
  write('configs/web.log', world.log(0, 'new'))
  try {
    await work(world)
  } finally {
    rmSync(root, { recursive: true })
  }
}

test(
  'what is listed is what is deleted',
  withWorld(async ({ root, images, listed, clean }) => {
    images('new', 'old', 'older', '.hidden', 'copy~', 'x.bak', '#y#')
    symlinkSync('new', join(root, 'images', 'link'))
    assert.equal(await listed(), ['new'])
    assert.equal(await listed('--unused'), ['old', 'older'])
    const { code, out } = await clean('--delete-unused', '-v')
    assert.is(code, 0)
    assert.match(out, /^\d{4}-.*Z: Deleting ".*\/images\/old"\n.*Deleting ".*\/images\/older"\n$/)
    assert.equal(readdirSync(join(root, 'images')).sort(), [
      ...['#y#', '.hidden', 'copy~', 'link', 'new', 'x.bak'],
    ])
  }),
)

test(
  'history: rotated logs are read from the newest to the oldest, within every limit',
  withWorld(async ({ write, log, images, listed }) => {
    images('new', 'a', 'b', 'c', 'd', 'never')
    write('configs/web.log', log(3, 'b') + log(2, 'a') + log(2, 'a') + log(1, 'new'))
    write('configs/web.log.1', log(30, 'd') + log(20, 'c'))
    assert.equal(await listed('--unused'), ['never'])
    assert.equal(await listed('--unused', '-D', '10'), ['c', 'd', 'never'])
    assert.equal(await listed('--unused', '-D', '25'), ['d', 'never'])
    assert.equal(await listed('--unused', '-D', '0', '--vmin', '2'), ['b', 'c', 'd', 'never'])
    assert.equal(await listed('--unused', '-D', '0', '--vmin', '4'), ['d', 'never'])
    assert.equal(await listed('--unused', '--vmax', '3'), ['c', 'd', 'never'])
    // The configuration of now counts in any case.
    assert.equal(await listed('--unused', '--vmax', '0'), ['a', 'b', 'c', 'd', 'never'])
  }),
)

test(
  'logs in which nothing counts are listed, and deleted',
  withWorld(async ({ root, write, log, images, listed, clean }) => {
    images('new', 'c')
    write('configs/web.log', log(1, 'new'))
    write('configs/web.log.1', log(20, 'c'))
    write('configs/web.log.2', log(40, 'c'))
    const argv = ['-D', '10', '--clean-logs']
    assert.equal(await listed('--unused', ...argv), ['c', 'web.log.1', 'web.log.2'])
    assert.equal(await listed('--unused', '--clean-logs'), [])
    await clean('--delete-unused', ...argv)
    assert.equal(readdirSync(join(root, 'configs')), ['web.log'])
  }),
)

test(
  'a broken line leaves the directory alone, unless it does not count',
  withWorld(async ({ root, write, log, images, listed, clean }) => {
    images('new', 'old')
    write('configs/web.log', `${log(30, 'old')}2018-13-99 {"p":\n${log(0, 'new')}`)
    assert.equal(await listed('--unused'), [])
    const { code, err } = await clean('--delete-unused')
    assert.is(code, 0)
    assert.match(err, /Broken line .*web\.log: 1\n/)
    assert.match(err, /Can't reliably find out used images in the directory ".*images"/)
    assert.ok(existsSync(join(root, 'images', 'old')))
    assert.equal(await listed('--unused', '--vmax', '1'), ['old'])
  }),
)

test(
  'without a history nothing is unused',
  withWorld(async ({ root, write, images, listed, clean }) => {
    images('new', 'old')
    write(
      'master.yaml',
      `runtime-dir: ${root}/run\nconfig-log-dir: null\nsandboxes-dir: ./sandboxes\n`,
    )
    assert.match((await clean('--unused')).err, /Neither `config-log-dir` nor/)
    assert.equal(await listed('--unused'), [])
    write('sandboxes/web.yaml', `image-dir: ${root}/images\nused-images-list: ${root}/list\n`)
    assert.match((await clean('--unused')).err, /Can't read image list/)
    assert.equal(await listed('--unused'), [])
    write('list', '\n  listed \n../no\n')
    images('listed')
    assert.equal(await listed('--unused'), ['old'])
    assert.match((await clean('--unused')).err, /Image name "\.\.\/no" from file .* is invalid/)
  }),
)

test(
  'sandboxes that share a directory must agree; another path to it is the same directory',
  withWorld(async ({ root, write, log, images, listed, clean }) => {
    images('new', 'other', 'old')
    symlinkSync(join(root, 'images'), join(root, 'alias'))
    write('sandboxes/db.yaml', `image-dir: ${root}/alias\n`)
    write('processes/db.yaml', `app:\n${process0('other')}`)
    write('configs/db.log', log(0, 'other'))
    assert.equal(await listed('--unused'), ['old'])
    write('sandboxes/db.yaml', `image-dir: ${root}/alias\nauto-clean: false\n`)
    assert.match((await clean('--unused')).err, /Conflicting `auto-clean` setting/)
    assert.equal(await listed('--unused'), [])
    write('sandboxes/db.yaml', `image-dir: ${root}/alias\nimage-dir-levels: 2\n`)
    write('processes/db.yaml', '{}')
    assert.match((await clean('--unused')).err, /Conflicing image dir levels/)
  }),
)

test(
  'a directory of images inside an image is no reason to delete both',
  withWorld(async ({ root, write, images, listed }) => {
    images('new', 'team/app', 'old')
    write('sandboxes/team.yaml', `image-dir: ${root}/images/team\n`)
    write('processes/team.yaml', `app:\n${process0('app')}`)
    assert.equal(await listed('--unused'), ['old'])
  }),
)

test(
  'images of two levels',
  withWorld(async ({ root, write, images, listed }) => {
    images('a/1', 'a/2', 'b/1')
    write('sandboxes/web.yaml', `image-dir: ${root}/images\nimage-dir-levels: 2\n`)
    write('processes/web.yaml', `app:\n${process0('a/2')}`)
    assert.equal(await listed('--unused'), ['1', '1'])
    assert.equal(await listed(), ['new', '2'].sort())
  }),
)

test(
  'any broken configuration ends everything, and nothing is concluded',
  withWorld(async ({ root, write, images, clean }) => {
    images('new', 'old')
    write('processes/web.yaml', 'app: [')
    const { code, out, err } = await clean('--delete-unused')
    assert.is(code, 1)
    assert.is(out, '')
    assert.match(err, /Can't parse config: .*web\.yaml:1:/)
    assert.ok(existsSync(join(root, 'images', 'old')))
  }),
)

test(
  'recent ones are left alone',
  withWorld(async ({ root, images, listed }) => {
    images('new', 'old', 'fresh')
    const yesterday = new Date(Date.now() - 2 * dayMs)
    utimesSync(join(root, 'images', 'old'), yesterday, yesterday)
    // Its birth is of now, whatever its mtime says.
    assert.equal(await listed('--unused', '--keep-recent', '1h'), [])
    assert.equal(await listed('--unused', '--keep-recent', '0s'), ['fresh', 'old'])
  }),
)

test(
  'what a removal has left half done is finished by the next one',
  withWorld(async ({ root, images, listed, clean }) => {
    images('new', 'old')
    renameSync(join(root, 'images', 'old'), join(root, 'images', '.lithos_clean.1234.old'))
    assert.equal(await listed('--unused'), ['.lithos_clean.1234.old'])
    assert.is((await clean('--delete-unused')).out, '')
    assert.equal(readdirSync(join(root, 'images')), ['new'])
  }),
)

skipUnless(isRoot, 'needs root')(
  'an image that is the root of a process is used, whatever the files say',
  withWorld(async ({ root, images, listed }) => {
    images('new', 'old')
    const holder = join(root, 'holder')
    execFileSync('cc', ['-x', 'c', '-o', holder, '-'], { input: holderSource })
    const image = join(root, 'images', 'old')
    const child = spawn(holder, [image], { stdio: ['pipe', 'pipe', 'inherit'] })
    try {
      await new Promise(resolve => child.stdout.once('data', resolve))
      assert.equal(await listed('--unused'), [])
      assert.equal(await listed(), ['new', 'old'])
    } finally {
      child.stdin.end()
      await new Promise(resolve => child.once('exit', resolve))
    }
    assert.equal(await listed('--unused'), ['old'])
  }),
)

test(
  'as JSON',
  withWorld(async ({ root, images, clean }) => {
    images('new', 'old')
    const [used, unused] = [[join(root, 'images', 'new')], [join(root, 'images', 'old')]]
    assert.equal(JSON.parse((await clean('--json')).out), {
      ...{ used, unused, logs: [], excluded: [] },
    })
    assert.equal(JSON.parse((await clean('--json', '--delete-unused')).out), {
      ...{ deleted: unused, failed: [], excluded: [] },
    })
    assert.is((await clean('--used', '--unused')).code, 2)
  }),
)

test('spans of time', () => {
  assert.is(readDuration('1h'), 3_600_000)
  assert.is(readDuration('2days 3h'), 2 * dayMs + 3 * 3_600_000)
  assert.is(readDuration('1 week1d'), 8 * dayMs)
  for (const text of ['', '1', 'h', '1x', '1h!', '-1h', '1.5h']) assert.is(readDuration(text), null)
})

test.run()
