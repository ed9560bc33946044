/**
 * Goal: no path in an image leads out of it, whatever its links say, and volumes lie on it where
 * they will be mounted.
 * Method: a table of paths in one hostile tree.
 */
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { lookInside } from '../../../src/evaluate/inside.ts'
import type { Mounts } from '../../../src/evaluate/inside.ts'

let top = ''
const links: Readonly<Record<string, string>> = {
  absolute: '/dir/file',
  above: '../../../../../../etc/passwd',
  host: '/etc/passwd',
  up: '..',
  deep: 'dir/back/dir/back/dir/file',
  'dir/back': '..',
  'dir/root': '/',
  loop: 'loop',
  ping: 'pong',
  pong: 'ping',
  dangling: 'nowhere',
  magic: '/proc/self/root/etc/passwd',
  'through-file': 'dir/file/x',
  'to-mount': '/vol/inner',
}

test.before(() => {
  top = fs.mkdtempSync(join(fs.realpathSync(tmpdir()), 'lithos-inside-'))
  for (const directory of ['root/dir', 'root/vol/hidden', 'volume/inner'])
    fs.mkdirSync(join(top, directory), { recursive: true })
  for (const file of ['root/dir/file', 'volume/f', 'secret'])
    fs.writeFileSync(join(top, file), file)
  for (const [name, target] of Object.entries(links))
    fs.symlinkSync(target, join(top, 'root', name))
  fs.symlinkSync('../../secret', join(top, 'volume/inner/out'))
  fs.symlinkSync('/dir/file', join(top, 'volume/inner/home'))
})
test.after(() => fs.rmSync(top, { recursive: true, force: true }))

const found = (path: string, mount: string | null = null) => `found $/${path} in ${mount}`
const none = 'does not exist'

const table: readonly (readonly [path: string, outcome: string])[] = [
  ['/', found('root')],
  ['', found('root')],
  ['/dir/file', found('root/dir/file')],
  ['dir//./file', found('root/dir/file')],
  ['/../../dir/../dir/file', found('root/dir/file')],
  ['/absolute', found('root/dir/file')],
  ['/deep', found('root/dir/file')],
  ['/dir/root/dir/file', found('root/dir/file')],
  ['/up/up/up/dir/file', found('root/dir/file')],
  ['/above', `missing /etc: ${none}`],
  ['/host', `missing /etc: ${none}`],
  ['/magic', `missing /proc: ${none}`],
  ['/nowhere/x', `missing /nowhere: ${none}`],
  ['/dangling', `missing /nowhere: ${none}`],
  ['/loop', 'missing /loop: leads through too many links'],
  ['/ping', 'missing /ping: leads through too many links'],
  ['/dir/file/x', 'missing /dir/file: is not a directory'],
  ['/through-file', 'missing /dir/file: is not a directory'],
  [`/${'x'.repeat(300)}`, `missing /${'x'.repeat(300)}: has a name that is too long`],
  ['/vol', found('volume', '/vol')],
  ['/vol/hidden', `missing /vol/hidden: ${none}`],
  ['/vol/f', found('volume/f', '/vol')],
  ['/to-mount', found('volume/inner', '/vol')],
  ['/vol/inner/out', `missing /secret: ${none}`],
  ['/vol/inner/home', found('root/dir/file')],
  ['/vol/../dir/file', found('root/dir/file')],
  ['/dir/back/vol/f', found('volume/f', '/vol')],
  ['/tmp', 'unknown /tmp'],
  ['/tmp/any/thing', 'unknown /tmp'],
]

for (const [path, outcome] of table)
  test(path.slice(0, 40) || 'nothing', () => {
    const mounts: Mounts = new Map([
      ['/vol', join(top, 'volume')],
      ['/tmp', null],
    ])
    const seen = lookInside(join(top, 'root'), path, mounts)
    const said =
      seen.kind === 'found'
        ? `found ${seen.host} in ${seen.mount}`
        : seen.kind === 'missing'
          ? `missing ${seen.at}: ${seen.reason}`
          : `unknown ${seen.mount}`
    assert.is(said.replaceAll(top, '$'), outcome)
  })

test.run()
